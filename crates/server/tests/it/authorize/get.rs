//! RFC 6749 §4.1, OpenID Connect Core §3.1.2: requests, and what becomes of them.

use serde_json::json;

use crate::person::{ALICE, Ask, BOB, CALLBACK, Person, Who, parameter};
use crate::world::{NOW, Server};

const INSTALL_SCOPE: &str = "openid profile offline_access orders:read";

#[tokio::test]
async fn an_install_gets_a_credential_of_its_own_and_its_second_sign_in_is_silent() {
    let server = Server::demo().await;
    let alice = Person::of(&server);

    // The app has nothing but an id. Its user signs in, and is told what is about to happen.
    let (page, html) = alice.page(&Ask::dcr()).await;
    assert!(html.contains("id=\"username\"") && html.contains("Shop") && html.contains("127.0.0.1"));
    assert_eq!(alice.sign_in(&page, ALICE).await.header("location"), page);
    let html = alice.get(&page).await.html();
    assert!(html.contains("name=\"decision\"") && html.contains("Shop"), "{html}");
    let answer = alice.allow(&page).await;
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(CALLBACK));
    assert_eq!(parameter(&location, "state").as_deref(), Some("the-state"));
    assert_eq!(parameter(&location, "iss"), Some(server.issuer("customers")));

    // A token that is good for one registration, and comes alone.
    let token = server.redeem("customers", Who::Public("shop-app"), &location).await;
    let json = token.json();
    assert_eq!((json["scope"].as_str(), json["token_type"].as_str()), (Some("dcr"), Some("Bearer")));
    assert!(json.get("refresh_token").is_none() && json.get("id_token").is_none());
    let dcr = token.text("access_token");
    let body = json!({"software_id": "shop-install"});
    let registered = server.register("customers", Some(&dcr), &body).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    server.register("customers", Some(&dcr), &body).await.refused(401, "invalid_token");
    let install = crate::world::Registered::of(&registered);
    assert_eq!(install.json["grant_types"], json!(["authorization_code", "refresh_token"]));

    // Seconds later, with its own id: no page.
    let ask = Ask::code("customers", &install.id, INSTALL_SCOPE).with("nonce", "n-1");
    let silent = alice.ask(&ask).await;
    let location = silent.header("location").to_owned();
    assert!(silent.status == 303 && location.starts_with(CALLBACK), "{silent:?}");

    // Its code is nothing without its secret.
    let public = server.redeem("customers", Who::Public(&install.id), &location).await;
    public.refused(401, "invalid_client");
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    let json = tokens.json();
    assert_eq!(json["scope"], "offline_access openid orders:read profile");
    let access_token = tokens.text("access_token");
    let about = server.introspect("customers", &access_token).await;
    assert_eq!((&about["active"], &about["username"]), (&json!(true), &json!("alice")));
    assert_eq!(about["client_id"], install.id);

    let refreshed =
        server.refresh("customers", Who::Secret(install.credential()), &tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_ne!(refreshed.text("refresh_token"), tokens.text("refresh_token"));
}

#[tokio::test]
async fn an_id_token_says_who_signed_in_when_how_and_for_whom() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let ask = Ask::code("customers", &install.id, INSTALL_SCOPE).with("nonce", "n-0S6_WzA2Mj");
    let location = alice.answer_all(&ask, ALICE).await;
    let tokens = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(server.get("/customers/jwks").await.json()).unwrap();
    let id_token = tokens.text("id_token");
    let header = jsonwebtoken::decode_header(&id_token).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&[&install.id]);
    validation.set_issuer(&[server.issuer("customers")]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<serde_json::Value>(&id_token, &key, &validation).unwrap().claims;
    let subject = server.introspect("customers", &tokens.text("access_token")).await["sub"].clone();
    assert_eq!(
        claims,
        json!({
            "iss": server.issuer("customers"), "sub": subject, "aud": install.id, "exp": NOW + 600, "iat": NOW,
            "auth_time": NOW, "nonce": "n-0S6_WzA2Mj", "acr": "urn:matricula:acr:password", "amr": ["pwd"],
        })
    );
}

#[tokio::test]
async fn what_a_client_must_mend_it_is_told_at_its_own_address() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let (person, issuer) = (Person::of(&server), server.issuer("open"));
    let ask = || Ask::code("open", &app.id, "orders:read");
    for (ask, error, says) in [
        (ask().with("response_type", ""), "invalid_request", "'response_type' is missing"),
        (ask().with("response_type", "id_token"), "unsupported_response_type", "use code"),
        (ask().with("response_type", "code token"), "unsupported_response_type", "use code"),
        (ask().with("response_mode", "fragment"), "invalid_request", "response_mode"),
        (ask().with("scope", "admin"), "invalid_scope", "it can ask for"),
        (ask().with("scope", "a\"b"), "invalid_scope", "scope token"),
        (ask().with("scope", "dcr"), "invalid_scope", "cannot register anything"),
        (ask().with("scope", "dcr orders:read"), "invalid_scope", "alone"),
        (ask().with("code_challenge", ""), "invalid_request", "PKCE"),
        (ask().with("code_challenge", "short"), "invalid_request", "SHA-256"),
        (ask().with("code_challenge_method", ""), "invalid_request", "S256"),
        (ask().with("code_challenge_method", "plain"), "invalid_request", "S256"),
        (ask().with("prompt", "none login"), "invalid_request", "beside"),
        (ask().with("prompt", "telepathy"), "invalid_request", "not known"),
        (ask().with("max_age", "soon"), "invalid_request", "max_age"),
        (ask().with("id_token_hint", "rubbish"), "invalid_request", "id_token_hint"),
        (ask().with("resource", "https://other.example"), "invalid_target", "no resource"),
        (ask().with("request", "eyJ"), "request_not_supported", "parameters themselves"),
        (ask().with("request_uri", "urn:x"), "request_uri_not_supported", "parameters themselves"),
        (ask().with("registration", "{}"), "registration_not_supported", "parameters themselves"),
        (ask().and("scope", "openid"), "invalid_request", "'scope' stands more than once"),
        (ask().with("prompt", "none"), "login_required", "sign in"),
    ] {
        let description = person.ask(&ask).await.told(error, &issuer);
        assert!(description.contains(says), "{ask:?}: {description}");
    }
    // RFC 8707 §2: as often as one likes, in any spelling.
    let resources =
        ask().and("resource", "https://orders.example").and("resource", "https://orders.example/");
    person.page(&resources).await;
}

#[tokio::test]
async fn without_a_client_and_an_address_of_its_own_nobody_is_sent_anywhere() {
    let mut server = Server::demo().await;
    let install = Person::of(&server).install(ALICE).await;
    let app = server.web_app().await;
    let machine = server.open_client(&json!({"grant_types": ["client_credentials"]})).await;
    let ask = || Ask::code("open", &app.id, "orders:read");
    {
        let person = Person::of(&server);
        for (ask, error) in [
            (ask().with("client_id", ""), "invalid_request"),
            (ask().and("client_id", &app.id), "invalid_request"),
            (ask().and("redirect_uri", CALLBACK), "invalid_request"),
            (ask().with("client_id", "nobody"), "invalid_client"),
            (ask().with("client_id", &install.id), "invalid_client"),
            (ask().with("client_id", &machine.id), "invalid_redirect_uri"),
            (ask().with("redirect_uri", "https://evil.example/callback"), "invalid_redirect_uri"),
            (ask().with("redirect_uri", "http://127.0.0.1:49152/callback/"), "invalid_redirect_uri"),
            (ask().with("redirect_uri", "http://127.0.0.1:49152/callback?x=1"), "invalid_redirect_uri"),
            (ask().with("redirect_uri", "http://localhost:49152/callback"), "invalid_redirect_uri"),
            (
                ask().with("redirect_uri", "http://127.0.0.1:49152@evil.example/callback"),
                "invalid_redirect_uri",
            ),
            (ask().with("redirect_uri", "javascript:alert(1)"), "invalid_redirect_uri"),
            (ask().with("redirect_uri", "//evil.example"), "invalid_redirect_uri"),
        ] {
            person.ask(&ask).await.error_page(400, error);
        }
        // Whatever else is wrong with it, too.
        let wrong = ask().with("redirect_uri", "https://evil.example/").with("response_type", "bogus");
        let html = person.ask(&wrong).await.error_page(400, "invalid_redirect_uri");
        assert!(html.contains("127.0.0.1") && html.contains("evil.example"), "both hosts are named");
        person.ask(&Ask::code("staff", "enroller", "dcr")).await.refused(404, "not_found");
    }
    // A template that is switched off, and one that is gone.
    let template = "[profiles.customers.templates.shop-install]\n";
    server.reload(template, &format!("{template}status = \"disabled\"\n")).await.unwrap();
    let install = Ask::code("customers", &install.id, INSTALL_SCOPE);
    Person::of(&server).ask(&install).await.error_page(400, "invalid_client");
}

#[tokio::test]
async fn an_app_on_the_device_may_listen_on_any_port() {
    let server = Server::demo().await;
    let app = server
        .open_client(&json!({
            "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost:3000/cb"],
            "token_endpoint_auth_method": "none",
        }))
        .await;
    let person = Person::of(&server);
    for good in
        ["http://127.0.0.1:1/cb", "http://127.0.0.1/cb", "http://[::1]:65535/cb", "http://localhost:8/cb"]
    {
        person.page(&Ask::code("open", &app.id, "orders:read").with("redirect_uri", good)).await;
    }
    let other = Ask::code("open", &app.id, "orders:read").with("redirect_uri", "http://127.0.0.2/cb");
    person.ask(&other).await.error_page(400, "invalid_redirect_uri");
}

#[tokio::test]
async fn the_only_redirect_uri_may_be_left_out_and_one_of_two_may_not() {
    let server = Server::demo().await;
    let one = server.web_app().await;
    let two =
        server.open_client(&json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]})).await;
    let person = Person::of(&server);
    let ask = Ask::code("open", &one.id, "orders:read").with("redirect_uri", "");
    let location = person.answer_all(&ask, ALICE).await;
    assert!(location.starts_with("http") && parameter(&location, "code").is_some());
    let ask = Ask::code("open", &two.id, "orders:read").with("redirect_uri", "");
    person.ask(&ask).await.error_page(400, "invalid_request");
}

#[tokio::test]
async fn a_scope_that_is_left_out_means_the_apis_and_one_that_is_beyond_is_narrowed() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let person = Person::of(&server);
    for (asked, given) in [
        ("", "orders:read orders:write"),
        ("openid orders:read admin", "openid orders:read"),
        ("openid", "openid"),
    ] {
        let location = person.answer_all(&Ask::code("open", &app.id, asked), ALICE).await;
        let tokens = server.redeem("open", Who::Secret(app.credential()), &location).await;
        assert_eq!(tokens.text("scope"), given, "{asked}");
        assert_eq!(tokens.json().get("id_token").is_some(), given.contains("openid"));
    }
}

#[tokio::test]
async fn a_client_asks_only_for_what_it_registered() {
    let server = Server::demo().await;
    let person = Person::of(&server);
    let issuer = server.issuer("customers");
    // Switched on for the profile, and not for this client.
    let install = person.install(BOB).await;
    let ask = Ask::code("customers", &install.id, "dcr").with("response_type", "token");
    let answer = person.ask(&ask).await;
    assert_eq!(parameter(answer.header("location"), "error").as_deref(), Some("unauthorized_client"));
    // Nobody can register for the implicit grant.
    let location = person.answer_all(&Ask::dcr(), BOB).await;
    let dcr = server.redeem("customers", Who::Public("shop-app"), &location).await.text("access_token");
    let body = json!({"redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "implicit"],
                      "response_types": ["code", "token"]});
    let own = server.register("customers", Some(&dcr), &body).await;
    assert_eq!(own.json()["grant_types"], json!(["authorization_code"]), "{own:?}");
    assert_eq!(own.json()["response_types"], json!(["code"]));
    // An instance has no business registering others.
    person.ask(&Ask::code("customers", &install.id, "dcr")).await.told("invalid_scope", &issuer);
}
