//! Every request has a name, and it is in its answer.

use std::collections::BTreeSet;

use http::Method;

use crate::person::{ALICE, Ask, Person};
use crate::world::{Answer, Server};

#[track_caller]
fn name(answer: &Answer) -> String {
    let name = answer.header("x-request-id");
    let is_ours = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    assert!(name.len() == 22 && name.bytes().all(is_ours), "{answer:?}");
    assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1);
    name.to_owned()
}

#[tokio::test]
async fn every_answer_has_a_name_of_its_own() {
    let server = Server::demo().await;
    let person = Person::of(&server);
    let (page, _) = person.page(&Ask::dcr()).await;
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    let answers = [
        server.get("/staff/jwks").await,
        server.get("/staff/jwks").await,
        server.get("/no-such-profile").await,
        server.get("/staff/no-such-endpoint").await,
        server.get("/staff/token").await,
        server.send(Method::GET, "/staff/jwks", &[("host", "a b")], "").await,
        server.send(Method::OPTIONS, "/staff/token", &preflight, "").await,
        server.token("staff", ("enroller", "wrong"), None).await,
        server.register("staff", None, &serde_json::json!({})).await,
        person.get(&page).await,
        person.sign_in(&page, ALICE).await,
        person.get("/customers/authorize?client_id=nobody").await,
    ];
    let names: BTreeSet<String> = answers.iter().map(name).collect();
    assert_eq!(names.len(), answers.len(), "no name is given twice");
    let from_a_page = server.send(Method::GET, "/staff/jwks", &[("origin", "https://app.example")], "").await;
    assert!(from_a_page.header("access-control-expose-headers").contains("x-request-id"));
}

#[tokio::test]
async fn nobody_else_names_a_request() {
    let server = Server::demo().await;
    let theirs = "AAAAAAAAAAAAAAAAAAAAAA";
    let answer = server.send(Method::GET, "/staff/jwks", &[("x-request-id", theirs)], "").await;
    assert_ne!(name(&answer), theirs);
}
