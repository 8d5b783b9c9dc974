//! What a profile signs with: made on first start, sealed at rest, published as a JWK Set.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use primitives::audit::{Event, EventKind};
use primitives::clock::Clock;
use primitives::names::ProfileName;
use primitives::ordered_id::{IdSource, OrderedId};
use primitives::random::Randomness;
use primitives::store::StoreError;
use protocol::jose::{Jwk, KeyRejected, Pkcs8, SignatureAlgorithm, SigningKey, decode_base64url};
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::store::{KeyStore, Once, SealedKey};
use primitives::slow_work::{SlowWork, off_thread};

/// The key that signing keys are sealed with at rest: 256 bits that the store never sees.
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

/// A key-encryption key is 32 bytes in base64url, as `matricula keygen` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key-encryption key is 32 bytes in base64url without padding (43 characters), as 'matricula keygen' prints it"
)]
pub struct NotAKey;

impl KeyEncryptionKey {
    /// Reads the text form; white space around it is forgiven.
    ///
    /// # Errors
    /// [`NotAKey`] where it is not 32 bytes in base64url.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let bytes = Zeroizing::new(decode_base64url(text.trim()).ok_or(NotAKey)?);
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(NotAKey);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Makes a new one.
    pub fn generate(random: &dyn Randomness) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut());
        Self(key)
    }

    /// A key for another purpose, which tells nothing of this one (an HMAC of the purpose, as in RFC 5869 §2.3).
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref()), purpose.as_bytes());
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, KeyRejected> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_ref()).map_err(|_unspecified| KeyRejected)
    }

    fn seal(&self, pkcs8: &Pkcs8, context: &str) -> Result<Vec<u8>, KeyRejected> {
        let mut sealed = pkcs8.as_der().to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(context), &mut sealed)
            .map_err(|_unspecified| KeyRejected)?;
        let mut whole = nonce.as_ref().to_vec();
        whole.append(&mut sealed);
        Ok(whole)
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Pkcs8, KeyRejected> {
        let rejected = |_unspecified| KeyRejected;
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(KeyRejected)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(rejected)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length =
            self.cipher()?.open_in_place(nonce, Aad::from(context), &mut body).map_err(rejected)?.len();
        body.truncate(length);
        Ok(Pkcs8::new(body))
    }
}

impl std::fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyEncryptionKey(..)")
    }
}

/// What a sealed key is bound to: it opens under no other profile, name or algorithm.
fn context(profile: &ProfileName, id: OrderedId, algorithm: SignatureAlgorithm) -> String {
    format!("matricula signing key {profile} {id} {algorithm}")
}

/// Why a profile has nothing to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeysError {
    /// A key is there and does not open: the key-encryption key is another one.
    #[error(
        "the signing key '{kid}' of profile {profile} does not open: is this the key-encryption key that it was sealed with?"
    )]
    DoesNotOpen {
        /// The profile.
        profile: ProfileName,
        /// The key.
        kid: String,
    },
    /// The cryptographic library failed.
    #[error("a signing key could not be made: {0}")]
    Rejected(#[from] KeyRejected),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is needed to make keys.
#[derive(Clone, Copy)]
pub struct Forge<'a> {
    /// Where keys are kept.
    pub store: &'a dyn KeyStore,
    /// What they are sealed with.
    pub key_encryption_key: &'a KeyEncryptionKey,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Unpredictable bytes.
    pub random: &'a dyn Randomness,
    /// Names for new things.
    pub ids: &'a IdSource,
    /// Where slow work is done.
    pub slow: &'a dyn SlowWork,
}

impl std::fmt::Debug for Forge<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Forge(..)")
    }
}

/// The keys of one profile: one for each algorithm that it signs with, and all that it ever signed with are published.
#[derive(Debug)]
pub struct SigningKeys {
    /// The first signs access tokens.
    signing: Vec<Arc<SigningKey>>,
    published: Vec<Jwk>,
    jwks: Value,
}

impl SigningKeys {
    /// Whether the keys that a profile has open under this key-encryption key. A profile that is not known has none.
    ///
    /// # Errors
    /// See [`SigningKeysError`].
    pub async fn check(profile: &ProfileName, forge: Forge<'_>) -> Result<(), SigningKeysError> {
        let kept = forge.store.signing_keys(profile).await?;
        kept.iter().try_for_each(|key| open(profile, key, forge.key_encryption_key).map(drop))
    }

    /// Reads the keys of a profile, and makes one for each algorithm that there is none for. The first algorithm is that
    /// of access tokens.
    ///
    /// # Errors
    /// See [`SigningKeysError`].
    pub async fn load(
        profile: &ProfileName,
        algorithms: &[SignatureAlgorithm],
        forge: Forge<'_>,
    ) -> Result<Self, SigningKeysError> {
        let mut kept = forge.store.signing_keys(profile).await?;
        let mut signing: Vec<Arc<SigningKey>> = Vec::with_capacity(algorithms.len());
        for algorithm in algorithms {
            if signing.iter().any(|key| key.algorithm() == *algorithm) {
                continue;
            }
            if !kept.iter().any(|key| key.algorithm == *algorithm) {
                make_first(profile, *algorithm, forge).await?;
                // Another node may have made it. The one that is kept is the one to sign with.
                kept = forge.store.signing_keys(profile).await?;
            }
            let key = kept.iter().rfind(|key| key.algorithm == *algorithm).ok_or(KeyRejected)?;
            signing.push(open(profile, key, forge.key_encryption_key)?.into());
        }
        if signing.is_empty() {
            return Err(KeyRejected.into());
        }
        let corrupt =
            |error| StoreError::Corrupt(format!("a public signing key of profile {profile}: {error}"));
        let published =
            kept.iter().map(|key| Jwk::parse(&key.public_jwk)).collect::<Result<_, _>>().map_err(corrupt)?;
        let jwks = json!({ "keys": kept.into_iter().map(|key| key.public_jwk).collect::<Vec<_>>() });
        Ok(Self { signing, published, jwks })
    }

    /// The key that signs access tokens now; `None` only where none was loaded, which `load` refuses.
    pub fn signing(&self) -> Option<&Arc<SigningKey>> {
        self.signing.first()
    }

    /// The key that signs with an algorithm now.
    pub fn for_algorithm(&self, algorithm: SignatureAlgorithm) -> Option<&Arc<SigningKey>> {
        self.signing.iter().find(|key| key.algorithm() == algorithm)
    }

    /// The published key of this name.
    pub fn published(&self, kid: &str) -> Option<&Jwk> {
        self.published.iter().find(|key| key.kid() == Some(kid))
    }

    /// The JWK Set (RFC 7517 §5).
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }
}

/// Signs claims as a JWT, on a thread of its own where that takes long.
///
/// # Errors
/// [`KeyRejected`] where the cryptographic library fails, or the claims are no JSON.
pub(crate) async fn sign_jwt(
    key: &Arc<SigningKey>,
    typ: &'static str,
    claims: &impl Serialize,
    slow: &dyn SlowWork,
) -> Result<String, KeyRejected> {
    if !key.algorithm().is_slow() {
        return key.sign_jwt(typ, claims);
    }
    let (key, claims) = (Arc::clone(key), serde_json::to_value(claims).map_err(|_not_json| KeyRejected)?);
    off_thread(slow, move || key.sign_jwt(typ, &claims)).await.ok_or(KeyRejected)?
}

fn open(
    profile: &ProfileName,
    key: &SealedKey,
    key_encryption_key: &KeyEncryptionKey,
) -> Result<SigningKey, SigningKeysError> {
    let context = context(profile, key.id, key.algorithm);
    let kid = key.public_jwk.get("kid").and_then(Value::as_str).unwrap_or_default();
    let does_not_open =
        |_rejected| SigningKeysError::DoesNotOpen { profile: profile.clone(), kid: kid.to_owned() };
    let pkcs8 = key_encryption_key.open(&key.sealed, &context).map_err(does_not_open)?;
    Ok(SigningKey::from_pkcs8(key.algorithm, &pkcs8)?)
}

/// Makes a key where there is none of its algorithm yet.
async fn make_first(
    profile: &ProfileName,
    algorithm: SignatureAlgorithm,
    forge: Forge<'_>,
) -> Result<Once, SigningKeysError> {
    let made = off_thread(forge.slow, move || SigningKey::generate(algorithm)).await;
    let (signing, pkcs8) = made.ok_or(KeyRejected)??;
    let now = forge.clock.now();
    let id = forge.ids.next(now, forge.random);
    let sealed = SealedKey {
        id,
        algorithm,
        public_jwk: signing.public_jwk().clone(),
        sealed: forge.key_encryption_key.seal(&pkcs8, &context(profile, id, algorithm))?,
    };
    let event = Event {
        id: forge.ids.next(now, forge.random),
        profile: profile.clone(),
        kind: EventKind::SigningKeyCreated,
        client_id: None,
        subject: None,
        detail: Map::from_iter([
            ("kid".to_owned(), json!(signing.kid())),
            ("alg".to_owned(), json!(algorithm)),
        ]),
    };
    Ok(forge.store.insert_first_signing_key(sealed, event).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;

    impl Randomness for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    #[test]
    fn a_sealed_key_opens_under_its_own_name_and_key_only() {
        let kek = KeyEncryptionKey::generate(&Ones);
        let (_, pkcs8) = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let sealed = kek.seal(&pkcs8, "staff").unwrap();
        assert_ne!(kek.seal(&pkcs8, "staff").unwrap(), sealed, "every sealing has a nonce of its own");
        assert_eq!(kek.open(&sealed, "staff").unwrap().as_der(), pkcs8.as_der());
        assert!(kek.open(&sealed, "open").is_err());
        let other = KeyEncryptionKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert!(other.open(&sealed, "staff").is_err());
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert!(kek.open(&bent, "staff").is_err());
        assert!(kek.open(&sealed[..5], "staff").is_err());
        assert!(!sealed.windows(16).any(|window| pkcs8.as_der().windows(16).any(|plain| plain == window)));
    }

    #[test]
    fn a_key_encryption_key_is_32_bytes() {
        assert!(KeyEncryptionKey::parse(" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").is_ok());
        for bad in ["", "AAAA", "password", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(KeyEncryptionKey::parse(bad).map(|_| ()), Err(NotAKey));
        }
        assert_eq!(format!("{:?}", KeyEncryptionKey::generate(&Ones)), "KeyEncryptionKey(..)");
    }
}
