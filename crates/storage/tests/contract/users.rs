use std::sync::Arc;

use identity::store::Addition;
use identity::user::UserId;
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use registration::access::Origin;
use registration::store::Insertion;
use storage::{AuditEntry, Store};

use crate::world::{
    NOW, added, directory, directory_event, event, id, paid_by, profile, provision, token, user,
};

fn later(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

/// What is told of directories, but that users were added.
async fn told(store: &dyn Store) -> Vec<AuditEntry> {
    let mut entries = store.audit_since(Timestamp::from_seconds(0), 10_000).await.unwrap();
    entries.retain(|entry| entry.directory.is_some() && entry.kind != "user-added");
    entries
}

pub(crate) async fn a_user_reads_back_as_they_were_written(store: Arc<dyn Store>) {
    let main = directory("main");
    let mut bare = user("bob");
    bare.password_hash = None;
    bare.user.claims.clear();
    bare.user.disabled_at = Some(Timestamp::from_millis(1_795_421_565_123));
    for record in [user("alice"), bare] {
        added(&*store, "main", record.clone()).await;
        assert_eq!(store.user_named(&main, &record.name_key).await.unwrap().as_ref(), Some(&record));
        assert_eq!(store.user(&main, record.user.id).await.unwrap(), Some(record.user));
    }
    assert_eq!(store.user_named(&main, "carol").await.unwrap(), None);
    assert_eq!(store.user_named(&main, "").await.unwrap(), None);
    assert_eq!(store.user(&main, UserId(id())).await.unwrap(), None);

    let entries = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    let entry = entries.first().unwrap();
    assert_eq!((entry.profile.as_deref(), entry.directory.as_deref()), (None, Some("main")));
    assert_eq!(entry.kind, "user-added");
}

pub(crate) async fn a_user_of_another_directory_is_not_there(store: Arc<dyn Store>) {
    let alice = added(&*store, "main", user("alice")).await;
    let other = added(&*store, "partners", user("alice")).await;
    for (name, there, elsewhere) in [("main", alice, other), ("partners", other, alice)] {
        let name = directory(name);
        assert_eq!(store.user_named(&name, "alice").await.unwrap().unwrap().user.id, there);
        assert!(store.user(&name, elsewhere).await.unwrap().is_none());
    }
    let nowhere = directory("nowhere");
    assert!(store.user_named(&nowhere, "alice").await.unwrap().is_none());
    assert!(store.user(&nowhere, alice).await.unwrap().is_none());
    let event = directory_event("nowhere", EventKind::UserDisabled, alice);
    assert!(!store.set_disabled(alice, Some(NOW), event).await.unwrap());
    let event = directory_event("partners", EventKind::UserPasswordChanged, alice);
    assert!(!store.set_password(alice, "x".into(), Some(NOW), event).await.unwrap());
    assert!(told(&*store).await.is_empty());
}

pub(crate) async fn users_are_added_together_or_not_at_all(store: Arc<dyn Store>) {
    let main = directory("main");
    added(&*store, "main", user("alice")).await;
    let all = |names: &[&str]| {
        let with_event = |name: &&str| {
            let user = user(name);
            let event = directory_event("main", EventKind::UserAdded, user.user.id);
            (user, event)
        };
        store.add_users(names.iter().map(with_event).collect())
    };
    let (added, taken) = (Addition::Added, Addition::NameTaken);
    assert_eq!(all(&["bob", "alice", "carol", "bob"]).await.unwrap(), [added, taken, added, taken]);
    for name in ["bob", "carol"] {
        assert!(store.user_named(&main, name).await.unwrap().is_none());
    }
    assert_eq!(store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap().len(), 1);
    assert_eq!(all(&["bob", "carol"]).await.unwrap(), [added, added]);
    assert_eq!(all(&[]).await.unwrap(), []);
    assert_eq!(store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap().len(), 3);
}

pub(crate) async fn a_name_is_given_once_however_many_ask_at_once(store: Arc<dyn Store>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let user = user("alice");
            let event = directory_event("main", EventKind::UserAdded, user.user.id);
            store.add_users(vec![(user, event)]).await.unwrap() == [Addition::Added]
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|added| *added).count(), 1);
}

pub(crate) async fn another_password_makes_older_things_worthless(store: Arc<dyn Store>) {
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let set = |hash: &str, mark| {
        let event = directory_event("main", EventKind::UserPasswordChanged, alice);
        store.set_password(alice, hash.to_owned(), mark, event)
    };
    let read = || async {
        let record = store.user_named(&main, "alice").await.unwrap().unwrap();
        (record.password_hash.unwrap(), record.user.not_before)
    };
    assert!(set("second", Some(later(10))).await.unwrap());
    assert_eq!(read().await, ("second".to_owned(), later(10)));
    assert!(set("third", None).await.unwrap());
    assert_eq!(read().await, ("third".to_owned(), later(10)));
    assert!(set("fourth", Some(later(5))).await.unwrap());
    assert_eq!(read().await, ("fourth".to_owned(), later(10)), "the mark never moves back");
    let told = told(&*store).await;
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].kind, "user-password-changed");
    assert_eq!(told[0].subject, Some(alice.to_string()));
}

pub(crate) async fn a_hash_made_anew_replaces_the_one_it_was_made_of_alone(store: Arc<dyn Store>) {
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let hash = || async { store.user_named(&main, "alice").await.unwrap().unwrap().password_hash };
    store.rehash(&main, alice, "another".into(), "new".into()).await.unwrap();
    assert_eq!(hash().await.as_deref(), Some("$argon2id$"));
    store.rehash(&main, alice, "$argon2id$".into(), "new".into()).await.unwrap();
    assert_eq!(hash().await.as_deref(), Some("new"));
    assert!(told(&*store).await.is_empty());
}

pub(crate) async fn a_user_who_was_switched_off_gets_nothing_back_when_switched_on(store: Arc<dyn Store>) {
    let main = directory("main");
    let alice = added(&*store, "main", user("alice")).await;
    let switch = |at: Option<Timestamp>| {
        let kind = if at.is_some() { EventKind::UserDisabled } else { EventKind::UserEnabled };
        store.set_disabled(alice, at, directory_event("main", kind, alice))
    };
    let read = || async { store.user(&main, alice).await.unwrap().unwrap() };
    assert!(read().await.stands_by(NOW));
    assert!(switch(Some(later(10))).await.unwrap());
    assert_eq!(read().await.disabled_at, Some(later(10)));
    assert!(switch(None).await.unwrap());
    let user = read().await;
    assert_eq!(user.disabled_at, None);
    assert!(!user.stands_by(later(9)) && user.stands_by(later(10)));
    let kinds: Vec<_> = told(&*store).await.into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["user-disabled", "user-enabled"]);
}

pub(crate) async fn what_a_user_got_to_register_with_is_taken_back(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let bob = added(&*store, "main", user("bob")).await;
    let issue = |subject: UserId| {
        let mut record = token();
        record.origin = Origin::SignIn { client_id: "shop-app".into(), subject: subject.to_string() };
        let (id, event) = (record.id, event(EventKind::InitialAccessTokenIssued));
        let store = &store;
        async move {
            store.insert_initial_access_token(record, event).await.unwrap();
            id
        }
    };
    let spend = |id| store.insert(paid_by(Some(id)));
    for disable in [false, true] {
        let (of_alice, other, of_bob, spent) =
            (issue(alice).await, issue(alice).await, issue(bob).await, issue(alice).await);
        assert_eq!(spend(spent).await.unwrap(), Insertion::Inserted);
        let (kind, changed) = if disable {
            let kind = EventKind::UserDisabled;
            (kind, store.set_disabled(alice, Some(later(10)), directory_event("main", kind, alice)))
        } else {
            let kind = EventKind::UserPasswordChanged;
            let event = directory_event("main", kind, alice);
            (kind, store.set_password(alice, "x".into(), Some(later(10)), event))
        };
        assert!(changed.await.unwrap());
        for token in [of_alice, other] {
            assert_eq!(spend(token).await.unwrap(), Insertion::TokenNotGood);
            let record = store.initial_access_token(&profile("staff"), token).await.unwrap().unwrap();
            assert!(record.revoked_at.is_some());
        }
        assert_eq!(spend(of_bob).await.unwrap(), Insertion::Inserted);
        let last = told(&*store).await.pop().unwrap();
        assert_eq!(
            (last.kind.as_str(), last.detail.as_str()),
            (kind.as_str(), r#"{"initial_access_tokens_revoked":2}"#)
        );
    }
}
