use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{SignatureAlgorithm, encode_base64url, jwk};

/// The private key could not be made, read or used. The reason stays in the cryptographic library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key was rejected")]
pub struct KeyRejected;

/// A private key in PKCS#8, wiped when dropped. It leaves the process sealed or not at all.
pub struct Pkcs8(Zeroizing<Vec<u8>>);

impl Pkcs8 {
    /// Takes over a decrypted key.
    pub fn new(der: Zeroizing<Vec<u8>>) -> Self {
        Self(der)
    }

    /// The bytes, to be sealed.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Pkcs8 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pkcs8(..)")
    }
}

enum Private {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A key that tokens are signed with, kept parsed.
pub struct SigningKey {
    algorithm: SignatureAlgorithm,
    kid: String,
    public_jwk: Value,
    private: Private,
}

impl SigningKey {
    /// Makes a new key. RSA (2,048 bits) takes 50 to 200 ms: not on a thread that serves requests.
    ///
    /// # Errors
    /// [`KeyRejected`] where the cryptographic library fails.
    pub fn generate(algorithm: SignatureAlgorithm) -> Result<(Self, Pkcs8), KeyRejected> {
        let random = SystemRandom::new();
        let rejected = |_unspecified| KeyRejected;
        let der = match algorithm {
            SignatureAlgorithm::Es256 => {
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map_err(rejected)?;
                document.as_ref().to_vec()
            }
            SignatureAlgorithm::EdDsa => {
                let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(rejected)?;
                document.as_ref().to_vec()
            }
            SignatureAlgorithm::Ps256 | SignatureAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(rejected)?;
                let document: Pkcs8V1Der<'_> = pair.as_der().map_err(rejected)?;
                document.as_ref().to_vec()
            }
        };
        let pkcs8 = Pkcs8::new(Zeroizing::new(der));
        Ok((Self::from_pkcs8(algorithm, &pkcs8)?, pkcs8))
    }

    /// Reads a key that was made before.
    ///
    /// # Errors
    /// [`KeyRejected`] where the bytes are no key for this algorithm.
    pub fn from_pkcs8(algorithm: SignatureAlgorithm, pkcs8: &Pkcs8) -> Result<Self, KeyRejected> {
        let rejected = |_rejected| KeyRejected;
        let der = pkcs8.as_der();
        let (private, mut public_jwk, kid) = match algorithm {
            SignatureAlgorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(rejected)?;
                // SEC 1 §2.3.3: 04, then x and y of 32 bytes each.
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).ok_or(KeyRejected)?;
                let (x, y) = (encode_base64url(x), encode_base64url(y));
                let kid = jwk::thumbprint(&[("crv", "P-256"), ("kty", "EC"), ("x", &x), ("y", &y)]);
                (Private::Es256(pair), json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}), kid)
            }
            SignatureAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(rejected)?;
                let x = encode_base64url(pair.public_key());
                let kid = jwk::thumbprint(&[("crv", "Ed25519"), ("kty", "OKP"), ("x", &x)]);
                (Private::EdDsa(pair), json!({"kty": "OKP", "crv": "Ed25519", "x": x}), kid)
            }
            SignatureAlgorithm::Ps256 | SignatureAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(der).map_err(rejected)?;
                let n = encode_base64url(pair.public_key().modulus().big_endian_without_leading_zero());
                let e = encode_base64url(pair.public_key().exponent().big_endian_without_leading_zero());
                let kid = jwk::thumbprint(&[("e", &e), ("kty", "RSA"), ("n", &n)]);
                (Private::Rsa(pair), json!({"kty": "RSA", "n": n, "e": e}), kid)
            }
        };
        if let Value::Object(members) = &mut public_jwk {
            members.insert("kid".into(), json!(kid));
            members.insert("alg".into(), json!(algorithm));
            members.insert("use".into(), json!("sig"));
        }
        Ok(Self { algorithm, kid, public_jwk, private })
    }

    /// The key's name: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The public half, with `kid`, `alg` and `use` (RFC 7517 §4).
    pub fn public_jwk(&self) -> &Value {
        &self.public_jwk
    }

    /// Signs claims as a JWT in compact form, with `alg`, `kid` and `typ` in the header.
    ///
    /// # Errors
    /// [`KeyRejected`] where the cryptographic library fails, or the claims are no JSON.
    pub fn sign_jwt(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyRejected> {
        let header = format!(r#"{{"alg":"{}","kid":"{}","typ":"{typ}"}}"#, self.algorithm, self.kid);
        let claims = serde_json::to_vec(claims).map_err(|_not_json| KeyRejected)?;
        let mut token = encode_base64url(header);
        token.push('.');
        token.push_str(&encode_base64url(claims));
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&encode_base64url(signature));
        Ok(token)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyRejected> {
        let random = SystemRandom::new();
        let rejected = |_unspecified| KeyRejected;
        match &self.private {
            Private::Es256(pair) => Ok(pair.sign(&random, message).map_err(rejected)?.as_ref().to_vec()),
            Private::EdDsa(pair) => Ok(pair.try_sign(message).map_err(rejected)?.as_ref().to_vec()),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                match self.algorithm {
                    SignatureAlgorithm::Ps256 => pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature),
                    _ => pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature),
                }
                .map_err(rejected)?;
                Ok(signature)
            }
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("alg", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::Jwk as ForeignJwk};

    use super::*;

    /// A second implementation, with its own cryptography, believes what we sign.
    #[test]
    fn another_jose_library_verifies_our_tokens() {
        for alg in SignatureAlgorithm::ALL {
            let (key, pkcs8) = SigningKey::generate(*alg).unwrap();
            let again = SigningKey::from_pkcs8(*alg, &pkcs8).unwrap();
            assert_eq!(again.kid(), key.kid());
            let token = again
                .sign_jwt(
                    "at+jwt",
                    &json!({"iss": "https://as.example", "aud": "a", "exp": 4_000_000_000_u64}),
                )
                .unwrap();

            let foreign: ForeignJwk = serde_json::from_value(key.public_jwk().clone()).unwrap();
            let mut validation = Validation::new(alg.as_str().parse::<Algorithm>().unwrap());
            validation.set_audience(&["a"]);
            validation.set_issuer(&["https://as.example"]);
            let seen =
                decode::<Value>(&token, &DecodingKey::from_jwk(&foreign).unwrap(), &validation).unwrap();
            assert_eq!(seen.header.kid.as_deref(), Some(key.kid()));
            assert_eq!(seen.header.typ.as_deref(), Some("at+jwt"));
        }
    }

    #[test]
    fn a_key_says_nothing_about_itself() {
        let (key, pkcs8) = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        assert_eq!(format!("{pkcs8:?}"), "Pkcs8(..)");
        assert!(!format!("{key:?}").contains("private"));
        assert!(key.public_jwk().get("d").is_none());
    }
}
