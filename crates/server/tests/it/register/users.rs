//! The user-authenticated door: tokens that somebody signed in for.

use serde_json::json;

use crate::person::{ALICE, Ask, CALLBACK, Person, Who, parameter};
use crate::world::{ENROLLER, Server};

/// A world in which a machine may ask for tokens too, for other doors of the same profile.
async fn with_a_machine() -> Server {
    Server::with(|world| {
        let machine = "[profiles.customers.clients.robot]\nmetadata = { grant_types = [\"client_credentials\"] }\nclient_secret_sha256 = \"aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c\"\n\n[profiles.customers.templates.robot-install]\naccess = { clients = [\"robot\"] }\nmetadata = { grant_types = [\"client_credentials\"] }\n\n# Nobody registers here.";
        world.replace("# Nobody registers here.", machine)
    })
    .await
}

#[tokio::test]
async fn a_machines_token_opens_no_door_of_users_nor_the_reverse() {
    let server = with_a_machine().await;
    let machine = server.token("customers", ("robot", ENROLLER.1), Some("dcr")).await.text("access_token");
    let install = json!({"software_id": "shop-install"});
    let robot = json!({"software_id": "robot-install"});
    let own = json!({"redirect_uris": [CALLBACK]});
    server.register("customers", Some(&machine), &install).await.refused(400, "invalid_client_metadata");
    server.register("customers", Some(&machine), &own).await.refused(403, "insufficient_scope");
    let location = Person::of(&server).answer_all(&Ask::dcr(), ALICE).await;
    let of_user = server.redeem("customers", Who::Public("shop-app"), &location).await.text("access_token");
    server.register("customers", Some(&of_user), &robot).await.refused(400, "invalid_client_metadata");
    // A refused registration costs nothing.
    assert_eq!(server.register("customers", Some(&machine), &robot).await.status, 201);
    assert_eq!(server.register("customers", Some(&of_user), &own).await.status, 201);
    // A client of users gets none as a machine, and a machine none by way of a user.
    let shop = [("grant_type", "client_credentials"), ("scope", "dcr")];
    server
        .post_as("/customers/token", Who::Public("shop-app"), &shop)
        .await
        .refused(400, "unauthorized_client");
}

#[tokio::test]
async fn a_client_knows_the_user_and_the_app_that_it_came_from() {
    let server = Server::demo().await;
    let install = Person::of(&server).install(ALICE).await;
    let id = install.id.parse().unwrap();
    let record = server.app.store().client(&"customers".parse().unwrap(), id).await.unwrap().unwrap();
    let registrant = record.provenance.registrant;
    assert_eq!((registrant.kind(), registrant.client_id()), ("user", Some("shop-app")));
    let (main, all) = ("main".parse().unwrap(), primitives::clock::Timestamp::from_millis(0));
    let alice = server.app.store().user_named(&main, "alice").await.unwrap().unwrap().user;
    assert_eq!(registrant.subject(), Some(alice.id.to_string().as_str()));
    let entries = server.app.store().audit_since(all, 100).await.unwrap();
    for kind in
        ["user-signed-in", "initial-access-token-issued", "initial-access-token-spent", "client-registered"]
    {
        let entry = entries.iter().find(|entry| entry.kind == kind).unwrap_or_else(|| panic!("no {kind}"));
        assert_eq!(entry.subject, Some(alice.id.to_string()), "{kind}");
    }
}

#[tokio::test]
async fn the_implicit_grant_gives_a_token_to_register_with_and_nothing_else() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let ask = Ask::dcr()
        .with("response_type", "token")
        .with("code_challenge", "")
        .with("code_challenge_method", "");
    let location = alice.answer_all(&ask, ALICE).await;
    let (address, fragment) = location.split_once('#').unwrap();
    assert_eq!(address, CALLBACK);
    assert!(fragment.contains("token_type=Bearer") && fragment.contains("scope=dcr"));
    assert_eq!(parameter(&location, "iss"), Some(server.issuer("customers")));
    assert_eq!(parameter(&location, "refresh_token"), None, "RFC 6749 section 4.2.2");
    let dcr = parameter(&location, "access_token").unwrap();
    let body = json!({"software_id": "shop-install"});
    assert_eq!(server.register("customers", Some(&dcr), &body).await.status, 201);
    let other = alice.ask(&ask.clone().with("scope", "orders:read")).await;
    assert_eq!(parameter(other.header("location"), "error").as_deref(), Some("invalid_scope"));

    let server = Server::with(|world| {
        world.replace("implicit_grant = true\n", "").replace(
            "grant_types = [\"authorization_code\", \"implicit\"]\nresponse_types = [\"code\", \"token\"]\n",
            "",
        )
    })
    .await;
    let off = Person::of(&server).ask(&ask).await;
    assert_eq!(parameter(off.header("location"), "error").as_deref(), Some("unsupported_response_type"));
    let metadata = server.get("/customers/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
}

#[tokio::test]
async fn a_token_is_worth_nothing_once_its_user_or_its_app_is_switched_off() {
    let mut server = Server::demo().await;
    let body = json!({"software_id": "shop-install"});
    let tokens = {
        let alice = Person::of(&server);
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let location = alice.answer_all(&Ask::dcr(), ALICE).await;
            tokens.push(
                server.redeem("customers", Who::Public("shop-app"), &location).await.text("access_token"),
            );
        }
        tokens
    };
    let app = "[profiles.customers.clients.shop-app]\n";
    server.reload(app, &format!("{app}enabled = false\n")).await.unwrap();
    server.register("customers", Some(&tokens[0]), &body).await.refused(401, "invalid_token");
    server.reload(&format!("{app}enabled = false\n"), app).await.unwrap();
    assert_eq!(server.register("customers", Some(&tokens[0]), &body).await.status, 201);
    let main = "main".parse().unwrap();
    identity::manage::disable(&"alice".parse().unwrap(), &server.app.directory(&main)).await.unwrap();
    server.register("customers", Some(&tokens[1]), &body).await.refused(401, "invalid_token");
}

/// Apps in browsers register from wherever they were loaded; pages for people are not for them.
#[tokio::test]
async fn a_script_of_another_origin_may_ask_what_is_for_apps() {
    let server = Server::demo().await;
    let preflight = |path: &'static str| {
        let server = &server;
        async move {
            let headers = [
                ("origin", "https://app.example"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "authorization,content-type,mcp-protocol-version"),
            ];
            server.send(http::Method::OPTIONS, path, &headers, "").await
        }
    };
    for path in ["/customers/register", "/customers/token", "/customers/revoke", "/customers/userinfo"] {
        let answer = preflight(path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.header("access-control-allow-headers").contains("authorization"));
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
    }
    for path in ["/customers/authorize", "/customers/logout", "/customers/introspect"] {
        let answer = preflight(path).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
    let headers = [("origin", "https://app.example")];
    for path in ["/customers/jwks", "/customers/.well-known/openid-configuration"] {
        let answer = server.send(http::Method::GET, path, &headers, "").await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    let refused = server.send(http::Method::POST, "/customers/register", &headers, "").await;
    assert_eq!(refused.header("access-control-allow-origin"), "*", "errors too");
    assert!(refused.header("access-control-expose-headers").contains("www-authenticate"));
}

/// Not even an app that the operator calls its own, with a secret: whoever is signed in sees that something registers.
#[tokio::test]
async fn an_operators_own_app_does_not_register_itself_in_silence_either() {
    let server = Server::with(|world| {
        world
            .replace(
                "[profiles.customers.clients.shop-app]\n",
                "[profiles.customers.clients.shop-app]\nfirst_party = true\nclient_secret_sha256 = \"aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c\"\n",
            )
            .replace("token_endpoint_auth_method = \"none\"", "token_endpoint_auth_method = \"client_secret_basic\"")
    })
    .await;
    let (alice, who) = (Person::of(&server), Who::Secret(("shop-app", ENROLLER.1)));
    // The page to sign in names the app, and is answered for this and nothing else.
    let (page, _) = alice.page(&Ask::dcr()).await;
    alice.sign_in(&page, ALICE).await;
    let location = alice.get(&page).await.header("location").to_owned();
    assert_eq!(server.redeem("customers", who, &location).await.text("scope"), "dcr");
    // Whatever she lets it have beside, and how often she said yes before, she is asked.
    for _ in 0..2 {
        let (page, html) = alice.page(&Ask::dcr()).await;
        assert!(html.contains("name=\"shown\""), "{html}");
        let allowed = alice.allow(&page).await.header("location").to_owned();
        assert!(parameter(&allowed, "code").is_some());
        let none = alice.ask(&Ask::dcr().with("prompt", "none")).await;
        none.told("interaction_required", &server.issuer("customers"));
    }
}
