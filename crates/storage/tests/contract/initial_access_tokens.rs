use std::sync::Arc;
use std::time::Duration;

use issuance::store::Once;
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use registration::access::Origin;
use registration::store::Insertion;
use storage::Store;

use crate::world::{NOW, event, id, id_at, paid_by, profile, provision, token};

pub(crate) async fn a_token_reads_back_as_it_was_written(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut of_user = token();
    of_user.origin = Origin::SignIn { client_id: "shop-app".into(), subject: "alice".into() };
    for record in [token(), of_user] {
        store
            .insert_initial_access_token(record.clone(), event(EventKind::InitialAccessTokenIssued))
            .await
            .unwrap();
        assert_eq!(store.initial_access_token(&profile("staff"), record.id).await.unwrap(), Some(record));
    }
    assert_eq!(store.initial_access_token(&profile("staff"), id()).await.unwrap(), None);
}

pub(crate) async fn a_token_pays_for_one_client_however_many_ask_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let record = token();
    let paid = record.id;
    store.insert_initial_access_token(record, event(EventKind::InitialAccessTokenIssued)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let registration = paid_by(Some(paid));
            let client = registration.client.id;
            let insertion = store.insert(registration).await.unwrap();
            let exists = store.client(&profile("staff"), client).await.unwrap().is_some();
            assert_eq!(
                exists,
                insertion == Insertion::Inserted,
                "a client without its token, or the reverse"
            );
            exists
        });
    }
    let mut clients = 0;
    while let Some(exists) = tasks.join_next().await {
        clients += usize::from(exists.unwrap());
    }
    assert_eq!(clients, 1);
}

pub(crate) async fn a_token_that_is_not_good_leaves_no_client_behind(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut expired = token();
    expired.expires_at = NOW;
    let mut spent = token();
    spent.spent_at = Some(Timestamp::from_seconds(1));
    let mut revoked = token();
    revoked.revoked_at = Some(Timestamp::from_seconds(1));
    for record in [expired, spent, revoked] {
        let registration = paid_by(Some(record.id));
        let client = registration.client.id;
        store.insert_initial_access_token(record, event(EventKind::InitialAccessTokenIssued)).await.unwrap();
        assert_eq!(store.insert(registration).await.unwrap(), Insertion::TokenNotGood);
        assert_eq!(store.client(&profile("staff"), client).await.unwrap(), None);
    }
    assert_eq!(store.insert(paid_by(Some(id()))).await.unwrap(), Insertion::TokenNotGood);
    let entries = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert!(entries.iter().all(|entry| entry.kind != "client-registered"), "{entries:?}");
}

/// One transaction: what is written before the failure is taken back with it.
pub(crate) async fn a_client_that_cannot_be_written_costs_nothing(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let first = paid_by(None);
    store.insert(first.clone()).await.unwrap();
    let told = || async { store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap().len() };
    let record = token();
    store
        .insert_initial_access_token(record.clone(), event(EventKind::InitialAccessTokenIssued))
        .await
        .unwrap();
    let before = told().await;
    let mut again = paid_by(Some(record.id));
    again.client.id = first.client.id;
    assert!(store.insert(again).await.is_err(), "there is a client of this name");
    assert_eq!(told().await, before);
    assert_eq!(
        store.insert(paid_by(Some(record.id))).await.unwrap(),
        Insertion::Inserted,
        "it was not spent"
    );
}

/// A clock can step back; names never do.
pub(crate) async fn a_token_is_judged_by_the_time_and_not_by_the_name_of_the_client(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let record = token();
    store
        .insert_initial_access_token(record.clone(), event(EventKind::InitialAccessTokenIssued))
        .await
        .unwrap();
    let mut registration = paid_by(Some(record.id));
    registration.client.id = id_at(NOW.plus(Duration::from_secs(86_400)));
    assert_eq!(store.insert(registration).await.unwrap(), Insertion::Inserted);
}

pub(crate) async fn a_token_is_revoked_or_spent_but_never_both(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    for _ in 0..50 {
        let record = token();
        let id = record.id;
        store.insert_initial_access_token(record, event(EventKind::InitialAccessTokenIssued)).await.unwrap();
        let (spent, revoked) = tokio::join!(
            store.insert(paid_by(Some(id))),
            store.revoke_initial_access_token(id, event(EventKind::InitialAccessTokenRevoked)),
        );
        let (spent, revoked) = (spent.unwrap() == Insertion::Inserted, revoked.unwrap() == Once::Now);
        assert!(spent != revoked, "spent: {spent}, revoked: {revoked}");
    }
    let again = store.revoke_initial_access_token(id(), event(EventKind::InitialAccessTokenRevoked)).await;
    assert_eq!(again.unwrap(), Once::Before);
}
