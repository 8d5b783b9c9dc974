//! RFC 6749 §6, OAuth 2.1 §4.3: refresh tokens.

use std::time::Duration;

use serde_json::json;

use crate::person::{ALICE, Ask, CALLBACK, Person, Who, claims};
use crate::world::{Answer, NOW, Registered, Server};

const DAY: Duration = Duration::from_secs(86_400);

/// An install with tokens.
async fn installed(server: &Server) -> (Registered, Answer) {
    let alice = Person::of(server);
    let install = alice.install(ALICE).await;
    let ask = Ask::code("customers", &install.id, "openid offline_access orders:read orders:write");
    let location = alice.answer_all(&ask, ALICE).await;
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    (install, tokens)
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_gives_the_next() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let mut token = tokens.text("refresh_token");
    for _ in 0..5 {
        server.clock.forward(DAY);
        let answer = server.refresh("customers", credential, &token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json().get("id_token").is_some());
        let next = answer.text("refresh_token");
        assert_ne!(next, token);
        token = next;
    }
}

/// The app did not hear the answer, and asks again with what it has.
#[tokio::test]
async fn an_answer_that_was_lost_can_be_had_again_for_a_moment() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let first = tokens.text("refresh_token");
    let lost = server.refresh("customers", credential, &first).await.text("refresh_token");
    server.clock.forward(Duration::from_secs(59));
    let again = server.refresh("customers", credential, &first).await;
    assert_eq!(again.status, 200);
    let again = again.text("refresh_token");
    assert_ne!(again, lost);
    let goes_on = server.refresh("customers", credential, &again).await;
    assert_eq!(goes_on.status, 200, "the family lives");

    // Whoever has the lost one after all is one too many.
    server.refresh("customers", credential, &lost).await.refused(400, "invalid_grant");
    server
        .refresh("customers", credential, &goes_on.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert_eq!(server.introspect("customers", &goes_on.text("access_token")).await["active"], false);
}

#[tokio::test]
async fn a_token_that_was_used_long_ago_ends_the_family() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let first = tokens.text("refresh_token");
    let second = server.refresh("customers", credential, &first).await.text("refresh_token");
    server.clock.forward(Duration::from_secs(60));
    server.refresh("customers", credential, &first).await.refused(400, "invalid_grant");
    server.refresh("customers", credential, &second).await.refused(400, "invalid_grant");
    let events =
        server.app.store().audit_since(primitives::clock::Timestamp::from_millis(0), 100).await.unwrap();
    let told = events.iter().filter(|entry| entry.kind == "refresh-token-reused").count();
    assert_eq!(told, 1, "the operator is told once");
}

#[tokio::test]
async fn a_token_before_the_last_is_dead_also_within_the_moment() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let first = tokens.text("refresh_token");
    let second = server.refresh("customers", credential, &first).await.text("refresh_token");
    let third = server.refresh("customers", credential, &second).await.text("refresh_token");
    server.refresh("customers", credential, &first).await.refused(400, "invalid_grant");
    server.refresh("customers", credential, &third).await.refused(400, "invalid_grant");
}

/// The name of a family is in every one of its tokens; it must not be enough to end it.
#[tokio::test]
async fn a_token_that_somebody_made_up_ends_nothing() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let (other, _) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let token = tokens.text("refresh_token");
    let name = &token[..4 + 26];
    let made_up = format!("{name}{}", "A".repeat(86));
    server.refresh("customers", credential, &made_up).await.refused(400, "invalid_grant");
    for rubbish in ["", "mrt_", "rubbish", &token[..token.len() - 1]] {
        let answer = server.refresh("customers", credential, rubbish).await;
        assert_eq!(answer.status, 400);
    }
    // Another client that stole it can neither use it nor end it.
    server.refresh("customers", Who::Secret(other.credential()), &token).await.refused(400, "invalid_grant");
    server.refresh("customers", Who::Public("shop-app"), &token).await.refused(400, "unauthorized_client");
    assert_eq!(server.refresh("customers", credential, &token).await.status, 200);
}

#[tokio::test]
async fn a_family_ends_when_nobody_uses_it_and_in_any_case_after_a_year() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let (idle, forgotten) = installed(&server).await;
    let mut token = tokens.text("refresh_token");
    let credential = Who::Secret(install.credential());
    for _ in 0..6 {
        server.clock.forward(DAY * 59);
        let answer = server.refresh("customers", credential, &token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        token = answer.text("refresh_token");
    }
    server.clock.forward(DAY * 11);
    server.refresh("customers", credential, &token).await.refused(400, "invalid_grant");
    let idle = Who::Secret(idle.credential());
    server.refresh("customers", idle, &forgotten.text("refresh_token")).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_family_that_nobody_used_for_sixty_days_is_over() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    server.clock.forward(DAY * 60);
    let credential = Who::Secret(install.credential());
    server
        .refresh("customers", credential, &tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert_eq!(server.introspect("customers", &tokens.text("refresh_token")).await["active"], false);
}

#[tokio::test]
async fn less_can_be_asked_for_and_more_cannot() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    let ask = |token: String, scope: &'static str| {
        let server = &server;
        async move {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", scope)];
            server.post_as("/customers/token", credential, &form).await
        }
    };
    let less = ask(tokens.text("refresh_token"), "orders:read").await;
    assert_eq!(less.text("scope"), "orders:read");
    let more = ask(less.text("refresh_token"), "orders:read profile").await;
    assert!(more.refused(400, "invalid_scope").description().contains("profile"));
    let all = ask(less.text("refresh_token"), "").await;
    assert_eq!(
        all.text("scope"),
        "offline_access openid orders:read orders:write",
        "what was granted is still there"
    );
}

#[tokio::test]
async fn a_template_binds_at_the_next_refresh() {
    let mut server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let scope = "scope = \"openid profile offline_access orders:read orders:write\"";
    server.reload(scope, "scope = \"openid offline_access orders:read\"").await.unwrap();
    let credential = Who::Secret(install.credential());
    let narrowed = server.refresh("customers", credential, &tokens.text("refresh_token")).await;
    assert_eq!(narrowed.text("scope"), "offline_access openid orders:read");
    let template = "[profiles.customers.templates.shop-install]\n";
    let disabled = format!("{template}status = \"disabled\"\n");
    server.reload(template, &disabled).await.unwrap();
    let token = narrowed.text("refresh_token");
    server.refresh("customers", credential, &token).await.refused(401, "invalid_client");
    assert_eq!(server.introspect("customers", &narrowed.text("access_token")).await["active"], false);
    server.reload(&disabled, template).await.unwrap();
    assert_eq!(server.refresh("customers", credential, &token).await.status, 200, "alive again");
}

#[tokio::test]
async fn a_family_ends_with_its_user_its_client_and_when_it_is_taken_back() {
    let server = Server::demo().await;
    let (install, tokens) = installed(&server).await;
    let credential = Who::Secret(install.credential());
    // RFC 7009: a refresh token takes everything with it that came of it.
    let (refresh, access) = (tokens.text("refresh_token"), tokens.text("access_token"));
    let (other, _) = installed(&server).await;
    server.post_as("/customers/revoke", Who::Secret(other.credential()), &[("token", &refresh)]).await;
    assert_eq!(server.introspect("customers", &access).await["active"], true);
    server.post_as("/customers/revoke", credential, &[("token", &refresh)]).await;
    assert_eq!(server.introspect("customers", &access).await["active"], false);
    server.refresh("customers", credential, &refresh).await.refused(400, "invalid_grant");

    let (install, tokens) = installed(&server).await;
    server.clock.forward(Duration::from_secs(1));
    let event = primitives::audit::Event {
        id: primitives::ordered_id::OrderedId::first_at(server.app.clock().now()),
        profile: "customers".parse().unwrap(),
        kind: primitives::audit::EventKind::ClientRevoked,
        client_id: Some(install.id.clone()),
        subject: None,
        detail: serde_json::Map::new(),
    };
    server.app.store().mark_client(event).await.unwrap();
    let credential = Who::Secret(install.credential());
    server
        .refresh("customers", credential, &tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert_eq!(server.introspect("customers", &tokens.text("access_token")).await["active"], false);

    let (install, tokens) = installed(&server).await;
    let main = "main".parse().unwrap();
    identity::manage::disable(&"alice".parse().unwrap(), &server.app.directory(&main)).await.unwrap();
    let credential = Who::Secret(install.credential());
    server
        .refresh("customers", credential, &tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert_eq!(server.introspect("customers", &tokens.text("access_token")).await["active"], false);
}

/// OpenID Connect Core §12.2, RFC 9068 §2.2.1: who signed in when and how stays as it was.
#[tokio::test]
async fn an_hour_later_the_tokens_still_say_when_somebody_signed_in() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let credential = Who::Secret(install.credential());
    let ask =
        Ask::code("customers", &install.id, "openid offline_access orders:read").with("nonce", "a-nonce");
    let location = alice.answer_all(&ask, ALICE).await;
    let first = server.redeem("customers", credential, &location).await;
    let before = first.id_token_claims();
    assert_eq!((&before["nonce"], &before["iat"]), (&json!("a-nonce"), &json!(NOW)));

    server.clock.forward(Duration::from_secs(3_600));
    let second = server.refresh("customers", credential, &first.text("refresh_token")).await;
    let after = second.id_token_claims();
    for claim in ["iss", "sub", "aud", "auth_time", "acr", "amr"] {
        assert_eq!(after[claim], before[claim], "{claim}");
    }
    assert_eq!((&after["iat"], &after["exp"]), (&json!(NOW + 3_600), &json!(NOW + 4_200)));
    assert_eq!(after.get("nonce"), None);
    for answer in [&first, &second] {
        let access = claims(&answer.text("access_token"));
        assert_eq!((&access["auth_time"], &access["acr"]), (&json!(NOW), &before["acr"]));
    }
}

/// RFC 9700 §2.2.2: whoever has no credential gets another token each time, and a copy ends them all.
#[tokio::test]
async fn a_public_clients_refresh_token_is_good_once_and_a_copy_ends_the_family() {
    let server = Server::demo().await;
    let app = server
        .open_client(&json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }))
        .await;
    let who = Who::Public(&app.id);
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let first = server.redeem("open", who, &location).await.text("refresh_token");
    let second = server.refresh("open", who, &first).await.text("refresh_token");
    let third = server.refresh("open", who, &second).await.text("refresh_token");
    assert!(first != second && second != third);
    server.refresh("open", who, &first).await.refused(400, "invalid_grant");
    server.refresh("open", who, &third).await.refused(400, "invalid_grant");
}
