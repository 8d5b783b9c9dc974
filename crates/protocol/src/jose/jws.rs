use serde_json::{Map, Value};

use super::{Jwk, SignatureAlgorithm, decode_base64url};
use crate::json;

/// The longest compact serialization that is read, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// Why text was not taken for a signed JWT.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`MAX_LENGTH`].
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Not three base64url parts, or not JSON inside.
    #[error("not a signed JWT in compact form")]
    Malformed,
    /// RFC 7515 §4.1.11: an extension that must be understood, and is not.
    #[error("the header has 'crit' or 'b64', and no extension is understood")]
    Critical,
    /// `none`, a MAC, or something that nobody has heard of.
    #[error("the algorithm is not one that is accepted")]
    Algorithm,
}

/// A signed JWT in compact form (RFC 7515 §7.1), taken apart and **not yet verified**.
#[derive(Debug)]
pub struct CompactJws<'a> {
    algorithm: SignatureAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    claims: Map<String, Value>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Takes the three parts apart.
    ///
    /// # Errors
    /// See [`JwsError`]. A repeated member in header or claims is malformed.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > MAX_LENGTH {
            return Err(JwsError::TooLong);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        let part = |text: &str| -> Result<Map<String, Value>, JwsError> {
            let bytes = decode_base64url(text).ok_or(JwsError::Malformed)?;
            json::object(&bytes).map_err(|_refused| JwsError::Malformed)
        };
        let header = part(header)?;
        // RFC 7797 §6: `b64` must be understood by whoever reads it, and is not.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwsError::Critical);
        }
        let word = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(JwsError::Malformed),
        };
        let algorithm = word("alg")?.ok_or(JwsError::Malformed)?;
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_unknown| JwsError::Algorithm)?,
            kid: word("kid")?,
            typ: word("typ")?,
            claims: part(payload)?,
            signing_input,
            signature: decode_base64url(signature).ok_or(JwsError::Malformed)?,
        })
    }

    /// The algorithm that the header claims. Only a key decides whether that is so.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The key that the header names.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The media type that the header states, as in `at+jwt` (RFC 8725 §3.11).
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// What is said, by whoever made this. It is true only after [`CompactJws::is_signed_by`].
    pub fn unverified_claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether this key made the signature.
    pub fn is_signed_by(&self, key: &Jwk) -> bool {
        key.verifies(self.algorithm, self.signing_input.as_bytes(), &self.signature)
    }

    /// The question whether this key made the signature, to be answered somewhere else.
    pub fn signature_of(&self, key: &Jwk) -> ClaimedSignature {
        ClaimedSignature {
            key: key.clone(),
            algorithm: self.algorithm,
            signing_input: self.signing_input.to_owned(),
            signature: self.signature.clone(),
        }
    }
}

/// A signature, and who is said to have made it.
#[derive(Debug)]
pub struct ClaimedSignature {
    key: Jwk,
    algorithm: SignatureAlgorithm,
    signing_input: String,
    signature: Vec<u8>,
}

impl ClaimedSignature {
    /// The algorithm that it is said to be made with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Whether it is what is said.
    pub fn holds(&self) -> bool {
        self.key.verifies(self.algorithm, self.signing_input.as_bytes(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{SigningKey, encode_base64url};

    fn compact(header: &str) -> String {
        format!("{}.{}.AAAA", encode_base64url(header), encode_base64url("{}"))
    }

    #[test]
    fn headers_that_weaken_a_signature_are_refused() {
        for (header, wanted) in [
            (r#"{"alg":"none"}"#, "algorithm"),
            (r#"{"alg":"NONE"}"#, "algorithm"),
            (r#"{"alg":"HS256"}"#, "algorithm"),
            (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, "crit"),
            (r#"{"alg":"ES256","b64":false}"#, "b64"),
            (r#"{"alg":"ES256","alg":"none"}"#, "compact form"),
            (r#"{"alg":7}"#, "compact form"),
            (r#"{}"#, "compact form"),
        ] {
            let text = compact(header);
            let error = CompactJws::parse(&text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{header}: {error}");
        }
    }

    #[test]
    fn text_of_another_shape_is_refused() {
        for text in ["", ".", "..", "a.b.c", "e30.e30", "e30.e30.e30.e30.e30", "e30=.e30.AA"] {
            assert!(CompactJws::parse(text).is_err(), "{text}");
        }
        assert!(matches!(CompactJws::parse(&"e".repeat(MAX_LENGTH + 1)), Err(JwsError::TooLong)));
    }

    #[test]
    fn a_signature_holds_for_its_key_its_text_and_its_algorithm_only() {
        for alg in SignatureAlgorithm::ALL {
            let (key, _) = SigningKey::generate(*alg).unwrap();
            let (stranger, _) = SigningKey::generate(*alg).unwrap();
            let token = key.sign_jwt("at+jwt", &serde_json::json!({"sub": "x"})).unwrap();
            let public = Jwk::parse(key.public_jwk()).unwrap();
            let jws = CompactJws::parse(&token).unwrap();
            assert!(jws.is_signed_by(&public), "{alg}");
            assert_eq!(jws.kid(), Some(key.kid()));
            assert_eq!(jws.typ(), Some("at+jwt"));
            assert!(!jws.is_signed_by(&Jwk::parse(stranger.public_jwk()).unwrap()), "{alg}");

            let (head, signature) = token.rsplit_once('.').unwrap();
            let (header, _) = head.split_once('.').unwrap();
            let forged = format!("{header}.{}.{signature}", encode_base64url(r#"{"sub":"y"}"#));
            assert!(!CompactJws::parse(&forged).unwrap().is_signed_by(&public), "{alg}");

            for other in SignatureAlgorithm::ALL.iter().filter(|other| *other != alg) {
                let header = encode_base64url(format!(r#"{{"alg":"{other}"}}"#));
                let relabelled = format!("{header}.{}.{signature}", encode_base64url("{}"));
                assert!(!CompactJws::parse(&relabelled).unwrap().is_signed_by(&public));
            }
        }
    }
}
