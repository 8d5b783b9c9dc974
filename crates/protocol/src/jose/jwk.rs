use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256};
use curve25519_dalek::edwards::CompressedEdwardsY;
use serde_json::{Map, Value};

use super::{SignatureAlgorithm, decode_base64url, encode_base64url};

/// The most keys that a set may have. A verifier that has no `kid` tries them all.
pub const MAX_KEYS: usize = 16;

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

/// Members that carry private or symmetric key material (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2;
/// `priv`: the AKP key type).
const SECRET_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// Why a JSON value was not taken for a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// No object.
    #[error("is no JSON object")]
    NotAnObject,
    /// A member is missing.
    #[error("has no '{0}'")]
    Missing(&'static str),
    /// A member is of another type, or in another form, than RFC 7517 and RFC 7518 say.
    #[error("has a '{0}' that is not {1}")]
    Malformed(&'static str, &'static str),
    /// Secret key material was sent to us. Whoever did so has to make a new key.
    #[error("has the private member '{0}': send public keys only, and replace this key, for it is known now")]
    Secret(String),
    /// What is not there is left out.
    #[error("has a '{0}' that is null: leave the member out")]
    Null(String),
    /// A key for a MAC.
    #[error("is a symmetric key: send public keys only")]
    Symmetric,
    /// Too short to be safe, or too long to be handled.
    #[error("is an RSA key of {0} bits: use 2048 to 8192, 3072 if you can choose")]
    RsaSize(usize),
    /// The numbers make no key of that type: an even exponent, a point off the curve.
    #[error("is no valid {0} key")]
    Invalid(&'static str),
}

/// Why a JSON value was not taken for a set of public keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// RFC 7517 §5: an object with an array `keys`.
    #[error("must be an object with an array 'keys' (RFC 7517 section 5)")]
    NotASet,
    /// A set without keys proves nothing.
    #[error("has no keys")]
    Empty,
    /// More than [`MAX_KEYS`].
    #[error("has more than {MAX_KEYS} keys")]
    TooMany,
    /// RFC 7517 §4.5: different keys should have different `kid`s; we insist, or rotation is a lottery.
    #[error("has the kid '{0}' twice")]
    DuplicateKid(String),
    /// OpenID Connect Core §10.1: where there are several keys, a token says by `kid` which of them it is signed with.
    #[error("has several keys for signatures, and keys[{0}] of them has no kid: give each its own")]
    WithoutKid(usize),
    /// One of the keys, counted from 0.
    #[error("keys[{0}] {1}")]
    Key(usize, JwkError),
}

/// The numbers that a key consists of. They are looked at closely when somebody brings them, and made ready for use when
/// one of them is used: a client that has many keys costs no more than one that has one.
#[derive(Clone)]
enum PublicKey {
    /// An uncompressed point.
    P256(Vec<u8>),
    /// A compressed point.
    Ed25519(Vec<u8>),
    /// Without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A key type or curve that no algorithm of ours uses. RFC 7517 §5: such keys are ignored, not refused.
    Unusable,
}

/// A public key (RFC 7517 §4).
#[derive(Clone)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    for_signatures: bool,
    key: PublicKey,
}

impl Jwk {
    /// Reads a public key that somebody brings, and checks that its numbers make a good key.
    ///
    /// # Errors
    /// See [`JwkError`]. A key type or curve that we do not know is no error: such a key verifies nothing.
    pub fn parse(value: &Value) -> Result<Self, JwkError> {
        let key = Self::restore(value)?;
        match &key.key {
            PublicKey::P256(point) => {
                prepare(SignatureAlgorithm::Es256, point).map(drop).ok_or(JwkError::Invalid("P-256"))
            }
            PublicKey::Ed25519(point) if is_good_ed25519(point) => Ok(()),
            PublicKey::Ed25519(_) => Err(JwkError::Invalid("Ed25519")),
            PublicKey::Rsa { modulus, exponent } => check_rsa(modulus, exponent),
            PublicKey::Unusable => Ok(()),
        }?;
        Ok(key)
    }

    /// Reads a public key that was checked when it came in.
    ///
    /// # Errors
    /// See [`JwkError`]; [`JwkError::Invalid`] is not among them.
    pub fn restore(value: &Value) -> Result<Self, JwkError> {
        let Value::Object(members) = value else { return Err(JwkError::NotAnObject) };
        let kty = text(members, "kty")?.ok_or(JwkError::Missing("kty"))?;
        if kty == "oct" {
            return Err(JwkError::Symmetric);
        }
        if let Some(secret) = SECRET_MEMBERS.iter().find(|name| members.contains_key(**name)) {
            return Err(JwkError::Secret((*secret).to_owned()));
        }
        if let Some((name, _)) = members.iter().find(|(_, value)| value.is_null()) {
            return Err(JwkError::Null(name.clone()));
        }
        let key = match (kty, text(members, "crv")?) {
            ("EC", Some("P-256")) => {
                let mut point = vec![0x04];
                point.extend(coordinate(members, "x")?);
                point.extend(coordinate(members, "y")?);
                PublicKey::P256(point)
            }
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(coordinate(members, "x")?),
            ("EC" | "OKP", None) => return Err(JwkError::Missing("crv")),
            ("RSA", _) => PublicKey::Rsa {
                modulus: without_leading_zeros(&bytes(members, "n")?),
                exponent: without_leading_zeros(&bytes(members, "e")?),
            },
            _ => PublicKey::Unusable,
        };
        Ok(Self {
            kid: text(members, "kid")?.map(str::to_owned),
            alg: text(members, "alg")?.map(str::to_owned),
            for_signatures: text(members, "use")?.is_none_or(|usage| usage == "sig")
                && operations(members)?.is_none_or(|operations| operations.contains(&"verify")),
            key,
        })
    }

    /// The key's name, where it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether this key is one that the algorithm is for (RFC 8725 §3.1: the key decides, not the token).
    pub fn can_verify(&self, algorithm: SignatureAlgorithm) -> bool {
        self.for_signatures
            && self.alg.as_deref().is_none_or(|alg| alg == algorithm.as_str())
            && matches!(
                (algorithm, &self.key),
                (SignatureAlgorithm::Es256, PublicKey::P256(_))
                    | (SignatureAlgorithm::EdDsa, PublicKey::Ed25519(_))
                    | (SignatureAlgorithm::Ps256 | SignatureAlgorithm::Rs256, PublicKey::Rsa { .. })
            )
    }

    /// Whether any algorithm of ours could use it.
    fn is_for_signatures(&self) -> bool {
        SignatureAlgorithm::ALL.iter().any(|algorithm| self.can_verify(*algorithm))
    }

    /// Whether the signature over the message is this key's.
    pub fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.can_verify(algorithm)
            && self.prepared(algorithm).is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn prepared(&self, algorithm: SignatureAlgorithm) -> Option<ParsedPublicKey> {
        match &self.key {
            PublicKey::P256(point) | PublicKey::Ed25519(point) => prepare(algorithm, point),
            PublicKey::Rsa { modulus, exponent } => {
                let parameters = match algorithm {
                    SignatureAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                PublicKeyComponents { n: modulus, e: exponent }.to_parsed_public_key(parameters).ok()
            }
            PublicKey::Unusable => None,
        }
    }
}

impl std::fmt::Debug for Jwk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Jwk").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Malformed(name, "a string")),
    }
}

/// RFC 7517 §4.3.
fn operations(members: &Map<String, Value>) -> Result<Option<Vec<&str>>, JwkError> {
    let malformed = || JwkError::Malformed("key_ops", "an array of strings");
    let Some(operations) = members.get("key_ops") else { return Ok(None) };
    let operations = operations.as_array().ok_or_else(malformed)?;
    operations
        .iter()
        .map(|operation| operation.as_str().ok_or_else(malformed))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = text(members, name)?.ok_or(JwkError::Missing(name))?;
    decode_base64url(text).ok_or(JwkError::Malformed(name, "base64url without padding"))
}

/// RFC 7518 §6.2.1.2: the full size of a coordinate, leading zeros included.
fn coordinate(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let bytes = bytes(members, name)?;
    if bytes.len() == 32 { Ok(bytes) } else { Err(JwkError::Malformed(name, "32 bytes long")) }
}

fn prepare(algorithm: SignatureAlgorithm, point: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(algorithm.verification(), point).ok()
}

/// RFC 8032 §5.1.3, and no point of small order: for those there are signatures that hold for any text, and that need
/// no private key. The library that verifies looks at neither.
fn is_good_ed25519(key: &[u8]) -> bool {
    let Ok(compressed) = CompressedEdwardsY::from_slice(key) else { return false };
    compressed.decompress().is_some_and(|point| point.compress() == compressed && !point.is_small_order())
}

fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), JwkError> {
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(JwkError::RsaSize(bits));
    }
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !odd(modulus) || !odd(exponent) || exponent == [1] || exponent.len() > 4 {
        return Err(JwkError::Invalid("RSA"));
    }
    let parsed =
        PublicKeyComponents { n: modulus, e: exponent }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
    parsed.map(drop).map_err(|_rejected| JwkError::Invalid("RSA"))
}

fn without_leading_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// A set of public keys (RFC 7517 §5): what a client registers as `jwks`.
#[derive(Debug)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set that somebody brings, in which every key is a good one.
    ///
    /// # Errors
    /// See [`JwkSetError`].
    pub fn parse(value: &Value) -> Result<Self, JwkSetError> {
        Self::read(value, Jwk::parse)
    }

    /// Reads a set that was checked when it came in.
    ///
    /// # Errors
    /// See [`JwkSetError`].
    pub fn restore(value: &Value) -> Result<Self, JwkSetError> {
        Self::read(value, Jwk::restore)
    }

    fn read(value: &Value, read: impl Fn(&Value) -> Result<Jwk, JwkError>) -> Result<Self, JwkSetError> {
        let Some(Value::Array(items)) = value.get("keys") else { return Err(JwkSetError::NotASet) };
        if items.is_empty() {
            return Err(JwkSetError::Empty);
        }
        if items.len() > MAX_KEYS {
            return Err(JwkSetError::TooMany);
        }
        let mut keys = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            keys.push(read(item).map_err(|error| JwkSetError::Key(index, error))?);
        }
        let mut kids = HashSet::new();
        for kid in keys.iter().filter_map(Jwk::kid) {
            if !kids.insert(kid) {
                return Err(JwkSetError::DuplicateKid(kid.to_owned()));
            }
        }
        let mut for_signatures = keys.iter().enumerate().filter(|(_, key)| key.is_for_signatures());
        let nameless = for_signatures.clone().find(|(_, key)| key.kid().is_none());
        if let (Some((index, _)), true) = (nameless, for_signatures.nth(1).is_some()) {
            return Err(JwkSetError::WithoutKid(index));
        }
        Ok(Self { keys })
    }

    /// The keys that may have made a signature with this algorithm and, where the token names one, this `kid`.
    pub fn candidates(&self, algorithm: SignatureAlgorithm, kid: Option<&str>) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().filter(move |key| {
            key.can_verify(algorithm) && kid.is_none_or(|kid| key.kid().is_none_or(|k| k == kid))
        })
    }
}

/// RFC 7638: SHA-256 over the required members of a public key, in lexicographic order, without white space.
///
/// `members` are those members in that order.
pub(super) fn thumbprint(members: &[(&str, &str)]) -> String {
    let mut canonical = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            canonical.push(',');
        }
        canonical.push_str(&format!("\"{name}\":\"{value}\""));
    }
    canonical.push('}');
    encode_base64url(digest(&SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_is_the_one_of_the_rfc() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgn\
                 Yb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqb\
                 w0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(
            thumbprint(&[("e", "AQAB"), ("kty", "RSA"), ("n", n)]),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    fn p256() -> Value {
        // RFC 7515 §A.3.1, its public half.
        json!({"kty": "EC", "crv": "P-256",
               "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
               "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    fn with(mut key: Value, name: &str, value: &str) -> Value {
        key[name] = json!(value);
        key
    }

    #[test]
    fn private_and_symmetric_keys_are_refused() {
        for name in SECRET_MEMBERS {
            assert_eq!(
                Jwk::parse(&with(p256(), name, "AAAA")).unwrap_err(),
                JwkError::Secret(name.to_owned())
            );
        }
        assert_eq!(Jwk::parse(&json!({"kty": "oct", "k": "AAAA"})).unwrap_err(), JwkError::Symmetric);
    }

    #[test]
    fn a_point_off_the_curve_is_no_key() {
        let bent = with(p256(), "y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4");
        assert_eq!(Jwk::parse(&bent).unwrap_err(), JwkError::Invalid("P-256"));
        let short = with(p256(), "x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA");
        assert_eq!(Jwk::parse(&short).unwrap_err(), JwkError::Malformed("x", "32 bytes long"));
    }

    /// With the identity as public key, R = identity and S = 0 is a signature of everything.
    #[test]
    fn an_ed25519_key_that_anybody_could_sign_with_is_no_key() {
        let parse =
            |x: [u8; 32]| Jwk::parse(&json!({"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(x)}));
        let number = |low: u8| {
            let mut x = [0; 32];
            x[0] = low;
            x
        };
        let mut bent = number(0);
        bent[31] = 0x80;
        let mut not_canonical = [0xff; 32];
        not_canonical[31] = 0x7f;
        // The identity; points of order 4 and 2; y = 2, which is off the curve; y = 2^255 - 1 = 18, written otherwise.
        for bad in [number(1), number(0), bent, number(2), not_canonical, [0xff; 32]] {
            assert_eq!(parse(bad).unwrap_err(), JwkError::Invalid("Ed25519"), "{bad:?}");
        }
        // RFC 8037 §A.2.
        let good =
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert!(Jwk::parse(&good).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_key_is_named() {
        for (name, value, said) in [
            ("kid", json!(7), "has a 'kid' that is not a string"),
            ("x", json!("a+b"), "has a 'x' that is not base64url without padding"),
            ("y", Value::Null, "has a 'y' that is null: leave the member out"),
            ("x5t", Value::Null, "has a 'x5t' that is null: leave the member out"),
            ("key_ops", json!("verify"), "has a 'key_ops' that is not an array of strings"),
            ("key_ops", json!([1]), "has a 'key_ops' that is not an array of strings"),
        ] {
            let mut key = p256();
            key[name] = value;
            assert_eq!(Jwk::parse(&key).unwrap_err().to_string(), said);
        }
        let mut without = p256();
        without.as_object_mut().unwrap().remove("y");
        assert_eq!(Jwk::parse(&without).unwrap_err().to_string(), "has no 'y'");
    }

    #[test]
    fn weak_rsa_keys_are_refused() {
        let rsa = |bits: usize, e: &str| {
            let mut n = vec![0xff; bits / 8];
            n[0] = 0x80;
            Jwk::parse(&json!({"kty": "RSA", "n": encode_base64url(n), "e": e}))
        };
        assert_eq!(rsa(1024, "AQAB").unwrap_err(), JwkError::RsaSize(1024));
        assert_eq!(rsa(16_384, "AQAB").unwrap_err(), JwkError::RsaSize(16_384));
        assert_eq!(rsa(2048, "AQ").unwrap_err(), JwkError::Invalid("RSA"));
        assert_eq!(rsa(2048, "AQAA").unwrap_err(), JwkError::Invalid("RSA"));
        assert!(rsa(2048, "AQAB").is_ok());
    }

    #[test]
    fn a_key_is_bound_to_the_algorithm_it_is_for() {
        let key = Jwk::parse(&p256()).unwrap();
        assert!(key.can_verify(SignatureAlgorithm::Es256));
        for other in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Ps256, SignatureAlgorithm::Rs256] {
            assert!(!key.can_verify(other));
        }
        assert!(!Jwk::parse(&with(p256(), "use", "enc")).unwrap().can_verify(SignatureAlgorithm::Es256));
        for operations in [json!([]), json!(["encrypt"])] {
            let mut key = p256();
            key["key_ops"] = operations;
            assert!(!Jwk::parse(&key).unwrap().can_verify(SignatureAlgorithm::Es256));
        }
        assert!(!Jwk::parse(&with(p256(), "alg", "ES384")).unwrap().can_verify(SignatureAlgorithm::Es256));
        let unknown = Jwk::parse(&json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"})).unwrap();
        assert!(SignatureAlgorithm::ALL.iter().all(|alg| !unknown.can_verify(*alg)));
    }

    #[test]
    fn a_set_is_an_object_with_one_to_sixteen_keys_of_distinct_names() {
        let set = |keys: Vec<Value>| JwkSet::parse(&json!({ "keys": keys })).map(|_| ());
        assert_eq!(JwkSet::parse(&json!([])).map(|_| ()), Err(JwkSetError::NotASet));
        assert_eq!(set(vec![]), Err(JwkSetError::Empty));
        assert_eq!(set(vec![p256(); 17]), Err(JwkSetError::TooMany));
        assert_eq!(set(vec![p256(), json!("x")]), Err(JwkSetError::Key(1, JwkError::NotAnObject)));
        let named = |kid| with(p256(), "kid", kid);
        assert_eq!(set(vec![named("a"), named("a")]), Err(JwkSetError::DuplicateKid("a".into())));
        assert_eq!(set(vec![named("a"), named("b"), p256()]), Err(JwkSetError::WithoutKid(2)));
        assert_eq!(set(vec![named("a"), named("b"), with(p256(), "use", "enc")]), Ok(()));
        assert_eq!(set(vec![p256()]), Ok(()));
    }
}
