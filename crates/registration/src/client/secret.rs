//! Secrets: 256 bits, shown once, kept as SHA-256, compared in constant time.
//!
//! They are random, so a slow hash would buy nothing (a password's would: those are another matter).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::random::{Randomness, secret_text};

/// What every client secret begins with, so that leaked ones can be found. It never changes: clients in the field
/// carry it.
const PREFIX: &str = "mcs_";

/// A client secret in the clear. It cannot be copied, serialized or shown, and is wiped when dropped.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Makes a new one.
    pub fn generate(random: &dyn Randomness) -> Self {
        Self(Zeroizing::new(format!("{PREFIX}{}", *secret_text(random))))
    }

    /// The secret itself, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(..)")
    }
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash that no secret is known for: what strangers are compared with, so that they cost the same work.
    pub const NOBODYS: Self = Self([0; 32]);

    /// Hashes a secret.
    pub fn of(secret: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self(hash)
    }

    /// From what is kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is kept.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As an operator writes it down: 64 hexadecimal digits.
    pub fn to_hexadecimal(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether this is the hash of the secret, in time that does not depend on the answer.
    pub fn is_of(&self, secret: &str) -> bool {
        verify_slices_are_equal(&self.0, Self::of(secret).as_bytes()).is_ok()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_secret_is_recognised_by_its_hash_and_shows_nothing() {
        let secret = ClientSecret::generate(&Sevens);
        assert_eq!(secret.reveal().len(), PREFIX.len() + 43);
        assert!(secret.reveal().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        assert!(secret.hash().is_of(secret.reveal()));
        assert!(!secret.hash().is_of("mcs_"));
        assert!(!SecretHash::NOBODYS.is_of(secret.reveal()));
        // As `printf enroller-secret | sha256sum` says.
        assert_eq!(
            SecretHash::of("enroller-secret").to_hexadecimal(),
            "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c"
        );
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "ClientSecret(..) SecretHash(..)");
    }
}
