//! Who is asked whether a client may, what they are shown, and how long that lasts.

use serde_json::json;

use crate::person::{ALICE, Ask, BOB, CALLBACK, Person, Who, hidden, parameter};
use crate::world::{Registered, Server};

async fn asks_for_consent(person: &Person<'_>, ask: &Ask) -> bool {
    let answer = person.ask(ask).await;
    let location = answer.header("location").to_owned();
    if location.starts_with(CALLBACK) {
        return false;
    }
    let html = person.get(&location).await.html();
    assert!(html.contains("name=\"shown\""), "{html}");
    true
}

/// A client that Alice registered, with a definition of its own.
async fn client_of_alice(server: &Server, alice: &Person<'_>, more: serde_json::Value) -> Registered {
    let location = alice.answer_all(&Ask::dcr(), ALICE).await;
    let dcr = server.redeem("customers", Who::Public("shop-app"), &location).await.text("access_token");
    let mut body = json!({"redirect_uris": [CALLBACK], "client_name": "Ledger"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.register("customers", Some(&dcr), &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    Registered::of(&answer)
}

#[tokio::test]
async fn a_page_says_who_asks_since_when_and_how_it_came_where_it_goes_and_for_what() {
    let server = Server::demo().await;
    let app = server
        .open_client(&json!({
            "client_name": "Acme <b>reports</b>", "redirect_uris": ["https://acme.example/cb"],
            "client_uri": "https://acme.example", "policy_uri": "https://acme.example/privacy",
        }))
        .await;
    let person = Person::of(&server);
    let ask = Ask::code("open", &app.id, "openid email orders:read")
        .with("redirect_uri", "https://acme.example/cb");
    let (page, html) = person.page(&ask).await;
    assert!(html.contains("acme.example"), "the sign-in page says where it goes");
    person.sign_in(&page, ALICE).await;
    let html = person.get(&page).await.html();
    for wanted in [
        "Acme &#60;b&#62;reports&#60;/b&#62;",
        "Registered itself on 23 November 2026",
        "acme.example",
        "https://acme.example/privacy",
        "See your orders",
        "id=\"caution\"",
        "alice",
    ] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
    assert!(!html.contains("<b>reports"));
}

#[tokio::test]
async fn consent_to_a_client_that_can_prove_who_it_is_is_remembered_for_that_and_no_more() {
    let server = Server::demo().await;
    let (alice, bob) = (Person::of(&server), Person::of(&server));
    let client = client_of_alice(&server, &alice, json!({})).await;
    let ask = |scope: &str| Ask::code("customers", &client.id, scope);
    assert!(asks_for_consent(&alice, &ask("openid orders:read")).await);
    alice.answer_all(&ask("openid orders:read"), ALICE).await;
    assert!(!asks_for_consent(&alice, &ask("openid orders:read")).await);
    assert!(!asks_for_consent(&alice, &ask("openid")).await, "less is covered");
    assert!(asks_for_consent(&alice, &ask("openid orders:write")).await, "more is not");
    assert!(asks_for_consent(&alice, &ask("openid").with("prompt", "consent")).await);
    let none = ask("openid orders:write").with("prompt", "none");
    alice.ask(&none).await.told("consent_required", &server.issuer("customers"));
    bob.install(BOB).await;
    assert!(asks_for_consent(&bob, &ask("openid")).await, "another user's is another one");

    // What was added is remembered beside what was there.
    alice.answer_all(&ask("orders:write"), ALICE).await;
    assert!(!asks_for_consent(&alice, &ask("openid orders:read orders:write")).await);
}

#[tokio::test]
async fn consent_is_for_one_destination() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let uris = json!({"redirect_uris": [CALLBACK, "https://acme.example/cb"], "application_type": "native"});
    let client = client_of_alice(&server, &alice, uris).await;
    let ask = Ask::code("customers", &client.id, "openid");
    alice.answer_all(&ask, ALICE).await;
    assert!(!asks_for_consent(&alice, &ask).await);
    let other_port = ask.clone().with("redirect_uri", "http://127.0.0.1:5/callback");
    let answer = alice.ask(&other_port).await;
    assert!(answer.header("location").starts_with("http://127.0.0.1:5/callback?code="), "a port is no place");
    assert!(asks_for_consent(&alice, &ask.with("redirect_uri", "https://acme.example/cb")).await);
}

#[tokio::test]
async fn a_client_that_registered_itself_anonymously_is_asked_about_every_time() {
    for remembers in [false, true] {
        let server = Server::with(|world| {
            let switch = format!("remember_consent_to_anonymous_clients = {remembers}");
            world.replace("refresh_tokens_for_public_clients = true", &switch)
        })
        .await;
        let app = server.web_app().await;
        let person = Person::of(&server);
        let ask = Ask::code("open", &app.id, "orders:read");
        person.answer_all(&ask, ALICE).await;
        assert_eq!(asks_for_consent(&person, &ask).await, !remembers);
    }
}

#[tokio::test]
async fn consent_is_implied_for_an_install_of_ones_own_and_for_nobody_elses() {
    let server = Server::demo().await;
    let (alice, bob) = (Person::of(&server), Person::of(&server));
    let install = alice.install(ALICE).await;
    bob.install(BOB).await;
    let ask = Ask::code("customers", &install.id, "openid orders:read");
    assert!(!asks_for_consent(&alice, &ask).await);
    assert!(asks_for_consent(&bob, &ask).await);
    bob.answer_all(&ask, BOB).await;
    assert!(asks_for_consent(&bob, &ask).await, "each time: it is on somebody else's device");
    // A template that the operator does not call the own is asked about.
    let server = Server::with(|world| world.replace("first_party = true", "first_party = false")).await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    assert!(asks_for_consent(&alice, &Ask::code("customers", &install.id, "openid")).await);
}

/// RFC 8252 §8.6: any program on the device can send what a public client sends.
#[tokio::test]
async fn nothing_registers_itself_on_a_device_without_a_page_that_its_user_saw() {
    for first_party in [false, true] {
        let server = Server::with(|world| {
            let origins = "allowed_origins = [\"http://127.0.0.1:8702\"]";
            world.replace(origins, &format!("{origins}\nfirst_party = {first_party}"))
        })
        .await;
        let alice = Person::of(&server);
        alice.install(ALICE).await;
        // Signed in, and consented a moment ago: a page all the same.
        for ask in [Ask::dcr(), Ask::dcr().with("response_type", "token")] {
            let (page, html) = alice.page(&ask).await;
            assert!(html.contains("name=\"shown\"") && html.contains("id=\"allow\""), "{html}");
            let denied = alice.post(&format!("{page}/consent"), &[("decision", "deny")]).await;
            assert_eq!(parameter(denied.header("location"), "error").as_deref(), Some("access_denied"));
            let none = ask.with("prompt", "none");
            let answer = alice.ask(&none).await;
            assert_eq!(
                parameter(answer.header("location"), "error").as_deref(),
                Some("interaction_required")
            );
        }
    }
}

#[tokio::test]
async fn a_public_client_on_a_device_is_asked_about_every_time_and_one_behind_tls_once() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let public = json!({"token_endpoint_auth_method": "none"});
    let on_device = client_of_alice(&server, &alice, public).await;
    let ask = Ask::code("customers", &on_device.id, "orders:read");
    alice.answer_all(&ask, ALICE).await;
    assert!(asks_for_consent(&alice, &ask).await);
    let behind_tls =
        json!({"token_endpoint_auth_method": "none", "redirect_uris": ["https://acme.example/cb"]});
    let behind_tls = client_of_alice(&server, &alice, behind_tls).await;
    let ask =
        Ask::code("customers", &behind_tls.id, "orders:read").with("redirect_uri", "https://acme.example/cb");
    alice.answer_all(&ask, ALICE).await;
    let again = alice.ask(&ask).await;
    assert!(again.header("location").starts_with("https://acme.example/cb?code="), "{again:?}");
}

#[tokio::test]
async fn a_template_that_changes_while_the_user_reads_is_shown_as_it_is_now() {
    let mut server = Server::with(|world| world.replace("first_party = true", "first_party = false")).await;
    let install = Person::of(&server).install(ALICE).await;
    let ask = Ask::code("customers", &install.id, "openid orders:read orders:write");
    let (page, shown, cookies) = {
        let alice = Person::of(&server);
        let (page, _) = alice.page(&ask).await;
        alice.sign_in(&page, ALICE).await;
        let shown = hidden(&alice.get(&page).await.html(), "shown");
        let names = ["__Host-browser.customers", "__Host-session.customers"];
        (page, shown, names.map(|name| (name, alice.cookie(name).unwrap())))
    };
    let scope = "scope = \"openid profile offline_access orders:read orders:write\"";
    server.reload(scope, "scope = \"openid orders:read\"").await.unwrap();
    let alice = Person::of(&server);
    cookies.iter().for_each(|(name, value)| alice.plant(name, value));
    let answer = alice.post(&format!("{page}/consent"), &[("decision", "allow"), ("shown", &shown)]).await;
    assert_eq!(answer.header("location"), page, "the page is shown again, with what is now");
    let location = alice.allow(&page).await.header("location").to_owned();
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    assert_eq!(tokens.text("scope"), "openid orders:read");
}
