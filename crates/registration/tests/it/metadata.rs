//! From what is sent to what is coherent and served (RFC 7591 §2, OpenID Connect Registration §2).

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use protocol::client_metadata::{ClientMetadata, Member};
use protocol::jose::{SignatureAlgorithm, SigningKey};
use registration::capabilities::Capabilities;
use registration::metadata::ValidatedMetadata;
use serde_json::{Map, Value, json};

use crate::served::{code_flow, everything, machines};

fn wire(members: Value) -> ClientMetadata {
    let Value::Object(members) = members else { panic!("not an object") };
    ClientMetadata::from_members(members).unwrap()
}

fn read(members: Value, served: &Capabilities) -> Result<Value, Vec<String>> {
    match ValidatedMetadata::of_client(&wire(members), served) {
        Ok(metadata) => Ok(serde_json::to_value(metadata.to_wire()).unwrap()),
        Err(rejection) => Err(rejection.problems().iter().map(ToString::to_string).collect()),
    }
}

fn accepted(members: Value, served: &Capabilities) -> Value {
    read(members, served).unwrap()
}

#[track_caller]
fn rejected(members: Value, served: &Capabilities, wanted: &[&str]) {
    let problems = read(members, served).unwrap_err();
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    for (problem, wanted) in problems.iter().zip(wanted) {
        assert!(problem.contains(wanted), "{problem}\n  lacks: {wanted}");
    }
}

fn public_key() -> Value {
    SigningKey::generate(SignatureAlgorithm::Es256).unwrap().0.public_jwk().clone()
}

#[test]
fn what_is_omitted_gets_its_default_and_is_echoed() {
    assert_eq!(
        accepted(json!({"redirect_uris": ["https://app.example/cb"]}), &everything()),
        json!({
            "application_type": "web",
            "dpop_bound_access_tokens": false,
            "grant_types": ["authorization_code"],
            "id_token_signed_response_alg": "RS256",
            "redirect_uris": ["https://app.example/cb"],
            "require_auth_time": false,
            "require_pushed_authorization_requests": false,
            "require_signed_request_object": false,
            "response_types": ["code"],
            "subject_type": "public",
            "tls_client_certificate_bound_access_tokens": false,
            "token_endpoint_auth_method": "client_secret_basic",
        })
    );
    assert_eq!(
        accepted(json!({"grant_types": ["client_credentials"]}), &machines()),
        json!({
            "application_type": "web",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "token_endpoint_auth_method": "client_secret_basic",
        })
    );
}

/// A valid value for every member, which a server that serves everything echoes unchanged.
fn full() -> Map<String, Value> {
    let Value::Object(members) = json!({
        "redirect_uris": ["https://app.example/cb", "https://app.example/cb2?x=1"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "grant_types": ["authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"],
        "response_types": ["code"],
        "client_name": "App", "client_name#de": "Anwendung",
        "client_uri": "https://app.example/", "logo_uri": "https://app.example/logo.png",
        "scope": "openid orders:read",
        "contacts": ["ops@app.example"],
        "tos_uri": "https://app.example/tos", "policy_uri": "http://app.example/privacy",
        "jwks": {"keys": [public_key()]},
        "software_id": "app", "software_version": "1.2",
        "application_type": "web",
        "sector_identifier_uri": "https://app.example/sector.json", "subject_type": "pairwise",
        "id_token_signed_response_alg": "ES256",
        "id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A256GCM",
        "request_object_signing_alg": "ES256",
        "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM",
        "default_max_age": 3600, "require_auth_time": true, "default_acr_values": ["urn:a"],
        "initiate_login_uri": "https://app.example/login?x=%20",
        "request_uris": ["https://app.example/request#v1"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "frontchannel_logout_uri": "https://app.example/front", "frontchannel_logout_session_required": true,
        "backchannel_logout_uri": "https://app.example/back", "backchannel_logout_session_required": true,
        "tls_client_certificate_bound_access_tokens": true,
        "require_signed_request_object": true, "require_pushed_authorization_requests": true,
        "dpop_bound_access_tokens": true, "authorization_details_types": ["payment"],
        "authorization_signed_response_alg": "ES256",
        "authorization_encrypted_response_alg": "ECDH-ES", "authorization_encrypted_response_enc": "A256GCM",
        "introspection_signed_response_alg": "ES256",
        "introspection_encrypted_response_alg": "ECDH-ES", "introspection_encrypted_response_enc": "A256GCM",
        "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": "https://app.example/ping",
        "backchannel_authentication_request_signing_alg": "ES256",
        "backchannel_user_code_parameter": true,
    }) else {
        unreachable!()
    };
    members
}

#[test]
fn every_member_that_is_served_is_kept_and_echoed() {
    let full = full();
    assert_eq!(accepted(Value::Object(full.clone()), &everything()), Value::Object(full.clone()));

    // The members that `full` cannot have beside its others, each in a client of its own.
    let keys = json!({"keys": [public_key()]});
    for (alone, with) in [
        (
            Member::JwksUri,
            json!({"jwks_uri": "https://app.example/jwks", "token_endpoint_auth_method": "private_key_jwt"}),
        ),
        (
            Member::TlsClientAuthSubjectDn,
            json!({"tls_client_auth_subject_dn": "CN=app", "token_endpoint_auth_method": "tls_client_auth"}),
        ),
        (
            Member::TlsClientAuthSanDns,
            json!({"tls_client_auth_san_dns": "app.example", "token_endpoint_auth_method": "tls_client_auth"}),
        ),
        (
            Member::TlsClientAuthSanUri,
            json!({"tls_client_auth_san_uri": "https://app.example", "token_endpoint_auth_method": "tls_client_auth"}),
        ),
        (
            Member::TlsClientAuthSanIp,
            json!({"tls_client_auth_san_ip": "192.0.2.1", "token_endpoint_auth_method": "tls_client_auth"}),
        ),
        (
            Member::TlsClientAuthSanEmail,
            json!({"tls_client_auth_san_email": "a@app.example", "token_endpoint_auth_method": "tls_client_auth"}),
        ),
        (Member::Jwks, json!({"jwks": keys, "token_endpoint_auth_method": "self_signed_tls_client_auth"})),
    ] {
        let mut members = with.as_object().unwrap().clone();
        members.insert("redirect_uris".into(), json!(["https://app.example/cb"]));
        let echo = accepted(Value::Object(members.clone()), &everything());
        assert_eq!(echo[alone.as_str()], members[alone.as_str()]);
    }

    // Together these are all members there are; a statement is judged elsewhere and refused here.
    let not_in_full = Member::ALL.iter().filter(|member| !full.contains_key(member.as_str())).count();
    assert_eq!(not_in_full, 1 + 5 + 1, "jwks_uri, tls_client_auth_*, software_statement");
}

#[test]
fn every_member_that_is_not_served_is_refused_or_left_out_but_never_echoed() {
    let protections = [
        "subject_type",
        "id_token_encrypted_response_alg",
        "userinfo_encrypted_response_alg",
        "request_object_encryption_alg",
        "authorization_encrypted_response_alg",
        "introspection_encrypted_response_alg",
        "tls_client_certificate_bound_access_tokens",
        "require_signed_request_object",
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
    ];
    let mut members = full();
    members["grant_types"] = json!(["authorization_code", "client_credentials"]);
    let problems = read(Value::Object(members.clone()), &machines()).unwrap_err();
    for protection in protections {
        assert!(
            problems.iter().any(|problem| problem.starts_with(protection)),
            "{protection}: {problems:#?}"
        );
        members.remove(protection);
    }
    members.retain(|name, _| !name.ends_with("_enc"));
    assert_eq!(
        accepted(Value::Object(members.clone()), &machines()),
        json!({
            "application_type": "web",
            "client_name": "App", "client_name#de": "Anwendung",
            "client_uri": "https://app.example/", "logo_uri": "https://app.example/logo.png",
            "contacts": ["ops@app.example"],
            "grant_types": ["client_credentials"],
            "jwks": members["jwks"],
            "policy_uri": "http://app.example/privacy",
            "redirect_uris": ["https://app.example/cb", "https://app.example/cb2?x=1"],
            "response_types": [],
            "scope": "openid orders:read",
            "software_id": "app", "software_version": "1.2",
            "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
            "tos_uri": "https://app.example/tos",
        })
    );
}

#[test]
fn a_protection_that_is_declined_is_no_problem_where_nobody_enforces_it() {
    let echo = accepted(
        json!({"grant_types": ["client_credentials"], "dpop_bound_access_tokens": false, "require_pushed_authorization_requests": false}),
        &machines(),
    );
    assert!(echo.get("dpop_bound_access_tokens").is_none());
}

#[test]
fn signatures_on_answers_that_are_given_unsigned_are_refused() {
    rejected(
        json!({"redirect_uris": ["https://app.example/cb"], "authorization_signed_response_alg": "ES256"}),
        &code_flow(),
        &["authorization_signed_response_alg asks for signatures that are not made here"],
    );
    rejected(
        json!({"redirect_uris": ["https://app.example/cb"], "id_token_signed_response_alg": "none"}),
        &everything(),
        &["id_token_signed_response_alg is 'none'"],
    );
}

#[test]
fn grants_and_response_types_that_contradict_each_other_are_refused() {
    let redirect = json!(["https://app.example/cb"]);
    for (grants, responses, wanted) in [
        (
            json!(["client_credentials"]),
            json!(["code"]),
            "response_types has 'code', which needs the grant type 'authorization_code'",
        ),
        (
            json!(["authorization_code"]),
            json!(["token"]),
            "response_types has 'token', which needs the grant type 'implicit'",
        ),
        (
            json!(["authorization_code"]),
            json!(["code id_token"]),
            "response_types has 'code id_token', which needs the grant type 'implicit'",
        ),
        (
            json!(["implicit"]),
            Value::Null,
            "response_types has nothing that the grant type 'implicit' could answer with",
        ),
        (json!(["refresh_token"]), json!([]), "grant_types has only 'refresh_token'"),
        (json!([]), json!([]), "grant_types is an empty list"),
    ] {
        let mut members =
            json!({"redirect_uris": redirect, "grant_types": grants, "response_types": responses});
        members.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let problems = read(members, &everything()).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(wanted)), "{problems:#?}");
    }
}

#[test]
fn lists_are_narrowed_to_what_is_served() {
    let echo = accepted(
        json!({"redirect_uris": ["https://app.example/cb"],
               "grant_types": ["authorization_code", "implicit", "refresh_token", "password", "urn:x:unknown"],
               "response_types": ["code", "token", "id_token token", "none"]}),
        &code_flow(),
    );
    assert_eq!(echo["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(echo["response_types"], json!(["code"]));
    // Client credentials alone never give a refresh token (RFC 6749 §4.4.3).
    let echo = accepted(json!({"grant_types": ["client_credentials", "refresh_token"]}), &code_flow());
    assert_eq!(echo["grant_types"], json!(["client_credentials"]));
}

#[test]
fn a_client_that_could_get_no_token_is_told_what_is_served() {
    rejected(
        json!({"redirect_uris": ["https://app.example/cb"]}),
        &machines(),
        &[
            "grant_types is omitted, which means 'authorization_code', and that is not served here: use client_credentials",
        ],
    );
    rejected(
        json!({"grant_types": ["password"]}),
        &machines(),
        &["grant_types has nothing that is served here: use client_credentials"],
    );
    rejected(
        json!({"redirect_uris": ["https://app.example/cb"], "response_types": ["none"]}),
        &code_flow(),
        &["response_types has nothing that is served here: use code"],
    );
}

#[test]
fn a_redirecting_client_without_a_redirect_uri_is_refused() {
    rejected(json!({}), &code_flow(), &["redirect_uris is missing: 'authorization_code' needs at least one"]);
    rejected(json!({"redirect_uris": []}), &code_flow(), &["redirect_uris is missing"]);
    rejected(
        json!({"redirect_uris": ["https://a.example/cb", "https://a.example/#x", "javascript:1"]}),
        &code_flow(),
        &["redirect_uris[1] has a fragment", "redirect_uris[2] has the scheme 'javascript'"],
    );
    let echo = accepted(json!({"redirect_uris": ["https://a.example/", "https://a.example/"]}), &code_flow());
    assert_eq!(echo["redirect_uris"], json!(["https://a.example/"]));
}

#[test]
fn the_application_type_fits_the_redirect_uris() {
    let kind =
        |uris: Value| accepted(json!({ "redirect_uris": uris }), &code_flow())["application_type"].clone();
    assert_eq!(kind(json!(["https://a.example/cb"])), "web");
    assert_eq!(kind(json!(["http://127.0.0.1/cb", "https://a.example/cb"])), "native");
    assert_eq!(kind(json!(["com.example.app:/cb"])), "native");
    rejected(
        json!({"redirect_uris": ["http://localhost:3000/cb"], "application_type": "web"}),
        &code_flow(),
        &["redirect_uris[0] is on the user's own device: an application_type of 'native' may have it"],
    );
    rejected(
        json!({"redirect_uris": ["https://a.example/cb"], "application_type": "robot"}),
        &code_flow(),
        &["application_type must be one of web, native"],
    );
}

#[test]
fn a_public_client_cannot_be_a_machine() {
    rejected(
        json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}),
        &code_flow(),
        &["token_endpoint_auth_method 'none' does not go with the grant type 'client_credentials'"],
    );
}

#[test]
fn an_authentication_method_that_is_not_served_is_refused() {
    for method in ["tls_client_auth", "client_secret_jwt", "telepathy"] {
        rejected(
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": method}),
            &machines(),
            &["which is not served here: use client_secret_basic, client_secret_post, private_key_jwt"],
        );
    }
    rejected(
        json!({"grant_types": ["client_credentials"], "tls_client_auth_subject_dn": "CN=a"}),
        &machines(),
        &["tls_client_auth_subject_dn asks for a protection that is not enforced here"],
    );
    let two_names = json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "tls_client_auth",
                           "tls_client_auth_san_dns": "a.example", "tls_client_auth_san_ip": "192.0.2.1"});
    rejected(two_names, &everything(), &["tls_client_auth_san_ip is a second name of the certificate"]);
}

#[test]
fn a_client_that_signs_brings_keys_that_can() {
    let client = |more: Value| {
        let mut members =
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt"});
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        members
    };
    let key = public_key();
    let mut private = key.clone();
    private["d"] = json!("AAAA");
    rejected(
        client(json!({})),
        &machines(),
        &["jwks is missing: 'private_key_jwt' needs the client's public keys"],
    );
    rejected(
        client(json!({"jwks": {"keys": [key]}, "jwks_uri": "https://a.example/jwks"})),
        &machines(),
        &["jwks stands beside jwks_uri"],
    );
    rejected(
        client(json!({"jwks": {"keys": [private]}})),
        &machines(),
        &["jwks keys[0] has the private member 'd'"],
    );
    rejected(
        client(json!({"jwks": {"keys": [key]}, "token_endpoint_auth_signing_alg": "EdDSA"})),
        &machines(),
        &["jwks has no key for signatures with EdDSA"],
    );
    rejected(
        client(json!({"jwks": {"keys": [key]}, "token_endpoint_auth_signing_alg": "none"})),
        &machines(),
        &["token_endpoint_auth_signing_alg is 'none', which is not accepted here"],
    );
    rejected(
        client(json!({"jwks_uri": "https://a.example/jwks"})),
        &machines(),
        &["jwks_uri is not fetched here: send the public keys by value, as jwks"],
    );
    rejected(
        client(json!({"jwks_uri": "http://a.example/jwks"})),
        &machines(),
        &["jwks_uri has the scheme 'http': use https"],
    );
    assert!(
        read(
            client(json!({"jwks": {"keys": [key]}, "token_endpoint_auth_signing_alg": "ES256"})),
            &machines()
        )
        .is_ok()
    );
}

#[test]
fn what_is_shown_to_people_cannot_deceive_them() {
    let shown = |more: Value| {
        let mut members = json!({"grant_types": ["client_credentials"]});
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(members, &machines())
    };
    for (bad, wanted) in [
        (json!({"client_name": "Bank\u{202e}knaB"}), "client_name has the invisible character U+202E"),
        (json!({"client_name": "a\nb"}), "client_name has the invisible character U+000A"),
        (json!({"client_name#de": "\u{200b}"}), "client_name#de has the invisible character U+200B"),
        (json!({"client_name": "  "}), "client_name is blank"),
        (json!({"client_name": "x".repeat(201)}), "client_name is 201 characters long"),
        (json!({"contacts": ["a@b.example", "\u{7f}"]}), "contacts[1] has the invisible character"),
        (json!({"client_uri": "javascript:alert(1)"}), "client_uri has the scheme 'javascript'"),
        (json!({"logo_uri": "data:image/png;base64,AA"}), "logo_uri has the scheme 'data'"),
        (json!({"tos_uri#fr": "https://user@a.example/"}), "tos_uri#fr has a user name in it"),
        (json!({"policy_uri": "https://"}), "policy_uri is not an absolute URI"),
    ] {
        let problems = shown(bad).unwrap_err();
        assert!(problems[0].starts_with(wanted), "{problems:?}");
    }
    assert!(
        shown(json!({"client_name": "\u{30af}\u{30e9}\u{30a4}\u{30a2}\u{30f3}\u{30c8} \u{1f600}"})).is_ok()
    );
}

#[test]
fn addresses_that_somebody_acts_on_are_https() {
    let members = json!({
        "redirect_uris": ["https://a.example/cb"], "initiate_login_uri": "http://a.example/login",
        "frontchannel_logout_uri": "http://a.example/out", "request_uris": ["http://a.example/r"],
        "post_logout_redirect_uris": ["javascript:1"],
    });
    rejected(
        members,
        &everything(),
        &[
            "initiate_login_uri has the scheme",
            "request_uris[0] has the scheme",
            "post_logout_redirect_uris[0] has the scheme",
            "frontchannel_logout_uri has the scheme",
        ],
    );
}

#[test]
fn half_of_an_encryption_is_refused() {
    rejected(
        json!({"redirect_uris": ["https://a.example/cb"], "userinfo_encrypted_response_enc": "A256GCM"}),
        &everything(),
        &["userinfo_encrypted_response_enc is nothing without userinfo_encrypted_response_alg"],
    );
    rejected(
        json!({"redirect_uris": ["https://a.example/cb"], "id_token_encrypted_response_alg": "ECDH-ES"}),
        &everything(),
        &["jwks is missing: encrypted answers need a public key of the client"],
    );
    let echo = accepted(
        json!({"redirect_uris": ["https://a.example/cb"], "jwks": {"keys": [public_key()]}, "id_token_encrypted_response_alg": "ECDH-ES"}),
        &everything(),
    );
    assert_eq!(echo["id_token_encrypted_response_enc"], "A128CBC-HS256");
}

#[test]
fn pairwise_subjects_on_several_hosts_need_a_sector() {
    let uris = json!(["https://a.example/cb", "https://b.example/cb"]);
    rejected(
        json!({"redirect_uris": uris, "subject_type": "pairwise"}),
        &everything(),
        &["sector_identifier_uri is missing"],
    );
    rejected(
        json!({"redirect_uris": uris, "subject_type": "secret"}),
        &everything(),
        &["subject_type must be one of public, pairwise"],
    );
}

#[test]
fn a_software_statement_is_refused_and_never_ignored() {
    rejected(
        json!({"grant_types": ["client_credentials"], "software_statement": "e30.e30.AA"}),
        &everything(),
        &["software_statement is not accepted: this server trusts no issuer of statements"],
    );
}

#[test]
fn a_malformed_scope_is_refused_and_an_empty_one_means_nothing() {
    rejected(
        json!({"grant_types": ["client_credentials"], "scope": "a \"b\""}),
        &machines(),
        &["scope is malformed: '\"b\"' is not a scope token"],
    );
    let echo = accepted(json!({"grant_types": ["client_credentials"], "scope": ""}), &machines());
    assert!(echo.get("scope").is_none());
}

/// Requests as they come: each member there or not, sensible or not.
fn requests() -> impl Strategy<Value = Value> {
    let pool: Vec<(&str, Vec<Value>)> = vec![
        (
            "redirect_uris",
            vec![
                json!(["https://a.example/cb"]),
                json!(["http://localhost/cb", "com.example.a:/cb"]),
                json!([]),
            ],
        ),
        (
            "grant_types",
            vec![
                json!(["client_credentials"]),
                json!(["authorization_code", "refresh_token"]),
                json!(["implicit", "x"]),
            ],
        ),
        ("response_types", vec![json!(["code"]), json!(["token id_token"]), json!([])]),
        (
            "token_endpoint_auth_method",
            vec![json!("none"), json!("client_secret_post"), json!("private_key_jwt")],
        ),
        ("jwks", vec![json!({"keys": [public_key()]})]),
        ("jwks_uri", vec![json!("https://a.example/jwks")]),
        ("application_type", vec![json!("web"), json!("native")]),
        ("scope", vec![json!("a b"), json!("")]),
        ("subject_type", vec![json!("public"), json!("pairwise")]),
        ("client_name", vec![json!("A")]),
        ("client_name#de", vec![json!("B")]),
        ("id_token_signed_response_alg", vec![json!("ES256"), json!("HS256")]),
        ("default_max_age", vec![json!(0), json!(60)]),
        ("dpop_bound_access_tokens", vec![json!(true), json!(false)]),
        ("backchannel_logout_uri", vec![json!("https://a.example/out")]),
        ("authorization_details_types", vec![json!(["payment", "other"])]),
    ];
    let members = pool.into_iter().map(|(name, values)| {
        let value = (0..values.len()).prop_map(move |index| values[index].clone());
        prop_oneof![Just(None), value.prop_map(Some)].prop_map(move |value| (name, value))
    });
    members.collect::<Vec<_>>().prop_map(|members| {
        let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(present.collect())
    })
}

proptest! {
    #[test]
    fn what_was_accepted_reads_back_as_itself(request in requests(), everything_is_served in any::<bool>()) {
        let served = if everything_is_served { everything() } else { code_flow() };
        if let Ok(metadata) = ValidatedMetadata::of_client(&wire(request), &served) {
            assert_eq!(ValidatedMetadata::restore(&metadata.to_wire()).as_ref(), Ok(&metadata));
            assert_eq!(ValidatedMetadata::of_client(&metadata.to_wire(), &served).as_ref(), Ok(&metadata));
        }
    }
}
