//! RFC 7662.

use serde_json::json;

use crate::person::{ALICE, Ask, Person, Who};
use crate::world::{NOW, Server};

#[tokio::test]
async fn a_client_sees_its_own_tokens_the_api_those_that_are_for_it_and_everybody_else_nothing() {
    let server = Server::demo().await;
    let (app, stranger) = (server.web_app().await, server.web_app().await);
    let location =
        Person::of(&server).answer_all(&Ask::code("open", &app.id, "openid orders:read"), ALICE).await;
    let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let ask = |who: (String, String), token: String| {
        let server = &server;
        async move {
            let who = Who::Secret((&who.0, &who.1));
            server.post_as("/open/introspect", who, &[("token", &token)]).await.json()
        }
    };
    let owned = |credential: (&str, &str)| (credential.0.to_owned(), credential.1.to_owned());
    let api = owned(("orders-api", "orders-api-secret"));
    let inactive = json!({"active": false});
    let about = ask(owned(app.credential()), access.clone()).await;
    let subject = about["sub"].as_str().unwrap().to_owned();
    let jti = about["jti"].clone();
    assert_eq!(
        about,
        json!({
            "active": true, "scope": "openid orders:read", "client_id": app.id, "token_type": "Bearer",
            "exp": NOW + 600, "iat": NOW, "sub": subject, "aud": "https://orders.example",
            "iss": server.issuer("open"), "jti": jti,
        })
    );
    assert_eq!(ask(api.clone(), access.clone()).await, about);
    assert_eq!(ask(owned(stranger.credential()), access.clone()).await, inactive);
    // A refresh token is between its client and the server.
    assert_eq!(ask(owned(app.credential()), refresh.clone()).await["active"], true);
    assert_eq!(ask(api.clone(), refresh.clone()).await, inactive);
    assert_eq!(ask(owned(stranger.credential()), refresh).await, inactive);
    for rubbish in ["x", "mat_", "eyJhbGciOiJFUzI1NiJ9.e30.AA", "mrt_x"] {
        assert_eq!(ask(api.clone(), rubbish.to_owned()).await, inactive);
    }
    // Another profile's, with the same API behind it.
    let install = Person::of(&server).install(ALICE).await;
    let location =
        Person::of(&server).answer_all(&Ask::code("customers", &install.id, "orders:read"), ALICE).await;
    let foreign =
        server.redeem("customers", Who::Secret(install.credential()), &location).await.text("access_token");
    assert_eq!(ask(api, foreign).await, inactive);
}

#[tokio::test]
async fn a_token_to_register_with_is_nobodys_to_ask_about() {
    let server = Server::demo().await;
    let dcr = server.dcr().await;
    assert_eq!(server.introspect("staff", &dcr).await, json!({"active": false}));
    let own = Who::Secret(crate::world::ENROLLER);
    let answer = server.post_as("/staff/introspect", own, &[("token", &dcr)]).await;
    assert_eq!(answer.json(), json!({"active": false}));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn whoever_could_be_anybody_learns_nothing() {
    let server = Server::demo().await;
    let ask = |who: Who<'static>| {
        let server = &server;
        async move { server.post_as("/customers/introspect", who, &[("token", "x")]).await }
    };
    ask(Who::Public("shop-app")).await.refused(401, "invalid_client");
    ask(Who::Secret(("orders-api", "wrong"))).await.refused(401, "invalid_client");
    server.post_form("/customers/introspect", &[], &[("token", "x")]).await.refused(401, "invalid_client");
    let api = Who::Secret(("orders-api", "orders-api-secret"));
    server.post_as("/customers/introspect", api, &[]).await.refused(400, "invalid_request");
}

/// RFC 7662 §2.1: a hint says where to look first, and no more.
#[tokio::test]
async fn a_token_is_as_good_with_every_hint() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let credential = Who::Secret(app.credential());
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let tokens = server.redeem("open", credential, &location).await;
    for token in [tokens.text("access_token"), tokens.text("refresh_token")] {
        for hint in ["access_token", "refresh_token", "no-such-type", ""] {
            let form = [("token", token.as_str()), ("token_type_hint", hint)];
            let answer = server.post_as("/open/introspect", credential, &form).await;
            assert_eq!(answer.json()["active"], true, "{hint}");
        }
    }
}
