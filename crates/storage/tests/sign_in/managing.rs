use std::time::Duration;

use identity::manage::{self, ManageError};
use identity::store::UserStore;

use crate::world::{ALICE, NOW, Town, Try, from_elsewhere, is_wrong, new_password, new_user, username};

#[tokio::test]
async fn a_name_is_taken_however_it_is_capitalised() {
    let town = Town::new().await;
    let refused = manage::add(new_user("ALICE"), &town.desk()).await.unwrap_err();
    assert!(matches!(refused, ManageError::NamesTaken(places) if places == [0]));
    assert_eq!(town.told("user-added").await.len(), 1);
}

#[tokio::test]
async fn an_import_is_all_or_nothing() {
    let town = Town::new().await;
    let users = ["bob", "alice", "carol", "Bob"].map(new_user).into_iter().collect();
    let refused = manage::import(users, &town.desk()).await.unwrap_err();
    assert!(matches!(refused, ManageError::NamesTaken(places) if places == [1, 3]));
    assert!(town.store.user_named(&town.directory, "bob").await.unwrap().is_none());
    let users = vec![new_user("bob"), from_elsewhere("carol")];
    assert_eq!(manage::import(users, &town.desk()).await.unwrap().len(), 2);
    town.try_to(Try { username: "bob", ..ALICE }).await.unwrap();
    town.try_to(Try { username: "carol", password: "password", ..ALICE }).await.unwrap();
}

#[tokio::test]
async fn another_password_ends_what_the_old_one_began() {
    let town = Town::new().await;
    town.forward(Duration::from_secs(60));
    let id = manage::set_password(&username("Alice"), new_password("another-password"), &town.desk())
        .await
        .unwrap();
    let kept = town.store.user(&town.directory, id).await.unwrap().unwrap();
    assert!(!kept.stands_by(NOW.plus(Duration::from_secs(59))));
    let told = &town.told("user-password-changed").await[0];
    assert_eq!((told.directory.as_deref(), told.profile.as_deref()), (Some("main"), None));
    assert_eq!(
        (told.subject.clone(), told.detail.as_str()),
        (Some(id.to_string()), r#"{"username":"Alice"}"#)
    );
}

#[tokio::test]
async fn switching_twice_is_done_and_told_once() {
    let town = Town::new().await;
    let alice = username("alice");
    assert!(!manage::enable(&alice, &town.desk()).await.unwrap());
    assert!(manage::disable(&alice, &town.desk()).await.unwrap());
    assert!(!manage::disable(&alice, &town.desk()).await.unwrap());
    assert!(is_wrong(&town.try_to(ALICE).await.unwrap_err()));
    assert!(manage::enable(&alice, &town.desk()).await.unwrap());
    town.try_to(ALICE).await.unwrap();
    assert_eq!((town.told("user-disabled").await.len(), town.told("user-enabled").await.len()), (1, 1));
}

#[tokio::test]
async fn who_is_not_there_is_named() {
    let town = Town::new().await;
    let (nobody, desk) = (username("nobody"), town.desk());
    for refused in [
        manage::disable(&nobody, &desk).await.map(drop),
        manage::enable(&nobody, &desk).await.map(drop),
        manage::set_password(&nobody, new_password("12345678"), &desk).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), "there is no user nobody in the directory main");
    }
}
