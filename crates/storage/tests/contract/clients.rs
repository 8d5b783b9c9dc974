use std::sync::Arc;

use primitives::clock::Timestamp;
use primitives::secret::SecretHash;
use registration::access::Registrant;
use registration::client::SecretAtRest;
use registration::store::Insertion;
use storage::Store;

use crate::world::{client, id, paid_by, profile, provision};

pub(crate) async fn a_client_reads_back_as_it_was_written(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut bare = paid_by(None);
    bare.client.template = None;
    bare.client.metadata = Some(r#"{"client_name":"N\u00e4me","scope":"a b"}"#.into());
    bare.client.secret = None;
    bare.client.provenance.registrant = Registrant::Anonymous;
    let mut full = paid_by(None);
    full.client.metadata = Some("{}".into());
    full.client.secret = Some(SecretAtRest {
        hash: SecretHash::of("x"),
        expires_at: Some(Timestamp::from_millis(1_795_421_565_123)),
    });
    full.client.provenance.registrant =
        Registrant::User { client_id: "shop-app".into(), subject: "alice".into() };
    for registration in [bare, full, paid_by(None)] {
        let written = registration.client.clone();
        assert_eq!(store.insert(registration).await.unwrap(), Insertion::Inserted);
        assert_eq!(store.client(&written.profile, written.id).await.unwrap(), Some(written));
    }
    assert_eq!(store.client(&profile("staff"), id()).await.unwrap(), None);
}

pub(crate) async fn a_client_of_another_profile_is_not_there(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    provision(&*store, "open", &[]).await;
    let registration = paid_by(None);
    let client = registration.client.id;
    store.insert(registration).await.unwrap();
    assert!(store.client(&profile("staff"), client).await.unwrap().is_some());
    assert!(store.client(&profile("open"), client).await.unwrap().is_none());
}

pub(crate) async fn a_client_that_exists_is_not_overwritten(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let first = paid_by(None);
    let mut second = paid_by(None);
    second.client.id = first.client.id;
    second.client.metadata = Some("{}".into());
    let kept = first.client.clone();
    store.insert(first).await.unwrap();
    assert!(store.insert(second).await.is_err());
    assert_eq!(store.client(&kept.profile, kept.id).await.unwrap(), Some(kept));
}

pub(crate) async fn thousands_of_clients_come_in_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3_000 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let registration = paid_by(None);
            let written = registration.client.clone();
            store.insert(registration).await.unwrap();
            // What was acknowledged is seen by whoever asks afterwards.
            assert_eq!(store.client(&written.profile, written.id).await.unwrap(), Some(written));
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(store.client(&profile("staff"), client("staff").id).await.unwrap().is_none());
}
