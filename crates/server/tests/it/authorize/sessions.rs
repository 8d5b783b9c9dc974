//! Single sign-on: who is asked again, and when (OpenID Connect Core §3.1.2.3).

use std::time::Duration;

use serde_json::json;

use crate::person::{ALICE, Ask, BOB, CALLBACK, Person, Who};
use crate::world::{NOW, Registered, Server};

const HOUR: Duration = Duration::from_secs(3_600);

fn of(install: &Registered) -> Ask {
    Ask::code("customers", &install.id, "openid offline_access orders:read")
}

async fn is_silent(person: &Person<'_>, ask: &Ask) -> bool {
    person.ask(ask).await.header("location").starts_with(CALLBACK)
}

async fn auth_time(server: &Server, install: &Registered, location: &str) -> u64 {
    let tokens = server.redeem("customers", Who::Secret(install.credential()), location).await;
    tokens.id_token_claims()["auth_time"].as_u64().unwrap()
}

#[tokio::test]
async fn whoever_signed_in_is_asked_again_when_the_request_says_so() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    server.clock.forward(Duration::from_secs(100));
    let location = alice.answer_all(&of(&install), ALICE).await;
    assert_eq!(auth_time(&server, &install, &location).await, NOW);

    let again = of(&install).with("prompt", "login");
    let (page, html) = alice.page(&again).await;
    assert!(html.contains("id=\"password\""));
    let answer = alice.sign_in(&page, ALICE).await;
    let location = alice.get(answer.header("location")).await.header("location").to_owned();
    assert_eq!(auth_time(&server, &install, &location).await, NOW + 100, "it moves");

    // Having signed in through one request answers that request, and no other.
    assert!(!is_silent(&alice, &again).await);
    assert!(is_silent(&alice, &of(&install)).await);
}

#[tokio::test]
async fn a_sign_in_that_is_older_than_the_client_wants_does_not_count() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    server.clock.forward(Duration::from_secs(61));
    assert!(is_silent(&alice, &of(&install).with("max_age", "61")).await);
    let ask = of(&install).with("max_age", "60");
    assert!(!is_silent(&alice, &ask).await);
    let location = alice.answer_all(&ask, ALICE).await;
    assert_eq!(auth_time(&server, &install, &location).await, NOW + 61);
    let none = of(&install).with("max_age", "60").with("prompt", "none");
    assert!(is_silent(&alice, &none).await, "now it is new");
    server.clock.forward(Duration::from_secs(61));
    alice.ask(&none).await.told("login_required", &server.issuer("customers"));
}

#[tokio::test]
async fn a_person_chooses_the_account_where_the_client_asks_for_that() {
    let server = Server::demo().await;
    let person = Person::of(&server);
    let install = person.install(ALICE).await;
    let ask = of(&install).with("prompt", "select_account");
    let (page, html) = person.page(&ask).await;
    assert!(
        html.contains("alice") && html.contains("id=\"continue\"") && html.contains("id=\"other-account\"")
    );
    let answer = person.post(&format!("{page}/account"), &[("decision", "continue")]).await;
    let location = person.get(answer.header("location")).await.header("location").to_owned();
    assert!(location.starts_with(CALLBACK));

    let (page, _) = person.page(&ask).await;
    let other = person.post(&format!("{page}/account"), &[("decision", "other")]).await;
    assert!(person.get(other.header("location")).await.html().contains("id=\"password\""));
    person.sign_in(&page, BOB).await;
    // The install is Alice's: Bob is asked whether it may have anything of his.
    assert!(person.get(&page).await.html().contains("bob"));
    let denied = person.post(&format!("{page}/consent"), &[("decision", "deny")]).await;
    denied.told("access_denied", &server.issuer("customers"));
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_after_eight_hours_in_any_case() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    server.clock.forward(HOUR - Duration::from_secs(1));
    assert!(is_silent(&alice, &of(&install)).await);
    for _ in 0..7 {
        server.clock.forward(HOUR - Duration::from_secs(1));
        assert!(is_silent(&alice, &of(&install)).await, "each use lets it live for another hour");
    }
    server.clock.forward(Duration::from_secs(8));
    assert!(!is_silent(&alice, &of(&install)).await, "eight hours are over");

    alice.answer_all(&of(&install), ALICE).await;
    server.clock.forward(HOUR);
    assert!(!is_silent(&alice, &of(&install)).await, "nobody used it for an hour");
}

#[tokio::test]
async fn a_hint_says_who_must_have_signed_in() {
    let server = Server::demo().await;
    let (alice, bob) = (Person::of(&server), Person::of(&server));
    let install = alice.install(ALICE).await;
    let location = alice.answer_all(&of(&install), ALICE).await;
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    let hint = tokens.text("id_token");
    let none = of(&install).with("prompt", "none").with("id_token_hint", &hint);
    assert!(is_silent(&alice, &none).await);
    bob.install(BOB).await;
    bob.ask(&none).await.told("login_required", &server.issuer("customers"));
    let access_token = tokens.text("access_token");
    let wrong = of(&install).with("id_token_hint", &access_token);
    alice.ask(&wrong).await.told("invalid_request", &server.issuer("customers"));
}

#[tokio::test]
async fn a_session_counts_in_its_profile_alone_unless_profiles_share_a_directory_and_say_so() {
    for shared in [false, true] {
        let server = Server::with(|world| {
            if !shared {
                return world;
            }
            let sso = "slow_guessing = false\nsso = \"directory\"";
            world.replace("slow_guessing = false", sso)
        })
        .await;
        let app = server.web_app().await;
        let person = Person::of(&server);
        person.install(ALICE).await;
        let (_, html) = person.page(&Ask::code("open", &app.id, "orders:read")).await;
        assert_eq!(html.contains("id=\"password\""), !shared, "signed in already: {shared}");
    }
}

#[tokio::test]
async fn a_user_who_is_switched_off_or_has_another_password_is_signed_in_nowhere() {
    let server = Server::demo().await;
    let (alice, bob) = (Person::of(&server), Person::of(&server));
    let (hers, his) = (alice.install(ALICE).await, bob.install(BOB).await);
    let (main, name) = ("main".parse().unwrap(), "alice".parse().unwrap());
    server.clock.forward(Duration::from_secs(1));
    let password = identity::password::NewPassword::parse("another-password".to_owned().into()).unwrap();
    identity::manage::set_password(&name, password, &server.app.directory(&main)).await.unwrap();
    assert!(!is_silent(&alice, &of(&hers)).await);
    assert!(is_silent(&bob, &of(&his)).await);
    identity::manage::disable(&"bob".parse().unwrap(), &server.app.directory(&main)).await.unwrap();
    assert!(!is_silent(&bob, &of(&his)).await);
    let (page, _) = bob.page(&of(&his)).await;
    assert_eq!(bob.sign_in(&page, BOB).await.status, 403);
    let (page, _) = alice.page(&of(&hers)).await;
    assert_eq!(alice.sign_in(&page, ALICE).await.status, 403);
    assert_eq!(alice.sign_in(&page, ("alice", "another-password")).await.status, 303);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_what_was_given_for_as_long_as_it_lasts() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let credential = Who::Secret(install.credential());
    let tokens = |scope: &'static str| {
        let (alice, server, install) = (&alice, &server, &install);
        async move {
            let ask = Ask::code("customers", &install.id, scope);
            let location = alice.answer_all(&ask, ALICE).await;
            server.redeem("customers", credential, &location).await
        }
    };
    let for_the_session = tokens("openid orders:read").await;
    let for_longer = tokens("openid offline_access orders:read").await;

    let html = alice.get("/customers/logout").await.html();
    assert!(html.contains("alice"));
    let csrf = crate::person::hidden(&html, "csrf");
    // A link or a form of another site's ends nothing.
    assert_eq!(alice.post("/customers/logout", &[]).await.status, 403);
    assert_eq!(alice.post("/customers/logout", &[("csrf", "guessed")]).await.status, 403);
    assert!(is_silent(&alice, &of(&install)).await);
    let cookie = alice.cookie("__Host-session.customers").unwrap();
    let done = alice.post("/customers/logout", &[("csrf", &csrf)]).await;
    assert_eq!(done.status, 200);
    assert!(alice.cookie("__Host-session.customers").is_none());
    alice.plant("__Host-session.customers", &cookie);
    assert!(!is_silent(&alice, &of(&install)).await, "the cookie is worth nothing to whoever kept it");

    server
        .refresh("customers", credential, &for_the_session.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert_eq!(server.introspect("customers", &for_the_session.text("access_token")).await["active"], false);
    assert_eq!(server.refresh("customers", credential, &for_longer.text("refresh_token")).await.status, 200);
    assert_eq!(server.introspect("customers", &for_longer.text("access_token")).await["active"], true);
}

/// Another app's wish to see the password again is no reason to end what this one has.
#[tokio::test]
async fn whoever_signs_in_again_keeps_what_was_given_before() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let (one, other) = (alice.install(ALICE).await, alice.install(ALICE).await);
    let ask = Ask::code("customers", &one.id, "openid orders:read");
    let location = alice.answer_all(&ask, ALICE).await;
    let credential = Who::Secret(one.credential());
    let tokens = server.redeem("customers", credential, &location).await;
    let before = alice.cookie("__Host-session.customers").unwrap();
    alice.answer_all(&of(&other).with("prompt", "login"), ALICE).await;
    let after = alice.cookie("__Host-session.customers").unwrap();
    assert_ne!(before, after, "the secret is a new one");
    assert_eq!(server.introspect("customers", &tokens.text("access_token")).await["active"], true);
    assert_eq!(server.refresh("customers", credential, &tokens.text("refresh_token")).await.status, 200);
    let overheard = Person::of(&server);
    overheard.plant("__Host-session.customers", &before);
    assert!(!is_silent(&overheard, &of(&one)).await, "the old one is worth nothing");
    // Somebody else's sign-in ends it.
    let (page, _) = alice.page(&of(&other).with("prompt", "login")).await;
    alice.sign_in(&page, BOB).await;
    assert_eq!(server.introspect("customers", &tokens.text("access_token")).await["active"], false);
}

#[tokio::test]
async fn a_mark_holds_also_after_the_clock_has_stepped_back() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    server.clock.back(Duration::from_secs(600));
    let (main, name) = ("main".parse().unwrap(), "alice".parse().unwrap());
    let directory = server.app.directory(&main);
    let password = identity::password::NewPassword::parse("another-password".to_owned().into()).unwrap();
    identity::manage::set_password(&name, password, &directory).await.unwrap();
    assert!(!is_silent(&alice, &of(&install)).await);
    // And whoever signs in with the new one is signed in.
    let location = alice.answer_all(&of(&install), ("alice", "another-password")).await;
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    assert_eq!(server.introspect("customers", &tokens.text("access_token")).await["active"], true);
    assert!(is_silent(&alice, &of(&install)).await);
}

#[tokio::test]
async fn whoever_signs_in_as_somebody_else_than_was_hinted_at_is_not_asked_for_ever() {
    let server = Server::demo().await;
    let (alice, bob) = (Person::of(&server), Person::of(&server));
    let install = alice.install(ALICE).await;
    let location = alice.answer_all(&of(&install), ALICE).await;
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    let ask = of(&install).with("id_token_hint", &tokens.text("id_token"));
    let (page, _) = bob.page(&ask).await;
    bob.sign_in(&page, BOB).await;
    bob.get(&page).await.told("login_required", &server.issuer("customers"));
}

#[tokio::test]
async fn a_client_can_have_registered_how_old_a_sign_in_may_be() {
    let server = Server::with(|world| {
        let sign_in = "[profiles.open.sign_in]\n";
        world.replace(sign_in, &format!("{sign_in}remember_consent_to_anonymous_clients = true\n"))
    })
    .await;
    let alice = Person::of(&server);
    let app = server
        .open_client(
            &json!({"redirect_uris": [CALLBACK], "application_type": "native", "default_max_age": 60}),
        )
        .await;
    assert_eq!(app.json["default_max_age"], 60);
    let ask = Ask::code("open", &app.id, "openid orders:read");
    alice.answer_all(&ask, ALICE).await;
    assert!(is_silent(&alice, &ask).await);
    server.clock.forward(Duration::from_secs(61));
    alice.ask(&ask.clone().with("prompt", "none")).await.told("login_required", &server.issuer("open"));
    assert!(is_silent(&alice, &ask.clone().with("max_age", "61")).await, "the request's own comes first");
    let (_, html) = alice.page(&ask).await;
    assert!(html.contains("id=\"password\""));
}
