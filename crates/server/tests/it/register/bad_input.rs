//! Everything that a client with a bug could send. Each gets an error that says what to do, and costs nothing.

use std::fmt::Write as _;

use http::Method;
use protocol::jose::{SignatureAlgorithm, SigningKey, encode_base64url};
use serde_json::{Value, json};

use crate::world::Server;

/// Bodies that are refused, each with its code and a part of what is said.
async fn refused(cases: &[(Value, &str, &str)]) {
    let server = Server::demo().await;
    let token = server.dcr().await;
    for (body, code, says) in cases {
        let answer = server.register("staff", Some(&token), body).await;
        let description = answer.refused(400, code).description();
        assert!(description.contains(says), "{body}: {description}");
    }
    // None of them has cost the token anything.
    assert_eq!(
        server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await.status,
        201
    );
}

fn client(more: Value) -> Value {
    let mut body = json!({"grant_types": ["client_credentials"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let mut deep = String::from(r#"{"jwks":"#);
    for _ in 0..10_000 {
        deep.push_str(r#"{"a":"#);
    }
    let mut many = String::from("{");
    for n in 0..5_000 {
        write!(many, "\"m{n}\":1,").unwrap();
    }
    many.push_str("\"grant_types\":[\"client_credentials\"]}");
    for (body, says) in [
        (b"".to_vec(), "EOF"),
        (b"[]".to_vec(), "not a JSON object"),
        (b"[{\"software_id\":\"field-app\"}]".to_vec(), "not a JSON object"),
        (b"\"field-app\"".to_vec(), "not a JSON object"),
        (b"null".to_vec(), "not a JSON object"),
        (b"{".to_vec(), "EOF"),
        (b"{'software_id':'field-app'}".to_vec(), "key must be a string"),
        (b"{\"software_id\":\"field-app\"} {}".to_vec(), "trailing"),
        (b"software_id=field-app".to_vec(), "expected value"),
        (b"{\"software_id\":\"field-app\",\"software_id\":\"other\"}".to_vec(), "'software_id' stands twice"),
        (b"{\"jwks\":{\"keys\":[{\"kty\":\"EC\",\"kty\":\"RSA\"}]}}".to_vec(), "'kty' stands twice"),
        (b"{\"client_name\":\"\xff\xfe\"}".to_vec(), "unicode"),
        (b"{\"client_name\":\"\\ud800\"}".to_vec(), "hex escape"),
        (deep.into_bytes(), "nested deeper"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = server.register_raw("staff", Some(&token), body).await;
        let description = answer.refused(400, "invalid_client_metadata").description();
        assert!(description.contains(says), "{shown}: {description}");
    }
    assert_eq!(
        server.register_raw("staff", Some(&token), many).await.status,
        201,
        "unknown members are ignored"
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_type_is_refused_in_json() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let large = json!({"software_id": "field-app", "x": "y".repeat(10 * 1024 * 1024)});
    server.register("staff", Some(&token), &large).await.refused(413, "invalid_request");
    let just_fits = json!({"software_id": "field-app", "x": "y".repeat(60 * 1024)});
    assert_eq!(server.register("staff", Some(&token), &just_fits).await.status, 201);

    let post = |content_type: Option<&'static str>| {
        let headers: Vec<_> = content_type.map(|text| ("content-type", text)).into_iter().collect();
        let server = &server;
        async move { server.send(Method::POST, "/open/register", &headers, "{}").await }
    };
    for other in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=latin1"),
    ] {
        post(other).await.refused(415, "invalid_request");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = server.send(method, "/open/register", &[], "").await;
        assert!(answer.refused(405, "invalid_request").header("allow").contains("POST"));
    }
}

#[tokio::test]
async fn a_body_in_a_wrapping_is_refused_with_its_reason() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    for bom in [&b"\xef\xbb\xbf{}"[..], b"\xff\xfe{\0}\0"] {
        let answer = server.register_raw("staff", Some(&token), bom).await;
        let description = answer.refused(400, "invalid_client_metadata").description();
        assert!(description.contains("byte order mark"), "{description}");
    }
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let answer = server.send(Method::POST, "/open/register", &headers, "{}").await;
    assert!(answer.refused(415, "invalid_request").description().contains("Content-Encoding"));
}

#[tokio::test]
async fn text_that_nobody_sees_is_refused_wherever_people_look() {
    refused(&[
        (
            client(json!({"client_name": "Bank\u{3164}"})),
            "invalid_client_metadata",
            "client_name has the invisible character U+3164",
        ),
        (
            client(json!({"software_id": "a\u{0}b"})),
            "invalid_client_metadata",
            "software_id has the invisible character U+0000",
        ),
        (
            client(json!({"software_version": "\u{202e}4"})),
            "invalid_client_metadata",
            "software_version has the invisible",
        ),
        (
            client(json!({"logo_uri": "https:evil.example/x"})),
            "invalid_client_metadata",
            "logo_uri has no host",
        ),
        (
            client(json!({"client_uri": "https:///evil.example"})),
            "invalid_client_metadata",
            "client_uri has no host",
        ),
        (
            client(json!({"tos_uri": "https://@h.example/"})),
            "invalid_client_metadata",
            "tos_uri has a user name",
        ),
        (
            client(json!({"redirect_uris": ["https://app.example\\cb"]})),
            "invalid_redirect_uri",
            "redirect_uris[0] has the character U+005C",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_a_stranger_sent_leaves_room_for_what_to_do() {
    let server = Server::demo().await;
    let body = client(json!({"token_endpoint_auth_method": "x".repeat(1_000), "client_uri": "y"}));
    let description = server.register("open", None, &body).await.description();
    assert!(
        description.contains("use client_secret_basic") && description.contains("client_uri"),
        "{description}"
    );
}

#[tokio::test]
async fn members_of_the_wrong_type_are_refused_and_named() {
    refused(&[
        (
            client(json!({"client_name": 5})),
            "invalid_client_metadata",
            "client_name must be a string, and is a number",
        ),
        (
            client(json!({"client_name": null})),
            "invalid_client_metadata",
            "client_name is null: leave the member out",
        ),
        (client(json!({"client_name": ""})), "invalid_client_metadata", "client_name is empty"),
        (client(json!({"client_uri": ""})), "invalid_client_metadata", "client_uri is empty"),
        (
            client(json!({"redirect_uris": "https://a.example/"})),
            "invalid_redirect_uri",
            "redirect_uris must be an array",
        ),
        (client(json!({"redirect_uris": [7]})), "invalid_redirect_uri", "redirect_uris[0] must be a string"),
        (client(json!({"redirect_uris": [null]})), "invalid_redirect_uri", "redirect_uris[0] is null"),
        (client(json!({"redirect_uris": [""]})), "invalid_redirect_uri", "redirect_uris[0] is empty"),
        (
            client(json!({"contacts": {"a": 1}})),
            "invalid_client_metadata",
            "contacts must be an array of strings, and is an object",
        ),
        (client(json!({"jwks": "keys"})), "invalid_client_metadata", "jwks must be an object"),
        (
            client(json!({"scope": ["orders:read"]})),
            "invalid_client_metadata",
            "scope must be a string of scopes",
        ),
        (
            client(json!({"default_max_age": "60"})),
            "invalid_client_metadata",
            "default_max_age must be a number of seconds",
        ),
        (
            client(json!({"require_auth_time": "true"})),
            "invalid_client_metadata",
            "require_auth_time must be true or false",
        ),
        (
            json!({"grant_types": "client_credentials"}),
            "invalid_client_metadata",
            "grant_types must be an array",
        ),
        (json!({"software_id": 7}), "invalid_client_metadata", "software_id must be a string"),
    ])
    .await;
}

#[tokio::test]
async fn redirect_uris_that_lead_astray_are_refused() {
    let with = |uri: &str| client(json!({"redirect_uris": ["https://a.example/cb", uri]}));
    let long = format!("https://a.example/{}", "x".repeat(2_000));
    let many: Vec<String> = (0..65).map(|n| format!("https://a.example/{n}")).collect();
    let code = "invalid_redirect_uri";
    refused(&[
        (with("https://a.example/cb#x"), code, "redirect_uris[1] has a fragment"),
        (with("javascript:alert(1)"), code, "scheme 'javascript'"),
        (with("data:text/html,x"), code, "scheme 'data'"),
        (with("https://user:pass@a.example/"), code, "user name"),
        (with("https://*.a.example/"), code, "wildcard"),
        (with("https:\\\\a.example\\cb"), code, "which no URI may have"),
        (with("https://b\u{fc}cher.example/"), code, "punycode"),
        (with("https://a.example/\u{0}"), code, "which no URI may have"),
        (with("http://a.example/"), code, "http to another machine"),
        (with("http://[::ffff:1.2.3.4]/"), code, "http to another machine"),
        (with("https://[::1/"), code, "not an absolute URI"),
        (with(&long), code, "redirect_uris[1] is 2018 bytes long"),
        (with("cb"), code, "not an absolute URI"),
        (client(json!({"redirect_uris": many})), code, "redirect_uris has 65 items: at most 64"),
    ])
    .await;
    let server = Server::demo().await;
    let good = client(
        json!({"redirect_uris": ["http://[::1]:8123/cb", "http://127.0.0.1/cb", "com.example.app:/cb"]}),
    );
    let echo = server.open_client(&good).await.json;
    assert_eq!(
        (&echo["redirect_uris"], &echo["application_type"]),
        (&good["redirect_uris"], &json!("native"))
    );
}

#[tokio::test]
async fn keys_that_should_not_have_been_sent_are_refused() {
    let code = "invalid_client_metadata";
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap().0.public_jwk().clone();
    let changed = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let with = |keys: Value| {
        client(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": keys}}))
    };
    let mut nameless = SigningKey::generate(SignatureAlgorithm::Es256).unwrap().0.public_jwk().clone();
    nameless.as_object_mut().unwrap().remove("kid");
    let mut identity = [0; 32];
    identity[0] = 1;
    let identity = encode_base64url(identity);
    let weak = json!({"kty": "RSA", "e": "AQAB", "n": encode_base64url([0xff; 128])});
    let both = client(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]},
                             "jwks_uri": "https://a.example/jwks"}));
    refused(&[
        (with(json!([changed("d", json!("AAAA"))])), code, "jwks keys[0] has the private member 'd'"),
        (with(json!([{"kty": "oct", "k": "AAAA"}])), code, "symmetric key"),
        (with(json!([weak])), code, "RSA key of 1024 bits"),
        (with(json!([key, key])), code, "twice"),
        (with(json!([])), code, "has no keys"),
        (with(json!([changed("crv", json!("P-521"))])), code, "has no key for signatures"),
        (with(json!([changed("x", json!("AAAA"))])), code, "has a 'x' that is not 32 bytes long"),
        (with(json!([changed("use", json!("enc"))])), code, "has no key for signatures"),
        (with(json!([changed("key_ops", json!(["encrypt"]))])), code, "has no key for signatures"),
        (with(json!([changed("x5t", Value::Null)])), code, "keys[0] has a 'x5t' that is null"),
        (with(json!([key, nameless])), code, "keys[1] of them has no kid: give each its own"),
        (
            with(json!([{"kty": "OKP", "crv": "Ed25519", "x": identity}])),
            code,
            "keys[0] is no valid Ed25519 key",
        ),
        (both, code, "stands beside jwks_uri"),
    ])
    .await;
}

#[tokio::test]
async fn contradictions_are_refused() {
    let code = "invalid_client_metadata";
    refused(&[
        (client(json!({"response_types": ["code"]})), code, "needs the grant type 'authorization_code'"),
        (
            client(json!({"token_endpoint_auth_method": "none"})),
            code,
            "token_endpoint_auth_method is 'none', which is not served here",
        ),
        (client(json!({"token_endpoint_auth_method": "client_secret_jwt"})), code, "not served here"),
        (
            client(json!({"dpop_bound_access_tokens": true})),
            code,
            "dpop_bound_access_tokens asks for a protection",
        ),
        (client(json!({"require_pushed_authorization_requests": true})), code, "asks for a protection"),
        (client(json!({"require_signed_request_object": true})), code, "asks for a protection"),
        (client(json!({"tls_client_certificate_bound_access_tokens": true})), code, "asks for a protection"),
        (client(json!({"tls_client_auth_subject_dn": "CN=x"})), code, "asks for a protection"),
        (client(json!({"id_token_encrypted_response_alg": "RSA-OAEP-256"})), code, "asks for encryption"),
        (client(json!({"subject_type": "pairwise"})), code, "subject_type is 'pairwise', a protection"),
        (
            client(json!({"application_type": "web", "redirect_uris": ["http://localhost/cb"]})),
            "invalid_redirect_uri",
            "'native' may have it",
        ),
        (
            client(json!({"scope": "orders:read admin"})),
            code,
            "scope goes beyond what is given here with 'admin'",
        ),
        (client(json!({"scope": "dcr"})), code, "scope has 'dcr', which no client can have"),
        (client(json!({"scope": "a\"b"})), code, "scope is malformed"),
        (
            client(json!({"software_statement": "e30.e30."})),
            "unapproved_software_statement",
            "trusts no issuer of statements",
        ),
        (
            json!({"redirect_uris": ["https://a.example/cb"]}),
            code,
            "'authorization_code', and that is not served here: use client_credentials",
        ),
        (json!({}), code, "grant_types is omitted"),
    ])
    .await;
}

#[tokio::test]
async fn an_instance_that_wants_more_than_its_template_gets_nothing() {
    let instance = |more: Value| {
        let mut body = json!({"software_id": "field-app"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let code = "invalid_client_metadata";
    let says = "is the template's to say";
    refused(&[
        (instance(json!({"scope": "orders:read"})), code, says),
        (instance(json!({"client_name": "Mine"})), code, says),
        (instance(json!({"grant_types": ["client_credentials"]})), code, says),
        (instance(json!({"token_endpoint_auth_method": "none"})), code, says),
        (instance(json!({"jwks": {"keys": []}})), code, says),
        (instance(json!({"redirect_uris": ["https://evil.example/"]})), "invalid_redirect_uri", says),
    ])
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once_and_within_bounds() {
    let server = Server::demo().await;
    let uris: Vec<String> =
        (0..60).map(|n| format!("javascript:{n}{}", "\u{e9}\"\\\r\n".repeat(20))).collect();
    let body = json!({"grant_types": ["client_credentials"], "redirect_uris": uris, "client_uri": "ftp://x"});
    let answer = server.register("open", None, &body).await;
    let description = answer.refused(400, "invalid_redirect_uri").description();
    assert!(description.len() <= 1_000, "{}", description.len());
    assert!(
        description.contains("redirect_uris[7]") && description.ends_with("and 53 more"),
        "{description}"
    );
}
