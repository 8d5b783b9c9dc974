//! The assisted token flow: a page of a registered origin asks in a frame, and in a window where a person is needed.

use serde_json::Value;

use crate::person::{ALICE, Person};
use crate::world::{Answer, Server};

const ORIGIN: &str = "http://127.0.0.1:8702";
const PATH: &str = "/customers/assisted-token?client_id=shop-app&scope=dcr";

/// What a page is told, and which origins are.
fn message(answer: &Answer) -> (Vec<String>, Value) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let html = answer.html();
    let letter = html.split("<script type=\"application/json\" id=\"letter\">").nth(1).unwrap();
    let letter: Value = serde_json::from_str(letter.split("</script>").next().unwrap()).unwrap();
    let targets =
        letter["targets"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
    (targets, letter["message"].clone())
}

async fn open(person: &Person<'_>, path: &str, destination: &str) -> Answer {
    *person.headers.borrow_mut() = vec![("sec-fetch-dest", destination.to_owned())];
    let answer = person.get(path).await;
    person.headers.borrow_mut().clear();
    answer
}

#[tokio::test]
async fn a_frame_is_told_to_open_a_window_and_is_silent_afterwards() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let framed = open(&alice, PATH, "iframe").await;
    let policy = framed.header("content-security-policy").to_owned();
    assert!(policy.contains(&format!("frame-ancestors {ORIGIN}")), "{policy}");
    assert_eq!(framed.header("x-frame-options"), "");
    let (targets, told) = message(&framed);
    assert_eq!((targets, told["error"].as_str()), (vec![ORIGIN.to_owned()], Some("interaction_required")));

    // In a window there is a page, and then the answer.
    let window = open(&alice, PATH, "document").await;
    let page = window.header("location").to_owned();
    assert_eq!(alice.get(&page).await.header("x-frame-options"), "DENY", "what takes input is never framed");
    alice.sign_in(&page, ALICE).await;
    let (targets, told) = message(&alice.allow(&page).await);
    assert_eq!(targets, [ORIGIN]);
    assert_eq!((told["scope"].as_str(), told["token_type"].as_str()), (Some("dcr"), Some("Bearer")));
    assert!(told["sub"].is_string() && told["expires_in"] == 600);

    // From now on the frame's own cookie is enough, and the consent is remembered.
    let cookie = alice.cookie("__Host-frame.customers").unwrap();
    let only_frame = Person::of(&server);
    only_frame.plant("__Host-frame.customers", &cookie);
    let (_, told) = message(&open(&only_frame, PATH, "iframe").await);
    let dcr = told["access_token"].as_str().unwrap();
    let body = serde_json::json!({"software_id": "shop-install"});
    let answer = server.register("customers", Some(dcr), &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    // The cookie that others could have sent opens no page.
    let window = open(&only_frame, PATH, "document").await;
    assert!(alice.get(window.header("location")).await.status == 403);
}

#[tokio::test]
async fn every_error_is_told_to_registered_origins_and_nobody_else() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    for (query, error) in [
        ("client_id=shop-app", "invalid_scope"),
        ("client_id=shop-app&scope=orders:read", "invalid_scope"),
        ("client_id=shop-app&scope=dcr+orders:read", "invalid_scope"),
        ("client_id=shop-app&scope=dcr&response_type=token", "unsupported_response_type"),
        ("client_id=shop-app&scope=dcr&prompt=login", "invalid_request"),
        ("client_id=shop-app&scope=dcr&scope=dcr", "invalid_request"),
        ("client_id=shop-app&scope=dcr&for_origin=https://evil.example", "invalid_request"),
        ("client_id=shop-app&scope=dcr&prompt=none", "interaction_required"),
    ] {
        for destination in ["iframe", "document"] {
            let answer = open(&alice, &format!("/customers/assisted-token?{query}"), destination).await;
            let (targets, told) = message(&answer);
            assert_eq!((targets, told["error"].as_str()), (vec![ORIGIN.to_owned()], Some(error)), "{query}");
            assert!(!answer.html().contains("evil.example"));
        }
    }
    alice.install(ALICE).await;
    let (_, told) = message(&open(&alice, PATH, "iframe").await);
    assert_eq!(told["error"], "consent_required");
    let none = open(&alice, &format!("{PATH}&prompt=none"), "document").await;
    assert_eq!(message(&none).1["error"], "consent_required");

    // Without a client that has origins nobody can be told, and nobody may frame that.
    for (path, error) in [
        ("/customers/assisted-token?client_id=orders-api&scope=dcr", "invalid_request"),
        ("/customers/assisted-token?client_id=nobody&scope=dcr", "invalid_client"),
        ("/customers/assisted-token?scope=dcr", "invalid_request"),
    ] {
        let answer = open(&alice, path, "iframe").await;
        answer.error_page(400, error);
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn a_person_can_say_no_and_a_page_can_ask_for_the_question() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let window = open(&alice, PATH, "document").await;
    let page = window.header("location").to_owned();
    alice.sign_in(&page, ALICE).await;
    let denied = alice.post(&format!("{page}/consent"), &[("decision", "deny")]).await;
    assert_eq!(message(&denied).1["error"], "access_denied");
    let window = open(&alice, PATH, "document").await;
    alice.allow(window.header("location")).await;
    let asked = open(&alice, &format!("{PATH}&prompt=consent"), "document").await;
    assert!(alice.get(asked.header("location")).await.html().contains("id=\"allow\""));
    let framed = open(&alice, &format!("{PATH}&prompt=consent"), "iframe").await;
    assert_eq!(message(&framed).1["error"], "consent_required");
}

#[tokio::test]
async fn a_profile_without_the_switch_has_neither_the_flow_nor_its_cookie() {
    let server = Server::with(|world| world.replace("assisted_token = true", "assisted_token = false")).await;
    let alice = Person::of(&server);
    alice.install(ALICE).await;
    assert!(alice.cookie("__Host-frame.customers").is_none());
    open(&alice, PATH, "iframe").await.refused(404, "not_found");
    let metadata = server.get("/customers/.well-known/openid-configuration").await.json();
    assert!(metadata.get("assisted_token_endpoint").is_none());
}
