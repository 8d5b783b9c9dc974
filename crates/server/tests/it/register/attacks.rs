//! What somebody would try who has no right to register, or only once.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::world::{Answer, ENROLLER, Server, basic};

const BODY: &str = r#"{"software_id":"field-app"}"#;

async fn with_headers(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    server.send(Method::POST, path, &all, BODY).await
}

#[tokio::test]
async fn without_a_token_there_is_a_bare_challenge() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let query = format!("/staff/register?access_token={token}");
    let enroller = basic(ENROLLER);
    for (path, headers) in [
        ("/staff/register", vec![]),
        // RFC 6750 §2.2, §2.3: we look in the header and nowhere else.
        (query.as_str(), vec![]),
        ("/staff/register", vec![("authorization", enroller.as_str())]),
        ("/staff/register", vec![("authorization", "")]),
    ] {
        let answer = with_headers(&server, path, &headers).await;
        answer.refused(401, "invalid_token");
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer realm="staff""#,
            "no error code (RFC 6750 section 3.1)"
        );
    }
    let body = json!({"software_id": "field-app", "access_token": token});
    assert_eq!(server.register("staff", None, &body).await.status, 401);
    assert_eq!(
        server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await.status,
        201
    );
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_invalid_and_says_no_more() {
    let server = Server::with(|world| {
        // A second profile with the very same door.
        let staff =
            world.split("# Machines register").nth(1).unwrap().split("# People register").next().unwrap();
        let twin = staff.replace("profiles.staff", "profiles.twin");
        format!("{world}\n#{twin}")
    })
    .await;
    let spent = server.dcr().await;
    assert_eq!(server.register_raw("staff", Some(&spent), BODY).await.status, 201);
    let revoked = server.dcr().await;
    let enroller = basic(ENROLLER);
    server.post_form("/staff/revoke", &[("authorization", &enroller)], &[("token", &revoked)]).await;
    let expired = server.dcr().await;
    server.clock.forward(Duration::from_secs(600));
    let foreign = server.token("twin", ENROLLER, Some("dcr")).await.text("access_token");
    let good = server.dcr().await;
    // Another token's name with this one's proof, and one character changed.
    let spliced = format!("{}{}", &spent[..30], &good[30..]);
    let forged = format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'E' } else { 'A' });

    let mut answers = Vec::new();
    for token in [
        &spent,
        &foreign,
        &revoked,
        &expired,
        &spliced,
        &forged,
        "mia_",
        "x",
        "e30.e30.AA",
        "a b",
        "\"",
        "a,b",
    ] {
        let answer = server.register_raw("staff", Some(token), BODY).await;
        answer.refused(401, "invalid_token");
        assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
        answers.push(answer.body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "all alike: {answers:?}");
    assert_eq!(
        server.register_raw("twin", Some(&foreign), BODY).await.status,
        201,
        "it was good where it came from"
    );

    let twice = [("authorization", format!("Bearer {good}")), ("authorization", format!("Bearer {good}"))];
    let twice: Vec<_> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = with_headers(&server, "/staff/register", &twice).await;
    let description = answer.refused(400, "invalid_request").description();
    assert!(description.contains("more than one Authorization header"), "{description}");
    assert_eq!(server.register_raw("staff", Some(&good), BODY).await.status, 201);
}

#[tokio::test]
async fn an_access_token_without_dcr_is_not_enough() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    let token = server.token("staff", client.credential(), None).await.text("access_token");
    let answer = server.register_raw("staff", Some(&token), BODY).await;
    answer.refused(403, "insufficient_scope");
    assert_eq!(answer.text("scope"), "dcr");
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.contains(r#"error="insufficient_scope""#) && challenge.ends_with(r#"scope="dcr""#),
        "{challenge}"
    );

    let (head, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(86));
    server.register_raw("staff", Some(&forged), BODY).await.refused(401, "invalid_token");
    server.register_raw("open", Some(&token), BODY).await.refused(401, "invalid_token");
    server.clock.forward(Duration::from_secs(600));
    server.register_raw("staff", Some(&token), BODY).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_thousand_uses_of_one_token_at_once_make_one_client() {
    let server = Arc::new(Server::demo().await);
    let token = server.dcr().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..1_000 {
        let (server, token) = (Arc::clone(&server), token.clone());
        tasks.spawn(async move {
            // Half of them through each door.
            let body = if n % 2 == 0 {
                BODY.to_owned()
            } else {
                json!({"grant_types": ["client_credentials"]}).to_string()
            };
            server.register_raw("staff", Some(&token), body).await
        });
    }
    let mut created = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 201 {
            created.push(answer);
        } else {
            answer.refused(401, "invalid_token");
        }
    }
    assert_eq!(created.len(), 1);
}

#[tokio::test]
async fn templates_that_are_closed_gone_or_never_were_are_refused_alike() {
    let mut server = Server::with(|world| {
        world
            + r#"
[profiles.staff.clients.other]
client_secret_sha256 = "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c"
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.of-another]
access = { clients = ["other"] }
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.of-nobody]
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.disabled]
access = { clients = ["enroller"] }
status = "disabled"
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.removed]
access = { clients = ["enroller"] }
metadata = { grant_types = ["client_credentials"] }
"#
    })
    .await;
    server.reload("[profiles.staff.templates.removed]", "[profiles.staff.templates.renamed]").await.unwrap();
    let token = server.dcr().await;
    let mut answers = Vec::new();
    for template in ["of-another", "of-nobody", "disabled", "removed", "never-heard-of", "no such name"] {
        // With a definition beside it, a name that once meant a template still goes through the template's door.
        let with_definition = json!({"software_id": template, "grant_types": ["client_credentials"]});
        let bodies = match template {
            "never-heard-of" | "no such name" => vec![json!({"software_id": template})],
            _ => vec![json!({"software_id": template}), with_definition],
        };
        for body in bodies {
            let answer = server.register("staff", Some(&token), &body).await;
            answer.refused(400, "invalid_client_metadata");
            answers.push(answer.body);
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "all alike: {answers:?}");

    // Where there is no door for definitions, whatever names no template is refused in the same way.
    server
        .reload("[profiles.staff.registration.own]\naccess = { clients = [\"enroller\"] }", "")
        .await
        .unwrap();
    let body = json!({"software_id": "plain", "grant_types": ["client_credentials"]});
    assert_eq!(server.register("staff", Some(&token), &body).await.body, answers[0]);
}

#[tokio::test]
async fn a_token_got_for_one_door_does_not_open_another() {
    let server = Server::with(|world| {
        world
            + r#"
[profiles.staff.clients.other]
client_secret_sha256 = "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c"
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.of-other]
access = { clients = ["other"] }
metadata = { grant_types = ["client_credentials"] }
"#
    })
    .await;
    let token = server.token("staff", ("other", "enroller-secret"), Some("dcr")).await.text("access_token");
    let own = server.register("staff", Some(&token), &json!({"grant_types": ["client_credentials"]})).await;
    own.refused(403, "insufficient_scope");
    assert!(own.description().contains("not got by a client that may register others here"));
    server.register_raw("staff", Some(&token), BODY).await.refused(400, "invalid_client_metadata");
    assert_eq!(server.register("staff", Some(&token), &json!({"software_id": "of-other"})).await.status, 201);
}

/// Switching a client off is what an operator does when its secret has leaked.
#[tokio::test]
async fn a_token_of_a_client_that_was_switched_off_opens_nothing() {
    let mut server = Server::demo().await;
    let token = server.dcr().await;
    let (on, off) =
        ("[profiles.staff.clients.enroller]", "[profiles.staff.clients.enroller]\nenabled = false");
    server.reload(on, off).await.unwrap();
    server.register_raw("staff", Some(&token), BODY).await.refused(401, "invalid_token");
    server.reload(off, on).await.unwrap();
    assert_eq!(server.register_raw("staff", Some(&token), BODY).await.status, 201);
}

/// A token that a user signed in for opens no door for clients. (Nobody can sign in yet, so it is put into the store.)
#[tokio::test]
async fn a_token_that_a_user_signed_in_for_opens_no_door_for_clients() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    assert_eq!(server.kept.does("UPDATE initial_access_tokens SET subject = 'alice'").await, 1);
    let own = json!({"grant_types": ["client_credentials"]});
    let answer = server.register("staff", Some(&token), &own).await;
    let description = answer.refused(403, "insufficient_scope").description();
    assert!(description.contains("not got by a client that may register others"), "{description}");
    let instance = server.register_raw("staff", Some(&token), BODY).await;
    instance.refused(400, "invalid_client_metadata");
    assert_eq!(
        server.kept.does("UPDATE initial_access_tokens SET subject = NULL WHERE spent_at IS NULL").await,
        1
    );
    assert_eq!(server.register_raw("staff", Some(&token), BODY).await.status, 201, "and it is not spent");
}

/// A clock that was ahead is put right: what is made from then on must be good, although names never go back.
#[tokio::test]
async fn tokens_are_good_after_the_clock_has_stepped_back() {
    let server = Server::demo().await;
    server.clock.forward(Duration::from_secs(86_400));
    server.dcr().await;
    server.clock.back(Duration::from_secs(86_400));
    let token = server.dcr().await;
    assert_eq!(server.register_raw("staff", Some(&token), BODY).await.status, 201);
}

#[tokio::test]
async fn a_name_that_is_nearly_a_templates_makes_no_client_of_another_kind() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let closed = server.register("staff", Some(&token), &json!({"software_id": "no such"})).await.body;
    for (software_id, more) in [
        ("Field-App", json!({"grant_types": ["client_credentials"]})),
        (" field-app ", json!({"grant_types": ["client_credentials"]})),
        ("feild-app", json!({"client_name": "Alice's phone"})),
        ("feild-app", json!({"software_version": "4", "scope": "orders:read"})),
    ] {
        let mut body = more;
        body["software_id"] = json!(software_id);
        let answer = server.register("staff", Some(&token), &body).await;
        answer.refused(400, "invalid_client_metadata");
        assert_eq!(answer.body, closed, "{body}");
    }
}

#[tokio::test]
async fn nobody_registers_where_nothing_is_said_of_it() {
    let server = Server::demo().await;
    for token in [None, Some("mia_x")] {
        server.register_raw("closed", token, BODY).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_token_outlives_the_right_to_use_it_but_opens_nothing_then() {
    let mut server = Server::demo().await;
    let token = server.dcr().await;
    let door = "[profiles.staff.templates.field-app]\naccess = { clients = [\"enroller\"] }";
    server.reload(door, "[profiles.staff.templates.field-app]").await.unwrap();
    server.register_raw("staff", Some(&token), BODY).await.refused(400, "invalid_client_metadata");
    server.reload("[profiles.staff.templates.field-app]", door).await.unwrap();
    assert_eq!(server.register_raw("staff", Some(&token), BODY).await.status, 201);
}
