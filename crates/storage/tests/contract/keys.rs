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
        let inserted = store.insert_first_signing_key(key.clone(), event(EventKind::SigningKeyCreated)).await;
        assert_eq!(inserted.unwrap(), Once::Now);
    }
    assert_eq!(store.signing_keys(&profile("staff")).await.unwrap(), keys);
    assert_eq!(store.signing_keys(&profile("open")).await.unwrap(), []);
}

pub(crate) async fn a_profile_has_one_first_key_however_many_make_one_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let store = Arc::clone(&store);
        let key = SealedKey {
            id: id(),
            algorithm: SignatureAlgorithm::Es256,
            public_jwk: json!({"kid": n, "kty": "EC"}),
            sealed: vec![n],
        };
        let made = event(EventKind::SigningKeyCreated);
        tasks.spawn(async move { store.insert_first_signing_key(key, made).await.unwrap() });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.iter().filter(|made| **made == Once::Now).count(), 1);
    assert_eq!(store.signing_keys(&profile("staff")).await.unwrap().len(), 1);
    let told = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert_eq!(told.iter().filter(|entry| entry.kind == "signing-key-created").count(), 1);
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
