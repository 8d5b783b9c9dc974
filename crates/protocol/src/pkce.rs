//! Proof Key for Code Exchange (RFC 7636, OAuth 2.1 §4.1.1), with S256 and nothing weaker.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use crate::jose::encode_base64url;

/// The one method that is served: with `plain`, whoever sees the request can redeem the code.
pub const S256: &str = "S256";

/// The length of a challenge: 32 bytes in base64url (RFC 7636 §4.2).
const CHALLENGE_LENGTH: usize = 43;

/// What a client commits itself to when it asks for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

/// Text that is no challenge of the method S256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'code_challenge' is not a SHA-256 in base64url: 43 characters without padding (RFC 7636 section 4.2)"
)]
pub struct NotAChallenge;

impl CodeChallenge {
    /// Reads a challenge.
    ///
    /// # Errors
    /// [`NotAChallenge`] where it is not 32 bytes in base64url.
    pub fn parse(text: &str) -> Result<Self, NotAChallenge> {
        let is_base64url = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if text.len() == CHALLENGE_LENGTH && is_base64url {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAChallenge)
        }
    }

    /// The text, as it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the verifier that the client committed itself to (RFC 7636 §4.6), in time that does not depend
    /// on the answer. A verifier that is too short to be a secret is none (§4.1).
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(fits);
        let made = encode_base64url(digest(&SHA256, verifier.as_bytes()));
        verify_slices_are_equal(made.as_bytes(), self.0.as_bytes()).is_ok() && is_verifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_meets_its_challenge_and_no_other() {
        // RFC 7636 appendix B.
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        for other in ["", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK", challenge.as_str()] {
            assert!(!challenge.is_met_by(other), "{other}");
        }
        let short = "x".repeat(42);
        let of_short = CodeChallenge::parse(&encode_base64url(digest(&SHA256, short.as_bytes()))).unwrap();
        assert!(!of_short.is_met_by(&short), "42 characters are no verifier");
        for bad in ["", "short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", &"+".repeat(43)] {
            assert_eq!(CodeChallenge::parse(bad), Err(NotAChallenge));
        }
    }
}
