use std::sync::Arc;

use issuance::store::{Once, SealedKey};
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use protocol::jose::SignatureAlgorithm;
use serde_json::json;
use storage::Store;

use crate::world::{event, id, profile, provision};

pub(crate) async fn a_signing_key_reads_back_as_it_was_written(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    provision(&*store, "open", &[]).await;
    let key = |algorithm, kid| SealedKey {
        id: id(),
        algorithm,
        public_jwk: json!({"kid": kid, "kty": "EC"}),
        sealed: vec![0, 255, 7],
    };
    let keys = [key(SignatureAlgorithm::Es256, "a"), key(SignatureAlgorithm::Ps256, "b")];
    for key in &keys {
        store.insert_signing_key(key.clone(), event(EventKind::SigningKeyCreated)).await.unwrap();
    }
    assert_eq!(store.signing_keys(&profile("staff")).await.unwrap(), keys);
    assert_eq!(store.signing_keys(&profile("open")).await.unwrap(), []);
}

pub(crate) async fn an_assertion_is_accepted_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    provision(&*store, "open", &[]).await;
    let accept = |name: &'static str, fingerprint: u8| {
        let store = Arc::clone(&store);
        let ends = Timestamp::from_seconds(2_000_000_000);
        async move { store.accept_assertion(&profile(name), [fingerprint; 32], ends).await.unwrap() }
    };
    let (one, other) = tokio::join!(accept("staff", 1), accept("staff", 1));
    assert_ne!(one, other, "two at once");
    assert_eq!(accept("staff", 1).await, Once::Before);
    assert_eq!(accept("staff", 2).await, Once::Now);
    assert_eq!(accept("open", 1).await, Once::Now);
}
