//! How somebody proved who they are. Sessions, codes and tokens carry this on, whichever authenticator saw it.

use primitives::clock::Timestamp;

/// What somebody proved themselves with. Passkeys and other OpenID Providers will be further ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authenticator {
    /// A password that this server knows the hash of.
    Password,
}

impl Authenticator {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Password];

    /// The `amr` values (RFC 8176 §2). Also the word at rest.
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }

    /// The `acr` that it amounts to (OpenID Connect Core §2).
    pub const fn acr(self) -> &'static str {
        match self {
            Self::Password => "urn:matricula:acr:password",
        }
    }

    /// From the word at rest.
    pub fn named(amr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.amr() == amr)
    }
}

/// A proof that was seen: when, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// When (`auth_time`).
    pub at: Timestamp,
    /// With what.
    pub by: Authenticator,
}
