//! RFC 7009.

use serde_json::json;

use crate::person::{ALICE, Ask, CALLBACK, Person, Who};
use crate::world::{ENROLLER, Server, basic};

async fn revoke(server: &Server, client: (&str, &str), token: &str) -> crate::world::Answer {
    server.post_form("/staff/revoke", &[("authorization", &basic(client))], &[("token", token)]).await
}

#[tokio::test]
async fn a_client_takes_back_a_token_that_it_has_not_used() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let answer = revoke(&server, ENROLLER, &token).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    server
        .register("staff", Some(&token), &json!({"software_id": "field-app"}))
        .await
        .refused(401, "invalid_token");
    assert_eq!(revoke(&server, ENROLLER, &token).await.status, 200, "twice is as good as once");
    // RFC 7009 §2.1: a hint is no more than that.
    for hint in ["refresh_token", "access_token", "no-such-type"] {
        let (token, enroller) = (server.dcr().await, basic(ENROLLER));
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let answer = server.post_form("/staff/revoke", &[("authorization", &enroller)], &form).await;
        assert_eq!(answer.status, 200, "{hint}");
        server
            .register("staff", Some(&token), &json!({"software_id": "field-app"}))
            .await
            .refused(401, "invalid_token");
    }
}

#[tokio::test]
async fn what_is_not_the_clients_to_revoke_stays_good_and_nobody_is_told() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let instance = server.instance("field-app").await;
    for (client, what) in [
        (instance.credential(), token.as_str()),
        (ENROLLER, "mia_0000000000000000000000000gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (ENROLLER, "rubbish"),
    ] {
        assert_eq!(revoke(&server, client, what).await.status, 200);
    }
    assert_eq!(
        server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await.status,
        201
    );
    assert_eq!(revoke(&server, ENROLLER, &token).await.status, 200, "spent is as revoked as can be");
}

#[tokio::test]
async fn an_access_token_that_is_taken_back_is_dead_wherever_the_server_is_asked() {
    let server = Server::demo().await;
    let instance = server.instance("field-app").await;
    let token = server.token("staff", instance.credential(), None).await.text("access_token");
    let api = basic(("orders-api", "orders-api-secret"));
    let is_active = || async {
        let headers = [("authorization", api.as_str())];
        server.post_form("/staff/introspect", &headers, &[("token", &token)]).await.json()["active"].clone()
    };
    assert_eq!(is_active().await, true);
    assert_eq!(revoke(&server, ENROLLER, &token).await.status, 200, "it is none of this client's business");
    assert_eq!(is_active().await, true);
    assert_eq!(revoke(&server, instance.credential(), &token).await.status, 200);
    assert_eq!(is_active().await, false);
}

#[tokio::test]
async fn a_stranger_revokes_nothing() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    revoke(&server, ("enroller", "wrong"), &token).await.refused(401, "invalid_client");
    server.post_form("/staff/revoke", &[], &[("token", &token)]).await.refused(401, "invalid_client");
    let enroller = basic(ENROLLER);
    server
        .post_form("/staff/revoke", &[("authorization", &enroller)], &[])
        .await
        .refused(400, "invalid_request");
    assert_eq!(
        server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await.status,
        201
    );
}

#[tokio::test]
async fn a_client_without_a_credential_takes_its_tokens_back_by_naming_itself() {
    let server = Server::demo().await;
    let body = json!({
        "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let (app, other) = (server.open_client(&body).await, server.open_client(&body).await);
    let location = Person::of(&server).answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    let tokens = server.redeem("open", Who::Public(&app.id), &location).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let answer = server.post_as("/open/revoke", Who::Public(&other.id), &[("token", &access)]).await;
    assert_eq!(answer.status, 200, "nobody is told whose it is");
    assert_eq!(server.introspect("open", &access).await["active"], true);
    server.post_as("/open/revoke", Who::Public(&app.id), &[("token", &access)]).await;
    assert_eq!(server.introspect("open", &access).await["active"], false);
    server.post_as("/open/revoke", Who::Public(&app.id), &[("token", &refresh)]).await;
    server.refresh("open", Who::Public(&app.id), &refresh).await.refused(400, "invalid_grant");
}
