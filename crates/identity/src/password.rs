//! Passwords: argon2id (RFC 9106), which is slow and takes memory on purpose. `docs/decisions/0007-passwords.md` has the
//! reasons for its parameters.
//!
//! Hashing and verifying are slow work: whoever does either does it off the threads that serve.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use primitives::random::Randomness;
use zeroize::Zeroizing;

use crate::hashing_memory::with_blocks;

/// The memory that a hash takes, in KiB.
pub const MEMORY_KIB: u32 = 19_456;
/// How often a hash passes over its memory.
pub const PASSES: u32 = 2;
/// The lanes of a hash.
pub const LANES: u32 = 1;

/// The bytes of a hash.
const LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// The most memory that a hash made elsewhere may take, in KiB: 256 MiB.
const MAX_MEMORY_KIB: u32 = 256 * 1_024;
/// The most passes of a hash made elsewhere.
const MAX_PASSES: u32 = 10;
/// The most lanes of a hash made elsewhere.
const MAX_LANES: u32 = 16;

/// The fewest bytes of a new password.
pub const MIN_LENGTH: usize = 8;
/// The most bytes of a password. A longer one is wrong, whatever it is.
pub const MAX_LENGTH: usize = 1_024;

/// The hash that no password is known for: what strangers are verified against, so that they cost the same.
pub(crate) const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that somebody is to have, in the clear. It cannot be copied, serialized or shown, and is wiped when
/// dropped.
pub struct NewPassword(Zeroizing<String>);

/// Text that is too short or too long for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has at least {MIN_LENGTH} and at most {MAX_LENGTH} bytes")]
pub struct NotAPassword;

impl NewPassword {
    /// Reads a password. Its length is all that is asked of it: rules about characters make passwords that are
    /// forgotten, not passwords that are hard to guess.
    ///
    /// # Errors
    /// It has fewer than [`MIN_LENGTH`] or more than [`MAX_LENGTH`] bytes.
    pub fn parse(text: Zeroizing<String>) -> Result<Self, NotAPassword> {
        if (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) { Ok(Self(text)) } else { Err(NotAPassword) }
    }

    pub(crate) fn into_text(self) -> Zeroizing<String> {
        self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NewPassword(..)")
    }
}

/// What makes the hashes of two people with one password differ.
pub(crate) struct Salt([u8; 16]);

impl Salt {
    pub(crate) fn draw(random: &dyn Randomness) -> Self {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        Self(salt)
    }
}

/// There was no memory for it, or the library refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashingFailed(pub(crate) String);

/// The hash of a password, one that can be verified in sensible time and memory.
#[derive(Clone, PartialEq)]
pub struct PasswordHash(Box<phc::PasswordHash>);

/// Text that is no hash of a password, or none that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPasswordHash {
    /// It is not the PHC string of argon2id, version 19, with salt and hash.
    #[error("not a PHC string of argon2id, as in $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>")]
    NotArgon2id,
    /// Verifying it would take more than whoever signs in may ask for.
    #[error("its parameters ask for too much: at most m=262144, t=10 and p=16")]
    TooCostly,
}

impl PasswordHash {
    /// Hashes a password with the parameters of this server. Slow.
    pub(crate) fn of(password: &str, salt: &Salt) -> Result<Self, HashingFailed> {
        let parameters = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
        let hash = phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&parameters).map_err(failed)?,
            salt: Some(phc::Salt::new(&salt.0).map_err(failed)?),
            hash: Some(phc::Output::new(&output(password, &salt.0, parameters, LENGTH)?).map_err(failed)?),
        };
        Ok(Self(Box::new(hash)))
    }

    /// Reads a hash that was made here or elsewhere.
    ///
    /// # Errors
    /// See [`NotAPasswordHash`].
    pub fn parse(text: &str) -> Result<Self, NotAPasswordHash> {
        let not_ours = NotAPasswordHash::NotArgon2id;
        let hash = phc::PasswordHash::new(text).map_err(|_no_phc| not_ours)?;
        let is_ours = hash.algorithm == ARGON2ID_IDENT
            && hash.version == Some(Version::V0x13.into())
            && hash.salt.is_some_and(|salt| salt.len() >= argon2::MIN_SALT_LEN)
            && hash.hash.is_some();
        if !is_ours {
            return Err(not_ours);
        }
        let parameters = Params::try_from(&hash).map_err(|_no_parameters| not_ours)?;
        // A key and associated data would go into the hash, and the library leaves them out.
        if !parameters.keyid().is_empty() || !parameters.data().is_empty() {
            return Err(not_ours);
        }
        let is_bearable = parameters.m_cost() <= MAX_MEMORY_KIB
            && parameters.t_cost() <= MAX_PASSES
            && parameters.p_cost() <= MAX_LANES;
        if is_bearable { Ok(Self(Box::new(hash))) } else { Err(NotAPasswordHash::TooCostly) }
    }

    /// Whether this is the hash of a password. Slow.
    pub(crate) fn is_of(&self, password: &str) -> Result<bool, HashingFailed> {
        // `parse` has seen to it that both are there.
        let (Some(salt), Some(hash)) = (&self.0.salt, &self.0.hash) else { return Ok(false) };
        // The parameters are those of the hash, whatever this server makes its own with.
        let parameters = Params::try_from(&*self.0).map_err(failed)?;
        let output = output(password, salt, parameters, hash.len())?;
        Ok(verify_slices_are_equal(&output, hash.as_bytes()).is_ok())
    }

    /// Whether it was made with other parameters than those of this server.
    pub fn needs_rehash(&self) -> bool {
        Params::try_from(&*self.0).map(|known| (known.m_cost(), known.t_cost(), known.p_cost()))
            != Ok((MEMORY_KIB, PASSES, LANES))
    }

    /// The PHC string, which is what is kept.
    pub fn to_phc(&self) -> String {
        self.0.to_string()
    }
}

/// What argon2id makes of a password. Slow.
fn output(password: &str, salt: &[u8], parameters: Params, length: usize) -> Result<Vec<u8>, HashingFailed> {
    let mut output = vec![0; length];
    with_blocks(parameters.block_count(), |blocks| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, blocks)
            .map_err(failed)
    })?;
    Ok(output)
}

fn failed(error: impl fmt::Display) -> HashingFailed {
    HashingFailed(error.to_string())
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "password", from the tests of the reference implementation (P-H-C/phc-winner-argon2, src/test.c).
    const ELSEWHERE: &str =
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";

    fn parse(text: &str) -> Result<PasswordHash, NotAPasswordHash> {
        PasswordHash::parse(text)
    }

    #[test]
    fn a_hash_recognises_its_password_and_shows_nothing() {
        let hash = PasswordHash::of("correct horse", &Salt([7; 16])).unwrap();
        assert!(hash.is_of("correct horse").unwrap() && !hash.is_of("correct horsf").unwrap());
        assert!(!hash.needs_rehash());
        let kept = hash.to_phc();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{kept}");
        assert_eq!(parse(&kept), Ok(hash.clone()));
        assert_ne!(PasswordHash::of("correct horse", &Salt([8; 16])).unwrap(), hash);
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    }

    #[test]
    fn a_hash_that_was_made_elsewhere_is_verified_with_its_own_parameters() {
        let hash = parse(ELSEWHERE).unwrap();
        assert!(hash.is_of("password").unwrap() && !hash.is_of("passwore").unwrap());
        assert!(hash.needs_rehash());
    }

    #[test]
    fn strangers_are_verified_with_the_parameters_that_everybody_has() {
        let nobodys = parse(NOBODYS).unwrap();
        assert!(!nobodys.needs_rehash());
        assert!(!nobodys.is_of("").unwrap());
        let ours = PasswordHash::of("correct horse", &Salt([7; 16])).unwrap().to_phc();
        assert_eq!(NOBODYS.len(), ours.len());
    }

    #[test]
    fn what_would_cost_too_much_or_is_something_else_is_refused() {
        let with = |parameters: &str| NOBODYS.replace("m=19456,t=2,p=1", parameters);
        assert!(parse(&with("m=262144,t=10,p=16")).is_ok());
        for costly in ["m=262145,t=2,p=1", "m=4294967295,t=2,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=17"] {
            assert_eq!(parse(&with(costly)), Err(NotAPasswordHash::TooCostly), "{costly}");
        }
        for other in [
            "",
            "correct horse",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            &with("m=19456,t=2,p=1,keyid=AAAA"),
            &with("m=19456,t=2,p=1,data=AAAA"),
            &with("m=1,t=2,p=1"),
            &with("m=19456,t=0,p=1"),
            &NOBODYS.replace("argon2id", "argon2i"),
            &NOBODYS.replace("v=19", "v=16"),
            &NOBODYS.replace("v=19$", ""),
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(parse(other), Err(NotAPasswordHash::NotArgon2id), "{other}");
        }
    }

    #[test]
    fn a_new_password_has_eight_bytes_and_no_more_than_a_thousand() {
        let new = |length: usize| NewPassword::parse(Zeroizing::new("x".repeat(length)));
        assert!(new(8).is_ok() && new(1_024).is_ok());
        for length in [0, 7, 1_025] {
            assert_eq!(new(length).unwrap_err(), NotAPassword);
        }
        assert_eq!(format!("{:?}", new(8).unwrap()), "NewPassword(..)");
    }
}
