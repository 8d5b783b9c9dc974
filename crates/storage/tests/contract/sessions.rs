use std::sync::Arc;

use identity::store::SessionStore;
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use storage::{Cleaned, Retention, Store};

use crate::world::{NOW, added, directory, directory_event, event, id, profile, provision, session, user};

fn later(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

pub(crate) async fn a_session_reads_back_as_it_was_written_and_with_its_user(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let record = user("alice");
    let alice = added(&*store, "main", record.clone()).await;
    added(&*store, "partners", user("bob")).await;
    let bare = session(alice);
    let mut full = session(alice);
    full.frame_hash = Some(SecretHash::of("f"));
    full.counts_in = Some(profile("staff"));
    full.ended_at = Some(later(5));
    for session in [bare, full] {
        store.begin_session(&main, session.clone(), None, event(EventKind::UserSignedIn)).await.unwrap();
        let read = store.session(&main, session.id).await.unwrap();
        assert_eq!(read, Some((session.clone(), record.user.clone())));
        assert!(store.session(&directory("partners"), session.id).await.unwrap().is_none());
        assert!(store.session(&directory("nowhere"), session.id).await.unwrap().is_none());
    }
    assert!(store.session(&main, id()).await.unwrap().is_none());
}

pub(crate) async fn a_session_takes_the_place_of_the_one_before(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let (first, second) = (session(alice), session(alice));
    let (before, after) = (first.id, second.id);
    store.begin_session(&main, first, None, event(EventKind::UserSignedIn)).await.unwrap();
    // What cannot be written ends nothing.
    let third = session(alice);
    let bystander = third.id;
    store.begin_session(&main, third, None, event(EventKind::UserSignedIn)).await.unwrap();
    let again = store.session(&main, before).await.unwrap().unwrap().0;
    assert!(
        store.begin_session(&main, again, Some(bystander), event(EventKind::UserSignedIn)).await.is_err()
    );
    assert_eq!(store.session(&main, bystander).await.unwrap().unwrap().0.ended_at, None);

    let signed_in = event(EventKind::UserSignedIn);
    let at = signed_in.at();
    store.begin_session(&main, second, Some(before), signed_in).await.unwrap();
    assert_eq!(store.session(&main, before).await.unwrap().unwrap().0.ended_at, Some(at));
    assert_eq!(store.session(&main, after).await.unwrap().unwrap().0.ended_at, None);
    let entries = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.kind == "user-signed-in").count(), 3);
}

pub(crate) async fn a_session_ends_once_however_many_ask_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let session = session(alice);
    let id = session.id;
    store.begin_session(&main, session, None, event(EventKind::UserSignedIn)).await.unwrap();
    let end = || store.end_session(&main, id, event(EventKind::SessionEnded));
    let (one, other) = tokio::join!(end(), end());
    assert!(one.unwrap() != other.unwrap());
    assert!(!end().await.unwrap());
    let nowhere = directory("nowhere");
    assert!(!store.end_session(&nowhere, id, event(EventKind::SessionEnded)).await.unwrap());
    let entries = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.kind == "session-ended").count(), 1);
}

pub(crate) async fn a_session_is_noted_as_used_and_never_as_used_earlier(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let session = session(alice);
    let id = session.id;
    store.begin_session(&main, session, None, event(EventKind::UserSignedIn)).await.unwrap();
    for (touched, used) in [(60, 60), (30, 60), (90, 90)] {
        store.touch_session(&main, id, later(touched)).await.unwrap();
        assert_eq!(store.session(&main, id).await.unwrap().unwrap().0.used_at, later(used));
    }
    store.touch_session(&directory("nowhere"), id, later(100)).await.unwrap();
}

pub(crate) async fn a_session_needs_a_directory_that_is_known(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let nowhere = directory("nowhere");
    let begun =
        SessionStore::begin_session(&*store, &nowhere, session(alice), None, event(EventKind::UserSignedIn))
            .await;
    assert!(matches!(begun, Err(StoreError::Unavailable(_))), "{begun:?}");
    let entries = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert!(entries.iter().all(|entry| entry.kind != "user-signed-in"));
}

pub(crate) async fn sessions_that_are_long_over_are_forgotten_in_small_bites(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let mut session = session(alice);
        session.expires_at = later(600 + n);
        ids.push(session.id);
        store.begin_session(&main, session, None, event(EventKind::UserSignedIn)).await.unwrap();
    }
    let never = Timestamp::from_seconds(0);
    let retention =
        Retention { ended_before: later(603), events_before: never, activity_before: never, at_most: 2 };
    for sessions in [2, 1, 0] {
        let cleaned = store.clean(retention).await.unwrap();
        assert_eq!(cleaned, Cleaned { sessions, ..Cleaned::default() });
        assert_eq!(cleaned.reached(2), sessions == 2);
    }
    for (index, id) in ids.into_iter().enumerate() {
        assert_eq!(store.session(&main, id).await.unwrap().is_some(), index >= 3);
    }
}

/// The same user signs in again: the session goes on, and whoever knew its secrets does not know the new ones.
pub(crate) async fn a_session_goes_on_under_its_name_with_other_secrets(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let (alice, bob) =
        (added(&*store, "main", user("alice")).await, added(&*store, "main", user("bob")).await);
    let first = session(alice);
    let signed_in = || event(EventKind::UserSignedIn);
    store.begin_session(&main, first.clone(), None, signed_in()).await.unwrap();
    let mut again = first.clone();
    again.hash = SecretHash::of("another");
    again.frame_hash = Some(SecretHash::of("another frame"));
    again.authentication.at = later(60);
    again.used_at = later(60);
    again.expires_at = later(3_660);
    store.begin_session(&main, again.clone(), Some(first.id), signed_in()).await.unwrap();
    assert_eq!(store.session(&main, first.id).await.unwrap().unwrap().0, again);
    // Not as somebody else, and not once it has ended.
    let of_bob = identity::session::Session { user: bob, ..again.clone() };
    assert!(store.begin_session(&main, of_bob, Some(first.id), signed_in()).await.is_err());
    store.end_session(&main, first.id, event(EventKind::SessionEnded)).await.unwrap();
    assert!(store.begin_session(&main, again, Some(first.id), signed_in()).await.is_err());
}

/// An operator takes it back, with everything that was given in it.
pub(crate) async fn a_session_is_revoked_also_after_it_has_ended(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let first = session(alice);
    store.begin_session(&main, first.clone(), None, event(EventKind::UserSignedIn)).await.unwrap();
    store.end_session(&main, first.id, event(EventKind::SessionEnded)).await.unwrap();
    let ended_at = store.session(&main, first.id).await.unwrap().unwrap().0.ended_at;
    let revoked = || directory_event("main", EventKind::SessionRevoked, alice);
    assert!(store.revoke_session(first.id, revoked()).await.unwrap());
    assert_eq!(store.session(&main, first.id).await.unwrap().unwrap().0.ended_at, ended_at);
    assert!(!store.revoke_session(id(), revoked()).await.unwrap());
    let told = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert_eq!(told.iter().filter(|entry| entry.kind == "session-revoked").count(), 1);
}
