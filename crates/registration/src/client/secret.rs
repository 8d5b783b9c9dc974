//! The secret of a client.

use std::fmt;

use primitives::random::{Randomness, secret_text};
use primitives::secret::SecretHash;
use zeroize::Zeroizing;

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
        assert_eq!(format!("{secret:?}"), "ClientSecret(..)");
    }
}
