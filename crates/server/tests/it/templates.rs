//! A template changes, and every living instance with it, at its next request.

use protocol::jose::{SignatureAlgorithm, SigningKey};
use serde_json::json;

use crate::world::{Server, assertion};

const SCOPE: &str = "scope = \"orders:read orders:write\"";
const METHOD: &str = "token_endpoint_auth_method = \"client_secret_basic\"";
const TEMPLATE: &str = "[profiles.staff.templates.field-app]";

#[tokio::test]
async fn a_scope_that_is_taken_away_is_gone_at_the_next_request() {
    let mut server = Server::demo().await;
    let client = server.instance("field-app").await;
    server.reload(SCOPE, "scope = \"orders:read\"").await.unwrap();
    assert_eq!(server.token("staff", client.credential(), None).await.text("scope"), "orders:read");
    server.token("staff", client.credential(), Some("orders:write")).await.refused(400, "invalid_scope");
    server.reload("scope = \"orders:read\"", SCOPE).await.unwrap();
    assert_eq!(
        server.token("staff", client.credential(), None).await.text("scope"),
        "orders:read orders:write"
    );
}

#[tokio::test]
async fn a_scope_that_the_resource_loses_is_gone_for_every_client() {
    let mut server = Server::demo().await;
    let own = server
        .register(
            "open",
            None,
            &json!({"grant_types": ["client_credentials"], "scope": "orders:read orders:write"}),
        )
        .await;
    let own = crate::world::Registered::of(&own);
    let resource = "[profiles.open.resource]\nidentifier = \"https://orders.example\"\nscopes = [\"orders:read\", \"orders:write\"]";
    server.reload(resource, &resource.replace(", \"orders:write\"", "")).await.unwrap();
    assert_eq!(server.token("open", own.credential(), None).await.text("scope"), "orders:read");
}

#[tokio::test]
async fn a_token_lifetime_is_the_templates_at_this_moment() {
    let mut server = Server::demo().await;
    let client = server.instance("field-app").await;
    assert_eq!(server.token("staff", client.credential(), None).await.json()["expires_in"], 600);
    server.reload(TEMPLATE, &format!("{TEMPLATE}\ntokens = {{ access_token_ttl = 30 }}")).await.unwrap();
    assert_eq!(server.token("staff", client.credential(), None).await.json()["expires_in"], 30);
}

#[tokio::test]
async fn the_way_to_authenticate_is_the_templates_at_this_moment() {
    let mut server = Server::demo().await;
    let client = server.instance("field-app").await;
    server.reload(METHOD, "token_endpoint_auth_method = \"client_secret_post\"").await.unwrap();
    server.token("staff", client.credential(), None).await.refused(401, "invalid_client");
    let form =
        [("grant_type", "client_credentials"), ("client_id", &client.id), ("client_secret", &client.secret)];
    assert_eq!(server.post_form("/staff/token", &[], &form).await.status, 200);

    // An instance that has no key cannot sign, whatever it has instead.
    server
        .reload(
            "token_endpoint_auth_method = \"client_secret_post\"",
            "token_endpoint_auth_method = \"private_key_jwt\"",
        )
        .await
        .unwrap();
    assert_eq!(server.post_form("/staff/token", &[], &form).await.status, 401);
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let signed = assertion(&key, &client.id, &server.issuer("staff"));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", protocol::client_authentication::JWT_BEARER),
        ("client_assertion", &signed),
    ];
    assert_eq!(server.post_form("/staff/token", &[], &form).await.status, 401);
    server.reload("token_endpoint_auth_method = \"private_key_jwt\"", METHOD).await.unwrap();
    assert_eq!(
        server.token("staff", client.credential(), None).await.status,
        200,
        "its secret is good again"
    );
}

#[tokio::test]
async fn a_template_that_is_switched_off_stops_its_instances_and_wakes_them_again() {
    let mut server = Server::demo().await;
    let (one, two) = (server.instance("field-app").await, server.instance("field-app").await);
    let off = format!("{TEMPLATE}\nstatus = \"disabled\"");
    server.reload(TEMPLATE, &off).await.unwrap();
    for client in [&one, &two] {
        server.token("staff", client.credential(), None).await.refused(401, "invalid_client");
    }
    server.reload(&off, TEMPLATE).await.unwrap();
    for client in [&one, &two] {
        assert_eq!(server.token("staff", client.credential(), None).await.status, 200);
    }
}

#[tokio::test]
async fn a_template_that_is_renamed_orphans_its_instances_until_it_is_back() {
    let mut server = Server::demo().await;
    let client = server.instance("field-app").await;
    server.reload("templates.field-app", "templates.site-app").await.unwrap();
    server.token("staff", client.credential(), None).await.refused(401, "invalid_client");
    let renamed = server.instance("site-app").await;
    assert_eq!(server.token("staff", renamed.credential(), None).await.status, 200);
    server.reload("templates.site-app", "templates.field-app").await.unwrap();
    assert_eq!(server.token("staff", client.credential(), None).await.status, 200);
    server.token("staff", renamed.credential(), None).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn an_edit_that_cannot_work_is_refused_whole_and_the_old_one_keeps_serving() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    let folder = server.folder().to_owned();
    for broken in ["scope = \"nothing:here\"", "scope = 7", "no such key = 1"] {
        let text = server.text_with(SCOPE, broken);
        assert!(server::config::Configuration::parse(&text, &folder).is_err(), "{broken}");
    }
    assert_eq!(
        server.token("staff", client.credential(), None).await.text("scope"),
        "orders:read orders:write"
    );
}

#[tokio::test]
async fn an_instance_stores_nothing_that_its_template_can_answer() {
    let mut server = Server::demo().await;
    server.instance("field-app").await;
    server.stop().await;
    let row = server.kept.rows_of("clients").await;
    assert!(row.contains("field-app"));
    for inherited in ["orders:", "client_credentials", "client_secret_basic", "Field app"] {
        assert!(!row.contains(inherited), "{row}");
    }
}
