use std::time::Duration;

use identity::manage;
use identity::session::{self, SessionRules};
use identity::store::SessionStore;

use crate::world::{ALICE, NOW, Town, username};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_session_ends_by_itself_when_nobody_uses_it() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    let cookie = done.session_secret.reveal();
    for _ in 0..3 {
        town.forward(59 * MINUTE);
        assert!(town.session(cookie).await.is_some(), "it was used within the hour");
    }
    town.forward(60 * MINUTE);
    assert!(town.session(cookie).await.is_none());
}

#[tokio::test]
async fn a_session_ends_by_itself_however_much_it_is_used() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    for _ in 0..23 {
        town.forward(30 * MINUTE);
        assert!(town.session(done.session_secret.reveal()).await.is_some());
    }
    town.forward(30 * MINUTE);
    assert!(town.session(done.session_secret.reveal()).await.is_none());
}

#[tokio::test]
async fn that_a_session_is_used_is_written_once_a_minute() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    let written = || async {
        let kept = town.store.session(&town.directory, done.session.id).await.unwrap();
        kept.unwrap().0.used_at
    };
    town.forward(MINUTE - Duration::from_millis(1));
    town.session(done.session_secret.reveal()).await.unwrap();
    assert_eq!(written().await, NOW);
    town.forward(Duration::from_millis(1));
    let (found, _) = town.session(done.session_secret.reveal()).await.unwrap();
    assert_eq!((found.used_at, written().await), (NOW.plus(MINUTE), NOW.plus(MINUTE)));
}

#[tokio::test]
async fn a_session_that_was_ended_stays_ended() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    assert!(session::end(&done.session, &town.world()).await.unwrap());
    assert!(town.session(done.session_secret.reveal()).await.is_none());
    assert!(!session::end(&done.session, &town.world()).await.unwrap());
    let told = town.told("session-ended").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, Some(done.user.id.to_string()));
    assert_eq!(told[0].detail, format!(r#"{{"session":"{}"}}"#, done.session.id));
}

#[tokio::test]
async fn a_session_of_a_user_who_was_switched_off_does_not_come_back() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    let cookie = done.session_secret.reveal();
    town.forward(MINUTE);
    assert!(manage::disable(&username("alice"), &town.desk()).await.unwrap());
    assert!(town.session(cookie).await.is_none());
    assert!(manage::enable(&username("alice"), &town.desk()).await.unwrap());
    assert!(town.session(cookie).await.is_none());
    let again = town.try_to(ALICE).await.unwrap();
    assert!(town.session(again.session_secret.reveal()).await.is_some());
}

#[tokio::test]
async fn a_session_counts_where_its_profile_says() {
    let mut town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    town.rules = SessionRules { counts_in: Some("staff".parse().unwrap()), ..town.rules };
    assert!(
        town.session(done.session_secret.reveal()).await.is_none(),
        "it was shared, and this profile shares none"
    );
    let own = town.try_to(ALICE).await.unwrap();
    assert!(town.session(own.session_secret.reveal()).await.is_some());
    town.rules.counts_in = Some("open".parse().unwrap());
    assert!(town.session(own.session_secret.reveal()).await.is_none());
}

#[tokio::test]
async fn what_is_no_cookie_of_ours_proves_nothing() {
    let town = Town::new().await;
    let done = town.try_to(ALICE).await.unwrap();
    let good = done.session_secret.reveal();
    let mut forged = good.to_owned();
    forged.replace_range(good.len() - 8.., "AAAAAAAA");
    for text in ["", "mss_", &good[..good.len() - 1], &good[4..], &good.replace("mss_", "mfs_"), &forged] {
        assert!(town.session(text).await.is_none(), "{text}");
    }
    let before = town.effort.counts()[0];
    town.session(&forged).await;
    town.session(&good.replace(&done.session.id.to_string(), &done.user.id.to_string())).await;
    assert_eq!(
        town.effort.counts()[0],
        before + 2,
        "one look for a session that is there, and for one that is not"
    );
}
