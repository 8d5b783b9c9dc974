//! OpenID Connect Core §5.3.

use http::Method;
use serde_json::json;

use crate::person::{ALICE, Ask, BOB, Person, Who};
use crate::world::{Answer, Server};

async fn userinfo(server: &Server, method: Method, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    server.send(method, "/open/userinfo", &[("authorization", &bearer)], "").await
}

#[tokio::test]
async fn a_client_learns_what_its_scope_lets_it() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let alice = Person::of(&server);
    for (scope, claims) in [
        ("openid", &["sub"][..]),
        ("openid email", &["email", "email_verified", "sub"]),
        ("openid phone", &["phone_number", "phone_number_verified", "sub"]),
        ("openid address", &["address", "sub"]),
    ] {
        let location = alice.answer_all(&Ask::code("open", &app.id, scope), ALICE).await;
        let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
        for method in [Method::GET, Method::POST] {
            let answer = userinfo(&server, method, &tokens.text("access_token")).await;
            assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
            let json = answer.json();
            let mut told: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
            told.sort_unstable();
            assert_eq!(told, claims, "{scope}");
        }
    }
    let location = alice.answer_all(&Ask::code("open", &app.id, "openid profile"), ALICE).await;
    let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
    let json = userinfo(&server, Method::GET, &tokens.text("access_token")).await.json();
    assert_eq!((&json["given_name"], &json["updated_at"]), (&json!("Alice"), &json!(1_795_421_565)));
    assert_eq!(tokens.id_token_claims()["sub"], json["sub"], "the same as in the ID token (section 5.3.2)");
}

#[tokio::test]
async fn a_token_for_something_else_learns_nothing() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
    let without = userinfo(&server, Method::GET, &tokens.text("access_token")).await;
    assert!(
        without.refused(403, "insufficient_scope").header("www-authenticate").contains("scope=\"openid\"")
    );
    let machine = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    let own = server.token("open", machine.credential(), None).await.text("access_token");
    userinfo(&server, Method::GET, &own).await.refused(403, "insufficient_scope");
    let dcr = server.dcr().await;
    for other in [dcr, tokens.text("refresh_token"), "rubbish".to_owned()] {
        let answer = userinfo(&server, Method::GET, &other).await;
        assert!(answer.refused(401, "invalid_token").header("www-authenticate").contains("invalid_token"));
    }
    let bare = server.get("/open/userinfo").await;
    assert_eq!((bare.status.as_u16(), bare.header("www-authenticate")), (401, "Bearer realm=\"open\""));
    // A token in the query is in every log on the way.
    let token = tokens.text("access_token");
    assert_eq!(server.get(&format!("/open/userinfo?access_token={token}")).await.status, 401);
    server.get("/staff/userinfo").await.refused(404, "not_found");
}

/// OpenID Connect Core §2: at most 255 characters of ASCII, and never given to somebody else.
#[tokio::test]
async fn a_user_has_one_name_among_clients_and_nobody_else_has_it() {
    let server = Server::demo().await;
    let mut subjects = Vec::new();
    for user in [ALICE, ALICE, BOB] {
        let app = server.web_app().await;
        let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "openid"), user).await;
        let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
        let subject = tokens.id_token_claims()["sub"].as_str().unwrap().to_owned();
        assert!(subject.is_ascii() && (1..=255).contains(&subject.len()), "{subject}");
        // Not even the name that somebody signs in with, which may be another's one day.
        assert!(!subject.contains("alice") && !subject.contains("bob"));
        subjects.push(subject);
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
}
