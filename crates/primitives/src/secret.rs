//! Secrets that the server makes: 256 bits, shown once, kept as SHA-256, compared in constant time.
//!
//! They are random, so a slow hash would buy nothing (a password's would: those are another matter).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::ordered_id::{OrderedId, TEXT_LENGTH};
use crate::random::{Randomness, secret_text};

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

/// A secret in the clear that carries its own name, which the store finds it by: a prefix that tells its kind (so that
/// leaked ones can be found), the name, and 256 bits that prove it.
///
/// It cannot be copied, serialized or shown, and is wiped when dropped; what is kept is its hash.
pub struct NamedSecret {
    id: OrderedId,
    text: Zeroizing<String>,
}

impl NamedSecret {
    /// Makes a new one of a kind, under a name that nobody else has.
    pub fn generate(prefix: &str, id: OrderedId, random: &dyn Randomness) -> Self {
        Self { id, text: Zeroizing::new(format!("{prefix}{id}{}", *secret_text(random))) }
    }

    /// Reads what somebody presented; `None` where it has not the form of a secret of that kind.
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(prefix)?.split_at_checked(TEXT_LENGTH)?;
        let id = id.parse().ok()?;
        (secret.len() == 43).then(|| Self { id, text: Zeroizing::new(text.to_owned()) })
    }

    /// Its name.
    pub const fn id(&self) -> OrderedId {
        self.id
    }

    /// The secret itself, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.text)
    }
}

impl fmt::Debug for NamedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NamedSecret({}, ..)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ordered_id::IdSource;

    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
        }
    }

    #[test]
    fn a_hash_recognises_its_secret_and_shows_nothing() {
        assert!(SecretHash::of("hush").is_of("hush"));
        assert!(!SecretHash::of("hush").is_of("hush!"));
        assert!(!SecretHash::NOBODYS.is_of("hush"));
        // As `printf enroller-secret | sha256sum` says.
        assert_eq!(
            SecretHash::of("enroller-secret").to_hexadecimal(),
            "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c"
        );
        assert_eq!(format!("{:?}", SecretHash::of("hush")), "SecretHash(..)");
    }

    #[test]
    fn a_named_secret_is_recognised_by_its_form_and_proven_by_its_hash() {
        let id = IdSource::default().next(Timestamp::from_seconds(1_000), &Counting);
        let secret = NamedSecret::generate("mxx_", id, &Counting);
        let read = NamedSecret::parse("mxx_", secret.reveal()).unwrap();
        assert!(read.id() == id && secret.hash().is_of(read.reveal()));

        let mut forged = secret.reveal().to_owned();
        forged.replace_range(forged.len() - 1.., "E");
        assert!(!secret.hash().is_of(NamedSecret::parse("mxx_", &forged).unwrap().reveal()));

        assert!(!format!("{secret:?}").contains(&secret.reveal()[30..]));
        let one_short = &secret.reveal()[..secret.reveal().len() - 1];
        for other in ["", "mxx_", "mxx_x", one_short, "eyJhbGciOiJFUzI1NiJ9.e30.AA", "myy_"] {
            assert!(NamedSecret::parse("mxx_", other).is_none(), "{other}");
        }
    }
}
