//! `matricula revoke`, beside a running server: what an operator takes back is gone wherever the server is asked.

use std::time::Duration;

use primitives::clock::Timestamp;

use crate::commands::matricula;
use crate::person::{ALICE, Ask, Person, Who};
use crate::world::{Answer, Registered, Server};

fn revoke(store: &str, arguments: &[&str]) -> std::process::Output {
    let all: Vec<&str> =
        ["revoke"].into_iter().chain(arguments.iter().copied()).chain(["--store", store]).collect();
    matricula(&all)
}

async fn tokens(server: &Server, alice: &Person<'_>, install: &Registered) -> Answer {
    let ask = Ask::code("customers", &install.id, "openid offline_access orders:read");
    let location = alice.answer_all(&ask, ALICE).await;
    server.redeem("customers", Who::Secret(install.credential()), &location).await
}

/// The newest entry of a kind, and a member of its detail.
async fn told(server: &Server, kind: &str, member: &str) -> String {
    let entries = server.app.store().audit_since(Timestamp::from_millis(0), 1_000).await.unwrap();
    let entry = entries.iter().rfind(|entry| entry.kind == kind).unwrap();
    let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
    detail[member].as_str().unwrap_or_else(|| panic!("{detail}")).to_owned()
}

/// Nothing of it is good any more, at any endpoint.
async fn is_dead(server: &Server, install: &Registered, tokens: &Answer) {
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    assert_eq!(server.introspect("customers", &access).await["active"], false);
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    server.send(http::Method::GET, "/customers/userinfo", &headers, "").await.refused(401, "invalid_token");
    let credential = Who::Secret(install.credential());
    server.refresh("customers", credential, &refresh).await.refused(400, "invalid_grant");
    let own = server.post_as("/customers/introspect", credential, &[("token", &refresh)]).await;
    assert_eq!(own.json()["active"], false);
}

#[tokio::test]
async fn what_an_operator_takes_back_is_dead_at_once_wherever_the_server_is_asked() {
    for what in ["grant", "session", "client", "user"] {
        let server = Server::demo().await;
        let store = server.kept.url();
        let alice = Person::of(&server);
        let install = alice.install(ALICE).await;
        let (given, other) =
            (tokens(&server, &alice, &install).await, tokens(&server, &alice, &install).await);
        let session = told(&server, "user-signed-in", "session").await;
        let grant = told(&server, "grant-issued", "grant").await;
        let arguments: &[&str] = match what {
            "grant" => &["grant", &grant, "--profile", "customers"],
            "session" => &["session", &session],
            "client" => &["client", &install.id, "--profile", "customers"],
            _ => &["user", "Alice"],
        };
        let output = revoke(&store, arguments);
        assert!(output.status.success(), "{output:?}");
        is_dead(&server, &install, &other).await;
        if what == "grant" {
            assert_eq!(server.introspect("customers", &given.text("access_token")).await["active"], true);
        } else {
            is_dead(&server, &install, &given).await;
        }
        // What is given from now on is good again.
        // (The command has the machine's clock, which the server's is behind.)
        server.clock.forward(Duration::from_secs(86_400 * 10_000));
        let next = tokens(&server, &alice, &install).await;
        assert_eq!(
            server.introspect("customers", &next.text("access_token")).await["active"],
            true,
            "{what}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_taken_back_and_that_is_said() {
    let server = Server::demo().await;
    let store = server.kept.url();
    let nothing = "0000000000000000000000000g";
    for (arguments, says) in [
        (&["grant", nothing, "--profile", "customers"][..], "there is no grant"),
        (&["session", nothing], "there is no session"),
        (&["user", "nobody"], "there is no user nobody"),
        (&["grant", "x", "--profile", "customers"], "not an identifier of this server"),
        (&["client", "x", "--profile", "no-such"], "has not been provisioned"),
        (
            &["client", nothing, "--profile", "customers"],
            "no client 0000000000000000000000000g has registered",
        ),
    ] {
        let output = revoke(&store, arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(says), "{arguments:?}: {told}");
    }
}
