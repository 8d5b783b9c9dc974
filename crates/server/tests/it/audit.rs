//! What is written down, and what never is.

use std::time::Duration;

use primitives::clock::Timestamp;
use serde_json::json;

use crate::world::{ENROLLER, NOW, Server, basic};

async fn log(server: &Server) -> Vec<storage::AuditEntry> {
    server.app.flush_activity().await.unwrap();
    server.app.store().audit_since(Timestamp::from_millis(0), 10_000).await.unwrap()
}

#[tokio::test]
async fn a_clients_birth_is_told_from_token_to_registration() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    let revoked = server.dcr().await;
    let enroller = basic(ENROLLER);
    server.post_form("/staff/revoke", &[("authorization", &enroller)], &[("token", &revoked)]).await;

    // That the enroller authenticated is counted beside.
    let is_told = |entry: &storage::AuditEntry| {
        entry.profile.as_deref() == Some("staff") && entry.kind != "revocation-answered"
    };
    let entries: Vec<_> = log(&server).await.into_iter().filter(is_told).collect();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "definitions-changed",
            "signing-key-created",
            "initial-access-token-issued",
            "initial-access-token-spent",
            "client-registered",
            "initial-access-token-issued",
            "initial-access-token-revoked",
        ]
    );
    let detail = |index: usize| serde_json::from_str::<serde_json::Value>(&entries[index].detail).unwrap();
    assert_eq!(entries[2].client_id.as_deref(), Some("enroller"));
    assert_eq!(entries[3].client_id.as_ref(), Some(&client.id));
    assert_eq!(detail(2), detail(3), "the token that was issued is the one that was spent");
    assert_eq!(
        detail(4),
        json!({"registrant": "client", "initial_client": "enroller", "template": "field-app", "revision": 1})
    );
    assert_eq!(detail(5), detail(6));
}

#[tokio::test]
async fn authentications_and_refusals_are_counted_and_a_refusal_says_why_and_from_where() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    for _ in 0..3 {
        server.token("staff", client.credential(), None).await;
        server.token("staff", (&client.id, "wrong"), None).await;
    }
    server.token("staff", client.credential(), Some("admin")).await;
    server.register("staff", None, &json!({})).await;
    server.register("open", None, &json!({"redirect_uris": ["javascript:1"]})).await;
    server.send(http::Method::POST, "/open/register", &[("content-type", "text/plain")], "x").await;
    let enroller = basic(ENROLLER);
    let enroller = [("authorization", enroller.as_str())];
    server.post_form("/staff/token", &enroller, &[("a", "1"), ("a", "2")]).await;
    server.post_form("/staff/revoke", &enroller, &[]).await;
    server.post_form("/staff/revoke", &enroller, &[("token", "x")]).await;

    let told: Vec<_> = log(&server)
        .await
        .into_iter()
        .filter(|entry| {
            entry.kind.ends_with("-refused")
                || entry.kind == "revocation-answered"
                || entry.kind == "token-issued" && entry.client_id.as_ref() == Some(&client.id)
        })
        .map(|entry| (entry.kind, entry.count, entry.network.unwrap_or_default(), entry.detail))
        .collect();
    let mut expected = [
        ("token-issued", 3, "", "{}"),
        ("client-authentication-refused", 3, "127.0.0.0/24", r#"{"reason":"wrong-secret"}"#),
        ("token-refused", 1, "127.0.0.0/24", r#"{"reason":"invalid-scope"}"#),
        ("token-refused", 1, "127.0.0.0/24", r#"{"reason":"malformed-form"}"#),
        ("registration-refused", 1, "127.0.0.0/24", r#"{"reason":"body-of-another-type"}"#),
        ("revocation-refused", 1, "127.0.0.0/24", r#"{"reason":"no-token"}"#),
        ("revocation-answered", 1, "", "{}"),
        ("registration-refused", 1, "127.0.0.0/24", r#"{"reason":"token-missing"}"#),
        ("registration-refused", 1, "127.0.0.0/24", r#"{"reason":"invalid_redirect_uri"}"#),
    ]
    .map(|(kind, count, network, detail)| (kind.to_owned(), count, network.to_owned(), detail.to_owned()));
    let mut told = told;
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

/// The file still says the same; what it means has changed.
#[tokio::test]
async fn a_new_secret_in_a_file_is_a_change_of_the_client() {
    let mut server = Server::demo().await;
    let secret = |text: &str| std::fs::write(server.folder().join("secret"), text).unwrap();
    secret("a-first-secret-of-more-than-32-characters");
    let hash = "client_secret_sha256 = \"aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c\"";
    let by_file = "client_secret_file = \"secret\"";
    server.reload(hash, by_file).await.unwrap();
    let reloaded = server.reload(by_file, by_file).await.unwrap();
    assert!(reloaded.iter().all(|profile| profile.changes.is_empty()), "{reloaded:?}");
    std::fs::write(server.folder().join("secret"), "another-secret-of-more-than-32-characters").unwrap();
    let reloaded = server.reload(by_file, by_file).await.unwrap();
    let changes: Vec<String> =
        reloaded.iter().flat_map(|profile| &profile.changes).map(ToString::to_string).collect();
    assert_eq!(changes, ["client enroller changed"]);
}

#[tokio::test]
async fn no_secret_ever_stands_in_the_log() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let client = crate::world::Registered::of(
        &server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await,
    );
    let access_token = server.token("staff", client.credential(), None).await.text("access_token");
    server.token("staff", (&client.id, "some-wrong-secret"), None).await;
    let whole = format!("{:?}", log(&server).await);
    for secret in [&token, &client.secret, &access_token, "some-wrong-secret", "enroller-secret"] {
        assert!(!whole.contains(secret));
    }
    assert!(!whole.contains("mia_") && !whole.contains("mcs_"));
}

#[tokio::test]
async fn the_log_is_kept_for_as_long_as_the_configuration_says() {
    let server = Server::with(|world| {
        format!("audit = {{ retention_days = 2, activity_retention_days = 1 }}\n{world}")
    })
    .await;
    let client = server.instance("field-app").await;
    server.token("staff", client.credential(), None).await;
    server.app.flush_activity().await.unwrap();
    let mut left = Vec::new();
    for days in [0, 1, 2] {
        server.app.clean().await.unwrap();
        let entries = log(&server).await;
        let activity = entries.iter().filter(|entry| entry.kind == "token-issued").count();
        left.push((days, entries.len() - activity > 0, activity > 0));
        server.clock.forward(Duration::from_secs(86_400 + 60));
    }
    assert_eq!(left, [(0, true, true), (1, true, false), (2, false, false)]);
    assert_eq!(
        server.token("staff", client.credential(), None).await.status,
        200,
        "the client itself is kept"
    );
}

#[tokio::test]
async fn what_has_ended_is_forgotten_and_stays_refused() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let rows = || server.kept.says("SELECT count(*) FROM initial_access_tokens");
    server.app.clean().await.unwrap();
    assert_eq!(rows().await, 1);
    // A minute longer than its life: the clock of another node may be behind.
    server.clock.forward(Duration::from_secs(661));
    server.app.clean().await.unwrap();
    assert_eq!(rows().await, 0);
    server
        .register("staff", Some(&token), &json!({"software_id": "field-app"}))
        .await
        .refused(401, "invalid_token");
    assert!(NOW < server.app.clock().now().seconds());
}
