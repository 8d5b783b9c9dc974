//! RFC 6749 §4.4, RFC 9068, RFC 8707: requests that are answered with a token.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use protocol::jose::{SignatureAlgorithm, SigningKey};
use serde_json::{Value, json};

use crate::world::{ENROLLER, NOW, Server, assertion, assertion_with, basic};

/// What a token says, once another library has verified it with the published keys.
async fn claims(server: &Server, token: &str, algorithm: Algorithm) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), algorithm));
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(server.get("/staff/jwks").await.json()).unwrap();
    let key = DecodingKey::from_jwk(jwks.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["https://orders.example"]);
    validation.set_issuer(&[server.issuer("staff")]);
    // Its clock is the machine's; ours stands still.
    validation.validate_exp = false;
    decode::<Value>(token, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn an_access_token_says_who_for_whom_and_for_what() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    let answer = server.token("staff", client.credential(), Some("orders:read")).await;
    assert_eq!(answer.status, 200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let json = answer.json();
    assert_eq!(
        (&json["token_type"], &json["expires_in"], &json["scope"]),
        (&json!("Bearer"), &json!(600), &json!("orders:read"))
    );
    let mut claims = claims(&server, json["access_token"].as_str().unwrap(), Algorithm::ES256).await;
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert!(jti.as_str().unwrap().len() >= 16);
    assert_eq!(
        claims,
        json!({
            "iss": server.issuer("staff"), "aud": "https://orders.example", "sub": client.id, "client_id": client.id,
            "iat": NOW, "exp": NOW + 600, "scope": "orders:read",
        })
    );
}

#[tokio::test]
async fn every_algorithm_of_a_profile_is_one_that_others_verify() {
    let mut server = Server::demo().await;
    let client = server.instance("field-app").await;
    let mut line = "[profiles.staff.resource]".to_owned();
    for algorithm in [Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS256, Algorithm::ES256] {
        let section = format!(
            "[profiles.staff]\naccess_token_signing_alg = \"{algorithm:?}\"\n[profiles.staff.resource]"
        );
        server.reload(&line, &section).await.unwrap();
        line = section;
        let token = server.token("staff", client.credential(), None).await.text("access_token");
        assert_eq!(claims(&server, &token, algorithm).await["sub"], client.id);
    }
}

#[tokio::test]
async fn the_scope_is_what_was_asked_as_far_as_the_client_has_it() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    for (asked, given) in [
        (None, "orders:read orders:write"),
        (Some(""), "orders:read orders:write"),
        (Some("orders:write"), "orders:write"),
        (Some("orders:read admin openid"), "orders:read"),
    ] {
        assert_eq!(server.token("staff", client.credential(), asked).await.text("scope"), given, "{asked:?}");
    }
    let beyond = server.token("staff", client.credential(), Some("admin")).await;
    assert!(beyond.refused(400, "invalid_scope").description().contains("orders:read orders:write"));
    server.token("staff", client.credential(), Some("a\"b")).await.refused(400, "invalid_scope");
}

#[tokio::test]
async fn a_resource_may_be_named_in_any_spelling_and_no_other_resource_at_all() {
    let server = Server::demo().await;
    let client = server.instance("field-app").await;
    let basic = basic(client.credential());
    let ask = |resources: &'static [&'static str]| {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(resources.iter().map(|resource| ("resource", *resource)));
        let (server, basic) = (&server, basic.clone());
        async move { server.post_form("/staff/token", &[("authorization", &basic)], &form).await }
    };
    for same in [
        &["https://orders.example"][..],
        &["https://orders.example/"],
        &["HTTPS://ORDERS.example:443", "https://orders.example"],
    ] {
        let token = ask(same).await.text("access_token");
        assert_eq!(claims(&server, &token, Algorithm::ES256).await["aud"], "https://orders.example");
    }
    for other in [
        &["https://other.example"][..],
        &["https://orders.example", "https://other.example"],
        &["orders"],
        &["https://orders.example#x"],
        &["https:orders.example"],
        &[" https://orders.example"],
    ] {
        ask(other).await.refused(400, "invalid_target");
    }
    // Whatever is asked for: also for a token that is for no API.
    let enroller = [("authorization", super::super::world::basic(ENROLLER))];
    let headers: Vec<_> = enroller.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let form = [("grant_type", "client_credentials"), ("scope", "dcr"), ("resource", "https://evil.example")];
    server.post_form("/staff/token", &headers, &form).await.refused(400, "invalid_target");
}

#[tokio::test]
async fn a_client_authenticates_in_the_way_that_it_registered() {
    let server = Server::demo().await;
    let of =
        |method: &str| json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": method});
    let basic_client = server.open_client(&of("client_secret_basic")).await;
    let post_client = server.open_client(&of("client_secret_post")).await;
    let in_header = |client: (String, String)| {
        let server = &server;
        async move { server.token("open", (&client.0, &client.1), None).await.status.as_u16() }
    };
    let in_body = |client: (String, String)| {
        let server = &server;
        async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", &client.0),
                ("client_secret", &client.1),
            ];
            server.post_form("/open/token", &[], &form).await.status.as_u16()
        }
    };
    let pair = |client: &crate::world::Registered| (client.id.clone(), client.secret.clone());
    assert_eq!((in_header(pair(&basic_client)).await, in_body(pair(&basic_client)).await), (200, 401));
    assert_eq!((in_header(pair(&post_client)).await, in_body(pair(&post_client)).await), (401, 200));
}

#[tokio::test]
async fn a_client_signs_with_any_key_that_it_registered() {
    let server = Server::demo().await;
    let issuer = server.issuer("open");
    for algorithm in SignatureAlgorithm::ALL {
        let (key, _) = SigningKey::generate(*algorithm).unwrap();
        let (spare, _) = SigningKey::generate(*algorithm).unwrap();
        let jwks = json!({"keys": [key.public_jwk(), spare.public_jwk()]});
        let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks});
        let client = server.open_client(&body).await;
        assert!(client.secret.is_empty());
        for key in [&key, &spare] {
            let answer = ask(&server, &assertion(key, &client.id, &issuer), None).await;
            assert_eq!(answer.status, 200, "{algorithm}: {answer:?}");
        }
        // RFC 7521 §4.2: client_id may stand beside it, if it is the same.
        let signed = assertion(&key, &client.id, &issuer);
        assert_eq!(ask(&server, &signed, Some(&client.id)).await.status, 200);
    }
}

async fn ask(server: &Server, assertion: &str, client_id: Option<&str>) -> crate::world::Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", protocol::client_authentication::JWT_BEARER),
        ("client_assertion", assertion),
    ];
    form.extend(client_id.map(|id| ("client_id", id)));
    server.post_form("/open/token", &[], &form).await
}

#[tokio::test]
async fn an_assertion_is_for_the_issuer_and_where_the_profile_is_lenient_for_the_token_endpoint() {
    let mut server = Server::demo().await;
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
                      "jwks": {"keys": [key.public_jwk()]}});
    let client = server.open_client(&body).await;
    let issuer = server.issuer("open");
    let endpoint = format!("{issuer}/token");
    let audiences = [
        json!(issuer),
        json!([issuer]),
        json!(endpoint),
        json!([endpoint, "https://other.example"]),
        json!("https://other.example"),
        json!(format!("{issuer}/")),
    ];
    let mut believed = Vec::new();
    for lenient in [false, true] {
        if lenient {
            let section = "[profiles.open]\nclient_assertion_audience = \"issuer_or_token_endpoint\"\n[profiles.open.resource]";
            server.reload("[profiles.open.resource]", section).await.unwrap();
        }
        for audience in &audiences {
            let signed = assertion_with(&key, &client.id, "", json!({"aud": audience}));
            believed.push(ask(&server, &signed, None).await.status == 200);
        }
    }
    assert_eq!(believed[..6], [true, false, false, false, false, false]);
    assert_eq!(believed[6..], [true, true, true, true, false, false]);
}

#[tokio::test]
async fn an_operators_client_gets_tokens_too() {
    let server = Server::demo().await;
    let answer = server.token("staff", ENROLLER, Some("orders:read")).await;
    assert_eq!(
        claims(&server, &answer.text("access_token"), Algorithm::ES256).await["client_id"],
        "enroller"
    );
}
