use std::pin::Pin;
use std::time::Duration;

use identity::authentication::Authenticator;
use identity::manage;
use identity::password::PasswordHash;
use identity::session::{self, SessionCookie};
use identity::sign_in::SignInRefusal;
use identity::store::{UserRecord, UserStore};
use identity::user::{User, UserId};
use identity::world::World;
use primitives::audit::{DirectoryEvent, EventKind};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::slow_work::SlowWork;
use primitives::store::StoreError;
use serde_json::Map;

use crate::world::{ALICE, NOW, PASSWORD, Town, Try, from_elsewhere, is_wrong, new_password, username};

#[tokio::test]
async fn a_name_and_a_password_begin_a_session() {
    let town = Town::new().await;
    let done = town.try_to(Try { username: " ALICE ", ..ALICE }).await.unwrap();
    assert_eq!(done.user.username, "Alice");
    assert_eq!(done.session.user, done.user.id);
    assert_eq!(
        (done.session.authentication.at, done.session.authentication.by),
        (NOW, Authenticator::Password)
    );
    assert_eq!(done.session.expires_at, NOW.plus(Duration::from_secs(12 * 3_600)));
    assert!(done.session_secret.reveal().starts_with("mss_") && done.frame_secret.is_none());
    assert!(done.device.reveal().starts_with("mkd_"));
    let found = town.session(done.session_secret.reveal()).await.unwrap();
    assert_eq!(found, (done.session.clone(), done.user.clone()));

    let told = &town.told("user-signed-in").await[0];
    assert_eq!(
        (told.profile.as_deref(), told.subject.clone()),
        (Some("staff"), Some(done.user.id.to_string()))
    );
    let detail: serde_json::Value = serde_json::from_str(&told.detail).unwrap();
    assert_eq!(detail, serde_json::json!({"by": "pwd", "session": done.session.id.to_string()}));
}

#[tokio::test]
async fn whoever_is_not_believed_is_told_the_same_and_costs_the_same() {
    let town = Town::new().await;
    town.add("disabled").await;
    manage::disable(&username("disabled"), &town.desk()).await.unwrap();
    without_password(&town, "passkey-only").await;
    let long = "x".repeat(1_025);
    let mut costs = Vec::new();
    for attempt in [
        Try { password: "wrong", ..ALICE },
        Try { password: "", ..ALICE },
        Try { password: &long, ..ALICE },
        Try { username: "nobody", ..ALICE },
        Try { username: "", ..ALICE },
        Try { username: "al\u{200b}ice", ..ALICE },
        Try { username: "disabled", ..ALICE },
        Try { username: "passkey-only", password: "", ..ALICE },
    ] {
        let before = town.effort.counts();
        let refusal = town.try_to(attempt).await.unwrap_err();
        assert!(is_wrong(&refusal), "{}: {refusal}", attempt.username);
        let after = town.effort.counts();
        costs.push([after[0] - before[0], after[1] - before[1]]);
    }
    assert_eq!(costs, [[1, 1]; 8], "lookups, verifications");
    let before = town.effort.counts();
    town.try_to(ALICE).await.unwrap();
    assert_eq!(town.effort.counts(), [before[0] + 1, before[1] + 1], "whoever is believed neither");
}

async fn without_password(town: &Town, name: &str) {
    let id = UserId(OrderedId::from_bytes([9; 16]));
    let user = User { id, username: name.into(), claims: Map::new(), disabled_at: None, not_before: NOW };
    let event = DirectoryEvent {
        id: OrderedId::from_bytes([8; 16]),
        directory: town.directory.clone(),
        kind: EventKind::UserAdded,
        subject: id.to_string(),
        detail: Map::new(),
    };
    let record = UserRecord { user, name_key: name.into(), password_hash: None };
    town.store.add_users(vec![(record, event)]).await.unwrap();
}

#[tokio::test]
async fn the_session_that_the_browser_came_with_ends_and_its_name_is_not_used_again() {
    let town = Town::new().await;
    town.add("mallory").await;
    let planted = town.try_to(Try { username: "mallory", ..ALICE }).await.unwrap();
    let planted = planted.session_secret.reveal();
    let alice = town.try_to(Try { session: Some(planted), ..ALICE }).await.unwrap();
    assert_ne!(alice.session_secret.reveal(), planted);
    assert!(town.session(planted).await.is_none());
    assert!(town.session(alice.session_secret.reveal()).await.is_some());
    assert!(town.told("user-signed-in").await[1].detail.contains("instead_of"));
}

/// The name of a session is no secret; only its holder may end it.
#[tokio::test]
async fn a_session_that_was_not_proven_goes_on() {
    let town = Town::new().await;
    let first = town.try_to(ALICE).await.unwrap();
    let mut forged = first.session_secret.reveal().to_owned();
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    for other in [forged.as_str(), "mss_", ""] {
        town.try_to(Try { session: Some(other), ..ALICE }).await.unwrap();
    }
    assert!(town.session(first.session_secret.reveal()).await.is_some());
}

#[tokio::test]
async fn frames_have_a_secret_of_their_own_where_it_is_wanted() {
    let town = Town::new().await;
    let done = town.try_to(Try { wants_frame_secret: true, ..ALICE }).await.unwrap();
    let (own, frame) = (done.session_secret.reveal(), done.frame_secret.as_ref().unwrap().reveal());
    // Another prefix does not make one of the other.
    let disguised = frame.replace("mfs_", "mss_");
    for (text, cookie, is_good) in [
        (own, SessionCookie::Own, true),
        (frame, SessionCookie::Frame, true),
        (own, SessionCookie::Frame, false),
        (frame, SessionCookie::Own, false),
        (&disguised, SessionCookie::Own, false),
    ] {
        let found = session::find(text, cookie, &town.world()).await.unwrap();
        assert_eq!(found.is_some(), is_good, "{cookie:?}");
    }
}

#[tokio::test]
async fn a_hash_that_was_made_elsewhere_is_made_anew_when_its_password_is_known() {
    let town = Town::empty().await;
    manage::add(from_elsewhere("alice"), &town.desk()).await.unwrap();
    let before = town.password_hash("alice").await;
    assert!(is_wrong(&town.try_to(ALICE).await.unwrap_err()));
    assert_eq!(town.password_hash("alice").await, before);
    town.try_to(Try { password: "password", ..ALICE }).await.unwrap();
    let after = town.password_hash("alice").await;
    assert!(after != before && !PasswordHash::parse(&after).unwrap().needs_rehash());
    town.try_to(Try { password: "password", ..ALICE }).await.unwrap();
    assert_eq!(town.password_hash("alice").await, after);
    assert!(town.told("user-password-changed").await.is_empty());
}

#[tokio::test]
async fn a_hash_that_is_none_is_an_alarm_and_no_wrong_password() {
    let town = Town::new().await;
    let alice = town.store.user_named(&town.directory, "alice").await.unwrap().unwrap();
    let kept = alice.password_hash.unwrap();
    town.store.rehash(&town.directory, alice.user.id, kept, "nonsense".into()).await.unwrap();
    let refusal = town.try_to(ALICE).await.unwrap_err();
    assert!(matches!(&refusal, SignInRefusal::Store(StoreError::Corrupt(_))), "{refusal}");
    assert!(!refusal.to_string().contains("nonsense"));
}

/// Changes Alice's password while hers is being verified.
struct Meanwhile<'a>(&'a Town);

impl SlowWork for Meanwhile<'_> {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.0.forward(Duration::from_millis(1));
            let other = new_password("another-password");
            manage::set_password(&username("alice"), other, &self.0.desk()).await.unwrap();
            self.0.forward(Duration::from_millis(1));
            work();
        })
    }
}

#[tokio::test]
async fn a_password_that_changes_while_it_is_verified_leaves_no_session_behind() {
    let town = Town::new().await;
    let meanwhile = Meanwhile(&town);
    let world = World { passwords: &meanwhile, ..town.world() };
    let late = town.try_in(ALICE, &world).await.unwrap();
    assert!(town.session(late.session_secret.reveal()).await.is_none());
    assert!(is_wrong(&town.try_to(ALICE).await.unwrap_err()));
    let again = town.try_to(Try { password: "another-password", ..ALICE }).await.unwrap();
    assert!(town.session(again.session_secret.reveal()).await.is_some());
}

#[tokio::test]
async fn nothing_that_is_kept_or_told_has_a_secret_in_it() {
    let town = Town::new().await;
    let done = town.try_to(Try { wants_frame_secret: true, ..ALICE }).await.unwrap();
    let told = format!("{done:?} {:?}", town.told("user-signed-in").await);
    for secret in [
        PASSWORD,
        &done.session_secret.reveal()[30..],
        &done.frame_secret.as_ref().unwrap().reveal()[30..],
        done.device.reveal(),
    ] {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(Timestamp::from_seconds(0) < NOW && !town.password_hash("alice").await.contains(PASSWORD));
}
