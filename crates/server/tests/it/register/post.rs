//! RFC 7591 §3: requests that are answered with a client.

use protocol::jose::{SignatureAlgorithm, SigningKey};
use serde_json::{Value, json};

use crate::world::{ENROLLER, NOW, Registered, Server};

#[tokio::test]
async fn an_instance_needs_nothing_but_the_name_of_its_template() {
    let server = Server::demo().await;
    let answer =
        server.register("staff", Some(&server.dcr().await), &json!({"software_id": "field-app"})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let mut json = answer.json();
    let client = json.as_object_mut().unwrap();
    let id = client.remove("client_id").unwrap();
    let secret = client.remove("client_secret").unwrap();
    let words = |value: &Value| {
        let text = value.as_str().unwrap().to_owned();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
        text
    };
    assert_eq!(words(&id).len(), 26);
    assert!(words(&secret).len() >= 43, "256 bits in 6-bit characters");
    assert_eq!(
        json,
        json!({
            "application_type": "web",
            "client_id_issued_at": NOW,
            "client_name": "Field app",
            "client_secret_expires_at": 0,
            "grant_types": ["client_credentials"],
            "response_types": [],
            "scope": "orders:read orders:write",
            "software_id": "field-app",
            "token_endpoint_auth_method": "client_secret_basic",
        })
    );
}

#[tokio::test]
async fn a_client_with_a_definition_of_its_own_gets_what_it_asked_for() {
    let server = Server::demo().await;
    let body = json!({
        "client_name": "Reports", "client_name#fr": "Rapports", "client_uri": "https://reports.example/",
        "contacts": ["ops@reports.example"], "grant_types": ["client_credentials"], "scope": "orders:read",
        "software_id": "reports", "software_version": "4.1", "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": ["https://reports.example/cb"], "x-unknown": {"ignored": true},
    });
    let answer = server.register("staff", Some(&server.dcr().await), &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let echo = answer.json();
    for (member, asked) in body.as_object().unwrap() {
        let expected = if member == "x-unknown" { &Value::Null } else { asked };
        assert_eq!(&echo[member], expected, "{member}");
    }
    assert!(!answer.body.windows(4).any(|window| window == b"null"));
    let client = Registered::of(&answer);
    let form =
        [("grant_type", "client_credentials"), ("client_id", &client.id), ("client_secret", &client.secret)];
    assert_eq!(server.post_form("/staff/token", &[], &form).await.text("scope"), "orders:read");
}

#[tokio::test]
async fn every_registration_has_an_id_and_a_secret_of_its_own_and_ids_sort_by_time() {
    let server = Server::demo().await;
    let mut ids = Vec::new();
    let mut secrets = std::collections::HashSet::new();
    for _ in 0..50 {
        let client = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
        assert!(!client.id.starts_with("https://"));
        assert!(secrets.insert(client.secret));
        ids.push(client.id);
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

#[tokio::test]
async fn what_the_server_stored_has_no_secret_in_the_clear() {
    let mut server = Server::demo().await;
    let token = server.dcr().await;
    let client =
        Registered::of(&server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await);
    server.stop().await;
    let kept = server.kept.everything().await;
    for secret in [&client.secret, &token] {
        let random_part = &secret.as_bytes()[secret.len() - 32..];
        assert!(!kept.windows(32).any(|window| window == random_part));
    }
}

#[tokio::test]
async fn an_open_door_admits_with_and_without_a_token() {
    let server = Server::demo().await;
    let body = json!({"grant_types": ["client_credentials"]});
    assert_eq!(server.register("open", None, &body).await.status, 201);
    // A token of another profile's is none here, and a bad token is not as good as none.
    let foreign = server.dcr().await;
    server.register("open", Some(&foreign), &body).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn the_scope_is_the_doors_default_where_none_is_asked_for() {
    let server = Server::with(|world| {
        world.replace(
            "access = \"open\"",
            "access = \"open\"\nscopes = [\"orders:read\", \"orders:write\"]\ndefault_scopes = [\"orders:read\"]",
        )
    })
    .await;
    for body in [
        json!({"grant_types": ["client_credentials"]}),
        json!({"grant_types": ["client_credentials"], "scope": ""}),
    ] {
        assert_eq!(server.open_client(&body).await.json["scope"], "orders:read");
    }
    let wide = json!({"grant_types": ["client_credentials"], "scope": "orders:write"});
    assert_eq!(server.open_client(&wide).await.json["scope"], "orders:write");
}

#[tokio::test]
async fn an_instance_of_a_signing_template_brings_the_key_that_it_made() {
    let server = Server::with(|world| {
        world
            + r#"
[profiles.staff.templates.sensor]
access = { clients = ["enroller"] }
may_set = ["client_name"]
[profiles.staff.templates.sensor.metadata]
grant_types = ["client_credentials"]
token_endpoint_auth_method = "private_key_jwt"
"#
    })
    .await;
    let jwks = json!({"keys": [SigningKey::generate(SignatureAlgorithm::Es256).unwrap().0.public_jwk()]});
    let token = server.dcr().await;
    let refused = server.register("staff", Some(&token), &json!({"software_id": "sensor"})).await;
    assert!(refused.refused(400, "invalid_client_metadata").description().starts_with("jwks is missing"));
    let body = json!({"software_id": "sensor", "client_name": "Cold store 7", "jwks": jwks});
    let answer = server.register("staff", Some(&token), &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let echo = answer.json();
    assert_eq!((&echo["jwks"], &echo["client_name"]), (&jwks, &json!("Cold store 7")));
    assert!(echo.get("client_secret").is_none() && echo.get("client_secret_expires_at").is_none());
}

#[tokio::test]
async fn a_name_in_one_language_stands_beside_what_the_template_says_in_others() {
    let server = Server::with(|world| {
        world.replace(
            "[profiles.staff.templates.field-app]",
            "[profiles.staff.templates.field-app]\nmay_set = [\"client_name\"]",
        )
    })
    .await;
    let body = json!({"software_id": "field-app", "client_name#fr": "Le mien"});
    let echo = server.register("staff", Some(&server.dcr().await), &body).await.json();
    assert_eq!((&echo["client_name"], &echo["client_name#fr"]), (&json!("Field app"), &json!("Le mien")));
    let body = json!({"software_id": "field-app", "client_name": "Mine"});
    let echo = server.register("staff", Some(&server.dcr().await), &body).await.json();
    assert_eq!(echo["client_name"], "Mine");
}

#[tokio::test]
async fn a_grant_that_is_not_served_goes_without_more_ado() {
    let server = Server::demo().await;
    for grants in
        [json!(["client_credentials", "implicit"]), json!(["client_credentials", "password", "magic"])]
    {
        let client = server.open_client(&json!({"grant_types": grants})).await;
        assert_eq!(client.json["grant_types"], json!(["client_credentials"]));
    }
}

#[tokio::test]
async fn a_secret_that_ends_says_when() {
    let server = Server::with(|world| {
        world.replace("access = \"open\"", "access = \"open\"\nclient_secret_ttl = 3600").replace(
            "[profiles.staff.templates.field-app]",
            "[profiles.staff.templates.field-app]\nclient_secret_ttl = 60",
        )
    })
    .await;
    let own = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    assert_eq!(own.json["client_secret_expires_at"], NOW + 3600);
    assert_eq!(server.instance("field-app").await.json["client_secret_expires_at"], NOW + 60);
}

/// RFC 7591 §2: software_id is plain metadata where it names no template and there is a definition beside it.
#[tokio::test]
async fn a_software_id_that_never_named_a_template_is_plain_metadata() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let body = json!({"software_id": "4NRB1-0XZABZI9E6-5SM3R", "grant_types": ["client_credentials"]});
    let answer = server.register("staff", Some(&token), &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text("software_id").as_str()),
        (201, "4NRB1-0XZABZI9E6-5SM3R")
    );
}

#[tokio::test]
async fn only_a_client_that_a_door_names_gets_a_token_to_register_with() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    server.token("staff", client.credential(), Some("dcr")).await.refused(400, "invalid_scope");
    let unasked = server.token("staff", ENROLLER, None).await;
    assert!(!unasked.text("scope").contains("dcr"), "it must be asked for");
    for mixed in ["dcr orders:read", "orders:read dcr", "dcr dcrm"] {
        let refused = server.token("staff", ENROLLER, Some(mixed)).await;
        assert!(refused.refused(400, "invalid_scope").description().contains("alone"));
    }
    assert_eq!(server.token("staff", ENROLLER, Some("dcr dcr")).await.text("scope"), "dcr");
}
