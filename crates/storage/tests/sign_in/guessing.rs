use std::sync::Arc;
use std::time::Duration;

use identity::guessing::Guessing;
use identity::sign_in::SignInRefusal;

use crate::world::{ALICE, Town, Try, is_wrong};

fn wait(refusal: &SignInRefusal) -> Option<u64> {
    match refusal {
        SignInRefusal::TooManyAttempts { retry_after } => Some(retry_after.as_secs()),
        _ => None,
    }
}

#[tokio::test]
async fn who_guesses_too_often_waits_also_when_the_guess_is_right() {
    let town = Town::new().await;
    for _ in 0..10 {
        assert!(is_wrong(&town.try_to(Try { password: "wrong", ..ALICE }).await.unwrap_err()));
    }
    let verified = town.effort.counts()[1];
    assert_eq!(wait(&town.try_to(ALICE).await.unwrap_err()), Some(30));
    assert_eq!(town.effort.counts()[1], verified, "nobody looked at the password");
    town.forward(Duration::from_secs(30));
    town.try_to(ALICE).await.unwrap();
}

#[tokio::test]
async fn guesses_at_a_user_who_is_not_there_are_counted_like_any() {
    let town = Town::new().await;
    for username in ["nobody", "al\u{200b}ice"] {
        for _ in 0..10 {
            assert!(is_wrong(&town.try_to(Try { username, ..ALICE }).await.unwrap_err()));
        }
        assert_eq!(wait(&town.try_to(Try { username, ..ALICE }).await.unwrap_err()), Some(30));
    }
}

#[tokio::test]
async fn guesses_that_come_at_once_do_not_slip_by() {
    let town = Arc::new(Town::new().await);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let town = Arc::clone(&town);
        tries.spawn(async move { town.try_to(Try { password: "wrong", ..ALICE }).await.map(drop) });
    }
    let wrong = tries.join_all().await.into_iter().filter(|tried| is_wrong(tried.as_ref().unwrap_err()));
    assert_eq!(wrong.count(), 10);
    assert_eq!(town.effort.counts()[1], 10);
}

#[tokio::test]
async fn right_passwords_are_not_counted() {
    let town = Town::new().await;
    for _ in 0..15 {
        town.try_to(ALICE).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_locks_a_user_out_of_a_device_that_they_signed_in_with() {
    let town = Town::new().await;
    let first = town.try_to(ALICE).await.unwrap();
    let device = Some(first.device.reveal());
    for _ in 0..10 {
        town.try_to(Try { password: "wrong", ..ALICE }).await.unwrap_err();
    }
    assert!(wait(&town.try_to(ALICE).await.unwrap_err()).is_some());
    let again = town.try_to(Try { device, ..ALICE }).await.unwrap();
    assert_eq!(again.device.reveal(), first.device.reveal(), "it is the same device");
    for _ in 0..10 {
        let refusal = town.try_to(Try { device, password: "wrong", ..ALICE }).await.unwrap_err();
        assert!(is_wrong(&refusal), "{refusal}");
    }
    assert_eq!(wait(&town.try_to(Try { device, ..ALICE }).await.unwrap_err()), Some(30));
    let elsewhere = Try { device, from: "198.51.100.1", ..ALICE };
    assert_eq!(wait(&town.try_to(elsewhere).await.unwrap_err()), Some(30), "a device is the same everywhere");
}

#[tokio::test]
async fn a_device_is_known_for_its_own_user_alone() {
    let town = Town::new().await;
    town.add("mallory").await;
    let mallory = town.try_to(Try { username: "mallory", ..ALICE }).await.unwrap();
    let attack = Try { device: Some(mallory.device.reveal()), password: "wrong", ..ALICE };
    for _ in 0..10 {
        assert!(is_wrong(&town.try_to(attack).await.unwrap_err()));
    }
    for other in [attack, Try { device: None, ..ALICE }, Try { device: Some("mkd_"), ..ALICE }] {
        assert_eq!(wait(&town.try_to(other).await.unwrap_err()), Some(30));
    }
}

#[tokio::test]
async fn guessing_can_be_left_alone() {
    let mut town = Town::new().await;
    town.guessing = Guessing::off();
    for _ in 0..15 {
        assert!(is_wrong(&town.try_to(Try { password: "wrong", ..ALICE }).await.unwrap_err()));
    }
    town.try_to(ALICE).await.unwrap();
}
