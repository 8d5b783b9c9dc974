//! RFC 6749 §4.1.3, OAuth 2.1 §4.1.3: codes.

use std::time::Duration;

use serde_json::json;

use crate::person::{ALICE, Ask, CALLBACK, Person, VERIFIER, Who, parameter};
use crate::world::Server;

#[tokio::test]
async fn a_code_lives_for_a_minute() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let alice = Person::of(&server);
    let ask = Ask::code("open", &app.id, "orders:read");
    let credential = Who::Secret(app.credential());
    let late = alice.answer_all(&ask, ALICE).await;
    server.clock.forward(Duration::from_secs(60));
    server.redeem("open", credential, &late).await.refused(400, "invalid_grant");
    let in_time = alice.answer_all(&ask, ALICE).await;
    server.clock.forward(Duration::from_secs(59));
    assert_eq!(server.redeem("open", credential, &in_time).await.status, 200);
}

#[tokio::test]
async fn a_code_that_is_presented_twice_takes_back_what_it_gave() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let alice = Person::of(&server);
    let credential = Who::Secret(app.credential());
    let location = alice.answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let tokens = server.redeem("open", credential, &location).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    assert_eq!(server.introspect("open", &access).await["active"], true);
    server.redeem("open", credential, &location).await.refused(400, "invalid_grant");
    assert_eq!(server.introspect("open", &access).await["active"], false);
    server.refresh("open", credential, &refresh).await.refused(400, "invalid_grant");

    // The same of a token to register with.
    let location = alice.answer_all(&Ask::dcr(), ALICE).await;
    let dcr = server.redeem("customers", Who::Public("shop-app"), &location).await.text("access_token");
    server.redeem("customers", Who::Public("shop-app"), &location).await.refused(400, "invalid_grant");
    let body = json!({"software_id": "shop-install"});
    server.register("customers", Some(&dcr), &body).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn of_many_that_redeem_a_code_at_once_one_gets_something() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let credential = Who::Secret(app.credential());
    let all: Vec<_> = (0..20).map(|_| server.redeem("open", credential, &location)).collect();
    let mut good = 0;
    for answer in futures(all).await {
        good += usize::from(answer.status == 200);
    }
    assert_eq!(good, 1);
}

/// All of them at once, on one task.
async fn futures<T>(all: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).map(Some).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut all {
            if let Some(future) = slot
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                done.push(value);
                *slot = None;
            }
        }
        if all.iter().all(Option::is_none) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn a_public_client_gets_no_refresh_token_unless_the_profile_says_so() {
    for says_so in [false, true] {
        let server = Server::with(|world| {
            let switch = format!("refresh_tokens_for_public_clients = {says_so}");
            world.replace("refresh_tokens_for_public_clients = true", &switch)
        })
        .await;
        let app = server
            .open_client(&json!({
                "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
            }))
            .await;
        let grants = if says_so {
            json!(["authorization_code", "refresh_token"])
        } else {
            json!(["authorization_code"])
        };
        assert_eq!(app.json["grant_types"], grants, "the answer says what it will get");
        let ask = Ask::code("open", &app.id, "openid offline_access orders:read");
        let location = Person::of(&server).answer_all(&ask, ALICE).await;
        let tokens = server.redeem("open", Who::Public(&app.id), &location).await;
        assert_eq!(tokens.json().get("refresh_token").is_some(), says_so);
        assert_eq!(tokens.text("scope").contains("offline_access"), says_so);
    }
}

#[tokio::test]
async fn a_profile_that_changes_its_mind_about_public_clients_refreshes_none_of_them() {
    let mut server = Server::demo().await;
    let app = server
        .open_client(&json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }))
        .await;
    let ask = Ask::code("open", &app.id, "orders:read");
    let location = Person::of(&server).answer_all(&ask, ALICE).await;
    let tokens = server.redeem("open", Who::Public(&app.id), &location).await;
    let (on, off) = ("refresh_tokens_for_public_clients = true", "refresh_tokens_for_public_clients = false");
    server.reload(on, off).await.unwrap();
    let token = tokens.text("refresh_token");
    server.refresh("open", Who::Public(&app.id), &token).await.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn what_the_template_lost_since_the_user_consented_is_not_given() {
    let mut server = Server::demo().await;
    let install = Person::of(&server).install(ALICE).await;
    let ask = Ask::code("customers", &install.id, "openid orders:read orders:write");
    let location = Person::of(&server).answer_all(&ask, ALICE).await;
    let scope = "scope = \"openid profile offline_access orders:read orders:write\"";
    server.reload(scope, "scope = \"openid profile orders:read\"").await.unwrap();
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    assert_eq!(tokens.text("scope"), "openid orders:read");
}

#[tokio::test]
async fn an_opaque_token_is_good_for_the_same_and_dead_at_once() {
    let server = Server::with(|world| {
        let api = "[profiles.open.resource]\n";
        world.replace(api, &format!("{api}access_token_format = \"opaque\"\n"))
    })
    .await;
    let app = server.web_app().await;
    let credential = Who::Secret(app.credential());
    let ask = Ask::code("open", &app.id, "openid email orders:read");
    let location = Person::of(&server).answer_all(&ask, ALICE).await;
    let tokens = server.redeem("open", credential, &location).await;
    let opaque = tokens.text("access_token");
    assert!(opaque.starts_with("mat_"));
    let about = server.introspect("open", &opaque).await;
    assert_eq!(
        (about["active"].as_bool(), about["aud"].as_str()),
        (Some(true), Some("https://orders.example"))
    );
    let bearer = format!("Bearer {opaque}");
    let headers = [("authorization", bearer.as_str())];
    let userinfo = server.send(http::Method::GET, "/open/userinfo", &headers, "").await;
    assert_eq!(userinfo.json()["email"], "alice@example.com");
    // It registers nobody, and the door says what it lacks.
    server.register("open", Some(&opaque), &json!({})).await.refused(403, "insufficient_scope");
    let refreshed = server.refresh("open", credential, &tokens.text("refresh_token")).await;
    let next = refreshed.text("access_token");
    assert_eq!(server.introspect("open", &next).await["active"], true);
    server.post_as("/open/revoke", credential, &[("token", &next)]).await;
    assert_eq!(server.introspect("open", &next).await["active"], false);
    assert_eq!(server.introspect("open", &opaque).await["active"], true, "the other one stands");
    server.clock.forward(Duration::from_secs(600));
    assert_eq!(server.introspect("open", &opaque).await["active"], false);
    // A machine's too.
    let machine = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    let own = server.token("open", machine.credential(), None).await.text("access_token");
    assert_eq!(server.introspect("open", &own).await["sub"], machine.id);
}

/// OpenID Connect Core §3.1.3.3, RFC 6749 §5.1.
#[tokio::test]
async fn an_answer_with_tokens_is_kept_by_nobody_on_the_way() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let credential = Who::Secret(app.credential());
    let ask = Ask::code("open", &app.id, "openid orders:read");
    let location = Person::of(&server).answer_all(&ask, ALICE).await;
    let tokens = server.redeem("open", credential, &location).await;
    let refreshed = server.refresh("open", credential, &tokens.text("refresh_token")).await;
    for answer in [tokens, refreshed] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

/// OpenID Connect Registration §2: `id_token_signed_response_alg`.
#[tokio::test]
async fn an_id_token_is_signed_with_what_the_client_registered() {
    let server = Server::with(|world| {
        let sign_in = "[profiles.open.sign_in]\n";
        world.replace(
            sign_in,
            &format!("{sign_in}id_token_signing_algs = [\"ES256\", \"RS256\", \"EdDSA\"]\n"),
        )
    })
    .await;
    let alice = Person::of(&server);
    let jwks = server.get("/open/jwks").await.json();
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(jwks).unwrap();
    for (registered, expected) in [
        // The specification's default, where it is served.
        (None, jsonwebtoken::Algorithm::RS256),
        (Some("ES256"), jsonwebtoken::Algorithm::ES256),
        (Some("RS256"), jsonwebtoken::Algorithm::RS256),
        (Some("EdDSA"), jsonwebtoken::Algorithm::EdDSA),
    ] {
        let mut body = json!({"redirect_uris": [CALLBACK], "application_type": "native"});
        if let Some(algorithm) = registered {
            body["id_token_signed_response_alg"] = json!(algorithm);
        }
        let app = server.open_client(&body).await;
        let location = alice.answer_all(&Ask::code("open", &app.id, "openid"), ALICE).await;
        let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
        let id_token = tokens.text("id_token");
        let header = jsonwebtoken::decode_header(&id_token).unwrap();
        assert_eq!(header.alg, expected, "{registered:?}");
        let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(expected);
        validation.set_audience(&[&app.id]);
        validation.validate_exp = false;
        jsonwebtoken::decode::<serde_json::Value>(&id_token, &key, &validation).unwrap();
    }
    let none = json!({"redirect_uris": [CALLBACK], "id_token_signed_response_alg": "none"});
    server.register("open", None, &none).await.refused(400, "invalid_client_metadata");
}

/// RFC 8707 §2.2: refused, and nothing is spent.
#[tokio::test]
async fn a_resource_of_another_server_is_refused_and_the_code_is_still_good() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let credential = Who::Secret(app.credential());
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let code = parameter(&location, "code").unwrap();
    let redeem = |resource: &'static str| {
        let (server, code) = (&server, &code);
        async move {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
                ("resource", resource),
            ];
            server.post_as("/open/token", credential, &form).await
        }
    };
    redeem("https://other.example").await.refused(400, "invalid_target");
    let tokens = redeem("https://orders.example").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let token = tokens.text("refresh_token");
    let refresh = |resource: &'static str| {
        let (server, token) = (&server, &token);
        async move {
            let form =
                [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("resource", resource)];
            server.post_as("/open/token", credential, &form).await
        }
    };
    refresh("https://other.example").await.refused(400, "invalid_target");
    assert_eq!(refresh("https://orders.example").await.status, 200);
}
