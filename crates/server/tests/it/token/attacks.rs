//! What somebody would try who has no right to a token.

use std::time::Duration;

use http::Method;
use protocol::client_authentication::JWT_BEARER;
use protocol::jose::{SignatureAlgorithm, SigningKey, encode_base64url};
use serde_json::{Value, json};

use crate::world::{Answer, ENROLLER, NOW, Registered, Server, assertion, assertion_with, basic};

async fn signing_client(server: &Server) -> (SigningKey, Registered) {
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
                      "jwks": {"keys": [key.public_jwk()]}});
    let client = server.open_client(&body).await;
    (key, client)
}

async fn ask(server: &Server, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    form.extend_from_slice(more);
    server.post_form("/open/token", &[], &form).await
}

#[tokio::test]
async fn whoever_is_not_believed_is_told_the_same_and_costs_the_same() {
    let mut server = Server::with(|world| {
        world
            + r#"
[profiles.staff.clients.retired]
enabled = false
client_secret_sha256 = "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c"
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.short]
access = { clients = ["enroller"] }
client_secret_ttl = 60
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.gone]
access = { clients = ["enroller"] }
metadata = { grant_types = ["client_credentials"] }
[profiles.staff.templates.off]
access = { clients = ["enroller"] }
metadata = { grant_types = ["client_credentials"] }
"#
    })
    .await;
    let instance = server.instance("field-app").await;
    let expired = server.instance("short").await;
    let orphan = server.instance("gone").await;
    let disabled = server.instance("off").await;
    let foreign = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    server.reload("[profiles.staff.templates.gone]", "[profiles.staff.templates.other]").await.unwrap();
    server
        .reload("[profiles.staff.templates.off]", "[profiles.staff.templates.off]\nstatus = \"disabled\"")
        .await
        .unwrap();
    server.clock.forward(Duration::from_secs(60));

    let mut answers = Vec::new();
    for (who, (id, secret)) in [
        ("unknown, of our form", ("06h0fiii0c000eev642oo0s7ig", "x")),
        ("unknown, of no form", ("nobody", "x")),
        ("unknown, with a long name", (&*"n".repeat(5_000), "x")),
        ("wrong secret", (&*instance.id, "mcs_wrong")),
        ("wrong secret of an operator's client", ("enroller", "mcs_wrong")),
        ("switched off by the operator", ("retired", "enroller-secret")),
        ("expired secret", expired.credential()),
        ("template removed", orphan.credential()),
        ("template disabled", disabled.credential()),
        ("another profile's", foreign.credential()),
    ] {
        let before = server.app.effort().counts();
        let answer = server.token("staff", (id, secret), None).await;
        let after = server.app.effort().counts();
        let cost: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        assert_eq!(cost, [1, 1, 0], "{who}: looks into the store, hashes, signatures");
        answer.refused(401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), r#"Basic realm="staff""#);
        answers.push(answer.body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "all alike: {answers:?}");
}

#[tokio::test]
async fn an_assertion_that_is_not_believed_costs_one_signature_whoever_sends_it() {
    let server = Server::demo().await;
    let issuer = server.issuer("open");
    let (key, client) = signing_client(&server).await;
    let (stranger, _) = SigningKey::generate(SignatureAlgorithm::Rs256).unwrap();
    let with_secret = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    let mut answers = Vec::new();
    for (who, assertion) in [
        ("unknown client", assertion(&key, "nobody", &issuer)),
        ("another key", assertion(&stranger, &client.id, &issuer)),
        ("a client that has a secret", assertion(&key, &with_secret.id, &issuer)),
        ("another audience", assertion(&key, &client.id, "https://other.example")),
        ("no JWT", "rubbish".to_owned()),
        ("no claims", format!("{}.{}.AAAA", encode_base64url(r#"{"alg":"ES256"}"#), encode_base64url("{}"))),
        ("alg none", format!("{}.{}.", encode_base64url(r#"{"alg":"none"}"#), encode_base64url("{}"))),
    ] {
        let before = server.app.effort().counts();
        let answer = ask(&server, &assertion, &[]).await;
        let after = server.app.effort().counts();
        let cost: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        assert_eq!(cost, [1, 0, 1], "{who}");
        answers.push(answer.refused(401, "invalid_client").body.clone());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "all alike: {answers:?}");
}

#[tokio::test]
async fn an_assertion_must_be_the_clients_own_for_us_now_and_once() {
    let server = Server::demo().await;
    let issuer = server.issuer("open");
    let (key, client) = signing_client(&server).await;
    let (_, other) = signing_client(&server).await;
    for (what, changed) in [
        ("issuer", json!({"iss": other.id})),
        ("subject", json!({"sub": other.id})),
        ("both are somebody else", json!({"iss": other.id, "sub": other.id})),
        ("expired", json!({"exp": NOW - 31})),
        ("ends too far away", json!({"exp": NOW + 600 + 31})),
        ("not good yet", json!({"nbf": NOW + 31})),
        ("made in the future", json!({"iat": NOW + 31})),
        ("no end", json!({"exp": Value::Null})),
        ("no name", json!({"jti": Value::Null})),
        ("no audience", json!({"aud": Value::Null})),
        ("two audiences", json!({"aud": [issuer, "https://other.example"]})),
        ("an end that is text", json!({"exp": (NOW + 60).to_string()})),
    ] {
        let signed = assertion_with(&key, &client.id, &issuer, changed);
        let answer = ask(&server, &signed, &[]).await;
        assert_eq!(answer.refused(401, "invalid_client").status, 401, "{what}");
    }
    for within in [
        json!({"exp": NOW - 29}),
        json!({"exp": NOW + 600}),
        json!({"nbf": NOW + 29}),
        json!({"iat": Value::Null}),
    ] {
        let signed = assertion_with(&key, &client.id, &issuer, within.clone());
        assert_eq!(ask(&server, &signed, &[]).await.status, 200, "{within}");
    }
    // RFC 8725 §3.11: what says that it is something else is something else.
    let claims =
        |jti: &str| json!({"iss": client.id, "sub": client.id, "aud": issuer, "exp": NOW + 60, "jti": jti});
    for (typ, status) in
        [("at+jwt", 401), ("dpop+jwt", 401), ("jwt", 200), ("application/client-authentication+jwt", 200)]
    {
        let signed = key.sign_jwt(typ, &claims(typ)).unwrap();
        assert_eq!(ask(&server, &signed, &[]).await.status, status, "{typ}");
    }
    let signed = assertion(&key, &client.id, &issuer);
    ask(&server, &signed, &[("client_id", &other.id)]).await.refused(401, "invalid_client");
    assert_eq!(ask(&server, &signed, &[]).await.status, 200, "a refusal has not used it up");
    ask(&server, &signed, &[]).await.refused(401, "invalid_client");
    let wrong_type =
        [("grant_type", "client_credentials"), ("client_assertion_type", "x"), ("client_assertion", &signed)];
    server.post_form("/open/token", &[], &wrong_type).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn an_assertion_used_many_times_at_once_is_believed_once() {
    let server = std::sync::Arc::new(Server::demo().await);
    let (key, client) = signing_client(&server).await;
    let signed = assertion(&key, &client.id, &server.issuer("open"));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (server, signed) = (std::sync::Arc::clone(&server), signed.clone());
        tasks.spawn(async move { ask(&server, &signed, &[]).await.status == 200 });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|believed| *believed).count(), 1);
}

#[tokio::test]
async fn an_assertion_stays_used_after_a_restart() {
    let server = Server::demo().await;
    let (key, client) = signing_client(&server).await;
    let signed = assertion(&key, &client.id, &server.issuer("open"));
    assert_eq!(ask(&server, &signed, &[]).await.status, 200);
    let server = server.restarted().await;
    ask(&server, &signed, &[]).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn a_client_that_bound_itself_to_an_algorithm_is_held_to_it() {
    let server = Server::demo().await;
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Rs256).unwrap();
    let mut public = key.public_jwk().clone();
    public.as_object_mut().unwrap().remove("alg");
    let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
                      "token_endpoint_auth_signing_alg": "PS256", "jwks": {"keys": [public]}});
    let client = server.open_client(&body).await;
    assert_eq!(client.json["token_endpoint_auth_signing_alg"], "PS256");
    let signed = assertion(&key, &client.id, &server.issuer("open"));
    ask(&server, &signed, &[]).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn a_token_to_register_with_is_worth_nothing_anywhere_else() {
    let server = Server::demo().await;
    let token = server.dcr().await;
    let bearer = format!("Bearer {token}");
    let grant = ("grant_type", "client_credentials");
    server
        .post_form("/staff/token", &[("authorization", &bearer)], &[grant])
        .await
        .refused(401, "invalid_client");
    server.token("staff", ("enroller", &token), None).await.refused(401, "invalid_client");
    server.token("staff", (&token, &token), None).await.refused(401, "invalid_client");
    let enroller = basic(ENROLLER);
    for (grant_type, parameter) in [
        ("refresh_token", "refresh_token"),
        ("authorization_code", "code"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion"),
    ] {
        let form = [("grant_type", grant_type), (parameter, token.as_str())];
        server
            .post_form("/staff/token", &[("authorization", &enroller)], &form)
            .await
            .refused(400, "unsupported_grant_type");
    }
    assert!(!token.contains('.'), "it is no JWT, so no API can take it for an access token");
    assert_eq!(
        server.register("staff", Some(&token), &json!({"software_id": "field-app"})).await.status,
        201
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_in_json() {
    let server = Server::demo().await;
    let enroller = basic(ENROLLER);
    let post = |authorization: Option<&str>, body: &str| {
        let (server, body) = (&server, body.to_owned());
        let authorization = authorization.map(str::to_owned);
        async move {
            let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
            if let Some(value) = &authorization {
                headers.push(("authorization", value));
            }
            server.send(Method::POST, "/staff/token", &headers, body).await
        }
    };
    let grant = "grant_type=client_credentials";
    for (authorization, body, status, error) in [
        (None, "", 401, "invalid_client"),
        (None, grant, 401, "invalid_client"),
        (Some("Basic !!!"), grant, 401, "invalid_client"),
        (Some("Digest x"), grant, 401, "invalid_client"),
        (Some("Basic ZW5yb2xsZXI="), grant, 401, "invalid_client"),
        (Some(&*enroller), "", 400, "invalid_request"),
        (Some(&*enroller), "grant_type=", 400, "invalid_request"),
        (Some(&*enroller), "grant_type=password&username=a&password=b", 400, "unsupported_grant_type"),
        (Some(&*enroller), "grant_type=magic", 400, "unsupported_grant_type"),
        (
            Some(&*enroller),
            "grant_type=client_credentials&grant_type=client_credentials",
            400,
            "invalid_request",
        ),
        (Some(&*enroller), "grant_type=client_credentials&scope=%ff", 400, "invalid_request"),
        (Some(&*enroller), "grant_type=client_credentials&client_secret=x", 400, "invalid_request"),
        (Some(&*enroller), "grant_type=client_credentials&client_id=other", 400, "invalid_request"),
    ] {
        let answer = post(authorization, body).await;
        answer.refused(status, error);
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{body}");
    }
    let json = server.send(Method::POST, "/staff/token", &[("content-type", "application/json")], "{}").await;
    json.refused(415, "invalid_request");
    let large = format!("{grant}&x={}", "y".repeat(1024 * 1024));
    post(Some(&enroller), &large).await.refused(413, "invalid_request");
    server.get("/staff/token").await.refused(405, "invalid_request");
    // RFC 6749 §2.3.1: a secret in a URI ends up in logs, so it is nowhere looked for there.
    let in_uri =
        "/staff/token?grant_type=client_credentials&client_id=enroller&client_secret=enroller-secret";
    server
        .post_form(in_uri, &[], &[("grant_type", "client_credentials")])
        .await
        .refused(401, "invalid_client");
    server
        .post_form("/closed/token", &[("authorization", &enroller)], &[("grant_type", "client_credentials")])
        .await
        .refused(401, "invalid_client");
}
