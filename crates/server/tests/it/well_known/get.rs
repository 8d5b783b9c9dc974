use serde_json::{Value, json};

use crate::world::Server;

const PLACES: [&str; 4] = [
    "/.well-known/oauth-authorization-server/staff",
    "/.well-known/openid-configuration/staff",
    "/staff/.well-known/openid-configuration",
    "/staff/.well-known/oauth-authorization-server",
];

#[tokio::test]
async fn metadata_is_found_wherever_clients_look_for_it() {
    let server = Server::demo().await;
    let issuer = server.issuer("staff");
    let first = server.get(PLACES[0]).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), "application/json");
    for place in PLACES {
        let answer = server.get(place).await;
        assert_eq!(answer.json(), first.json(), "{place}");
    }
    let metadata = first.json();
    assert_eq!(metadata["issuer"], issuer);
    for (member, path) in [
        ("token_endpoint", "/token"),
        ("jwks_uri", "/jwks"),
        ("registration_endpoint", "/register"),
        ("revocation_endpoint", "/revoke"),
    ] {
        assert_eq!(metadata[member], format!("{issuer}{path}"));
    }
    assert_eq!(metadata["scopes_supported"], json!(["orders:read", "orders:write"]));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(metadata["response_types_supported"], json!([]));
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["client_secret_basic", "client_secret_post", "private_key_jwt"])
    );
    for member in [
        "token_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
    ] {
        assert_eq!(metadata[member], json!(["ES256", "EdDSA", "PS256", "RS256"]), "{member}");
    }
}

#[tokio::test]
async fn a_registration_endpoint_is_named_exactly_where_some_door_has_an_access() {
    let mut server = Server::demo().await;
    let names_one = |metadata: Value| metadata.get("registration_endpoint").is_some();
    for (profile, expected) in [("open", true), ("staff", true), ("closed", false)] {
        let metadata = server.get(&format!("/{profile}/.well-known/openid-configuration")).await.json();
        assert_eq!(names_one(metadata), expected, "{profile}");
    }
    // A profile whose only access is a template's.
    server
        .reload("[profiles.staff.registration.own]\naccess = { clients = [\"enroller\"] }", "")
        .await
        .unwrap();
    assert!(names_one(server.get(PLACES[0]).await.json()));
    let of_template = "[profiles.staff.templates.field-app]\naccess = { clients = [\"enroller\"] }";
    server.reload(of_template, "[profiles.staff.templates.field-app]").await.unwrap();
    assert!(!names_one(server.get(PLACES[0]).await.json()));
    server.register("staff", None, &json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_not_there_is_404_in_json() {
    let server = Server::demo().await;
    for path in [
        "/",
        "/nobody",
        "/nobody/token",
        "/nobody/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/nobody",
        "/.well-known/oauth-authorization-server/staff/more",
        "/staff",
        "/staff/",
        "/staff/nothing",
        "/staff//token",
        "/staff/token/",
        "//staff/token",
        "/STAFF/token",
        "/staff/%74oken",
        "/staff/../staff/jwks",
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (404, "not_found"), "{path}");
    }
    let endless = format!("/staff{}", "/x".repeat(20_000));
    server.get(&endless).await.refused(404, "not_found");
}

/// RFC 9112 §3.2: the host chooses the profile, so it must be one.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_for_one_host() {
    let server = Server::demo().await;
    let ask = |head: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        write!(stream, "GET /staff/jwks {head}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    };
    let answers = tokio::task::block_in_place(|| {
        [
            "HTTP/1.1\r\nHost: x\r\n",
            "HTTP/1.1\r\nHost: x:8700\r\n",
            "HTTP/1.1\r\nHost: [::1]:8700\r\n",
            "HTTP/1.0\r\n",
            "HTTP/1.1\r\n",
            "HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
            "HTTP/1.1\r\nHost: x, y\r\n",
            "HTTP/1.1\r\nHost: u@x\r\n",
            "HTTP/1.1\r\nHost: x:y\r\n",
            "HTTP/1.1\r\nHost:\r\n",
        ]
        .map(ask)
    });
    assert_eq!(answers, ["200", "200", "200", "200", "400", "400", "400", "400", "400", "400"]);
}

#[tokio::test]
async fn a_profile_can_live_at_the_root_and_on_a_host_of_its_own() {
    let server = Server::with(|world| {
        let root = world
            .lines()
            .find(|line| line.starts_with("public_url"))
            .unwrap()
            .replace("public_url", "issuer");
        let bank = "issuer = \"https://id.bank.example/oauth\"";
        world
            .replace(
                "[profiles.closed.resource]",
                &format!("[profiles.closed]\n{bank}\n[profiles.closed.resource]"),
            )
            .replace(
                "[profiles.open.resource]",
                &format!("[profiles.open]\n{root}\n[profiles.open.resource]"),
            )
    })
    .await;
    let root = server.issuer("").trim_end_matches('/').to_owned();
    for place in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        assert_eq!(server.get(place).await.json()["issuer"], root, "{place}");
    }
    assert_eq!(
        server.register("..", None, &json!({"grant_types": ["client_credentials"]})).await.status,
        404
    );
    let body = json!({"grant_types": ["client_credentials"]}).to_string();
    let registered =
        server.send(http::Method::POST, "/register", &[("content-type", "application/json")], body).await;
    assert_eq!(registered.status, 201);
    assert_eq!(server.get("/staff/jwks").await.status, 200, "its neighbours are where they were");

    for host in ["id.bank.example", "ID.bank.example:443"] {
        let at = async |path| server.send(http::Method::GET, path, &[("host", host)], "").await;
        let metadata = at("/.well-known/oauth-authorization-server/oauth").await;
        assert_eq!(metadata.json()["issuer"], "https://id.bank.example/oauth");
        assert_eq!(at("/oauth/jwks").await.status, 200);
        assert_eq!(at("/staff/jwks").await.status, 404, "no other profile is on that host");
    }
    assert_eq!(server.get("/oauth/jwks").await.status, 404, "and it is on no other");
}

/// RFC 8414 §2, OpenID Connect Discovery §3, RFC 9207 §3.
#[tokio::test]
async fn what_only_people_need_stands_exactly_where_people_sign_in() {
    let server = Server::demo().await;
    let with_people = server.get("/open/.well-known/openid-configuration").await.json();
    let without = server.get(PLACES[0]).await.json();
    let issuer = server.issuer("open");
    let mut expected = json!({
        "authorization_endpoint": format!("{issuer}/authorize"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        // What is not served is said (OpenID Connect Core §15.1), the last because it is on by default.
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    for (member, value) in expected.as_object_mut().unwrap() {
        assert_eq!(&with_people[member.as_str()], &*value, "{member}");
        assert_eq!(without.get(member.as_str()), None, "{member}");
    }
    assert_eq!(with_people["response_types_supported"], json!(["code"]));
    assert_eq!(without["response_types_supported"], json!([]));
}
