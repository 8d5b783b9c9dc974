//! Several equal nodes on one PostgreSQL: whatever one of them acknowledged holds on all of them.

use std::time::Duration;

use base64::Engine;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::kept::Kept;
use crate::person::{ALICE, Ask, Person, Who};
use crate::world::{Registered, Server};

const SCOPE: &str = "scope = \"orders:read orders:write\"";
const LESS: &str = "scope = \"orders:read\"";
const TEMPLATE: &str = "[profiles.staff.templates.field-app]";

#[tokio::test]
async fn a_client_of_one_node_is_a_client_of_all() {
    let one = Server::node().await;
    let other = one.beside().await;
    let token = one.dcr().await;
    let registered =
        Registered::of(&other.register("staff", Some(&token), &json!({"software_id": "field-app"})).await);
    assert_eq!(one.token("staff", registered.credential(), None).await.status, 200);
    one.register("staff", Some(&token), &json!({"software_id": "field-app"}))
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn what_a_template_says_holds_at_the_next_request_on_every_node() {
    let mut one = Server::node().await;
    let other = one.beside().await;
    let client = one.instance("field-app").await;
    for _ in 0..10 {
        one.reload(SCOPE, LESS).await.unwrap();
        assert_eq!(other.token("staff", client.credential(), None).await.text("scope"), "orders:read");
        one.reload(LESS, SCOPE).await.unwrap();
        let scope = other.token("staff", client.credential(), None).await.text("scope");
        assert_eq!(scope, "orders:read orders:write");
    }
    one.reload(TEMPLATE, &format!("{TEMPLATE}\nstatus = \"disabled\"")).await.unwrap();
    other.token("staff", client.credential(), None).await.refused(401, "invalid_client");
    one.reload(&format!("{TEMPLATE}\nstatus = \"disabled\""), TEMPLATE).await.unwrap();
    assert_eq!(other.token("staff", client.credential(), None).await.status, 200);
}

/// The operator's own clients are in no table, so nothing but the definitions says who they are.
#[tokio::test]
async fn a_secret_that_an_operator_replaced_is_good_on_no_node() {
    let mut one = Server::node().await;
    let other = one.beside().await;
    let enroller = ("enroller", "enroller-secret");
    assert_eq!(other.token("staff", enroller, Some("dcr")).await.status, 200);
    let hash = "aeb15dbb373bb2a777a3ce0882a252d1dc233a67172dcaf182bac92dfaab7c2c";
    one.reload(hash, &hash.replace('a', "b")).await.unwrap();
    other.token("staff", enroller, Some("dcr")).await.refused(401, "invalid_client");
    assert_eq!(other.get("/closed/.well-known/oauth-authorization-server").await.status, 200);
    one.reload("[profiles.closed", "[profiles.shut").await.unwrap();
    assert_eq!(other.get("/closed/.well-known/oauth-authorization-server").await.status, 404);
}

#[tokio::test]
async fn a_profile_that_is_new_comes_to_every_node() {
    let mut one = Server::node().await;
    let other = one.beside().await;
    one.reload("[profiles.closed", "[profiles.shut").await.unwrap();
    let comes = async {
        while other.get("/shut/.well-known/oauth-authorization-server").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), comes).await.unwrap();
    let issuer = other.get("/shut/.well-known/oauth-authorization-server").await.text("issuer");
    assert_eq!(issuer, other.issuer("shut"), "an issuer that is not stated is the node's own");
}

#[tokio::test]
async fn nodes_that_begin_together_sign_with_the_same_keys() {
    let first = Server::node().await;
    let (one, other, third) = tokio::join!(first.beside(), first.beside(), first.beside());
    let keys = first.get("/staff/jwks").await.json();
    assert!(!keys["keys"].as_array().unwrap().is_empty());
    for node in [one, other, third] {
        assert_eq!(node.get("/staff/jwks").await.json(), keys);
    }
    // And where there was nothing yet.
    let kept = Kept::schema().await;
    let (one, other) = tokio::join!(Server::on_kept(kept.clone()), Server::on_kept(kept));
    assert_eq!(one.get("/customers/jwks").await.json(), other.get("/customers/jwks").await.json());
}

/// A database behind a way that can be cut.
async fn behind_a_way(kept: &Kept) -> (Kept, watch::Sender<bool>) {
    let Kept::Schema { url, name } = kept else { panic!("this is a file") };
    let (head, tail) = url.split_once('@').unwrap();
    let (target, rest) = tail.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (is_cut, cut) = watch::channel(false);
    let target = target.to_owned();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let (target, mut cut) = (target.clone(), cut.clone());
            tokio::spawn(async move {
                if *cut.borrow() {
                    return;
                }
                let Ok(mut to) = TcpStream::connect(target).await else { return };
                tokio::select! {
                    _ = cut.wait_for(|is_cut| *is_cut) => {}
                    _ = tokio::io::copy_bidirectional(&mut from, &mut to) => {}
                }
            });
        }
    });
    let url = format!("{head}@127.0.0.1:{port}/{rest}");
    (Kept::Schema { url, name: name.clone() }, is_cut)
}

#[tokio::test]
async fn a_node_that_cannot_reach_its_store_says_so_and_goes_on_when_it_can() {
    let kept = Kept::schema().await;
    let (behind, is_cut) = behind_a_way(&kept).await;
    let node = Server::on_kept(behind).await;
    let client = node.instance("field-app").await;
    assert_eq!(node.token("staff", client.credential(), None).await.status, 200);

    is_cut.send_replace(true);
    let refused = node.token("staff", client.credential(), None).await;
    refused.refused(503, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    node.token("staff", ("enroller", "enroller-secret"), Some("dcr"))
        .await
        .refused(503, "temporarily_unavailable");
    assert_eq!(node.get("/staff/jwks").await.status, 200, "whoever verifies tokens goes on");
    let page = node.get("/customers/authorize?client_id=shop-app").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (503, "text/html; charset=utf-8"));

    is_cut.send_replace(false);
    let again = async {
        while node.token("staff", client.credential(), None).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
}

#[tokio::test]
async fn a_reload_that_failed_leaves_a_node_under_its_old_address() {
    let mut node = Server::node().await;
    let mut other = node.beside().await;
    let client = node.instance("field-app").await;
    // What it has to write waits for somebody, until it may not wait any longer.
    let Kept::Schema { url, .. } = &node.kept else { panic!("this is a file") };
    let (mut holder, connection) =
        tokio_postgres::connect(&url.replace("pool_size=4&", ""), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let holding = holder.transaction().await.unwrap();
    holding.batch_execute("LOCK TABLE profiles IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
    let moved = format!("public_url = \"http://127.0.0.1:{}\"", node.address().port());
    let here = format!("public_url = \"http://localhost:{}\"", node.address().port());
    node.reload(&here, &moved).await.unwrap_err();
    holding.rollback().await.unwrap();
    other.reload(SCOPE, LESS).await.unwrap();
    assert_eq!(node.token("staff", client.credential(), None).await.text("scope"), "orders:read");
    let metadata = node.get("/staff/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.text("issuer"), node.issuer("staff"));
}

/// What was begun is carried out, also where nobody waits for the answer any more.
#[tokio::test]
async fn a_revocation_is_carried_out_though_whoever_asked_has_hung_up() {
    let node = Server::node().await;
    let alice = Person::of(&node);
    let install = alice.install(ALICE).await;
    let ask = Ask::code("customers", &install.id, "openid offline_access orders:read");
    let location = alice.answer_all(&ask, ALICE).await;
    let refresh =
        node.redeem("customers", Who::Secret(install.credential()), &location).await.text("refresh_token");
    let operations = node.operations().await;
    let gone = || async {
        let told = String::from_utf8(operations.get("/metrics").await.body.to_vec()).unwrap();
        told.lines()
            .any(|line| line.contains("endpoint=\"revoke\"") && line.contains("gone") && line.ends_with(" 1"))
    };

    let Kept::Schema { url, .. } = &node.kept else { panic!("this is a file") };
    let url = url.replace("pool_size=4&", "");
    let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let holder = client.transaction().await.unwrap();
    holder.batch_execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let (id, secret) = install.credential();
    let body = format!("token={refresh}");
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let request = format!(
        "POST /customers/revoke HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'grants'::regclass";
    while holder.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while !gone().await {
        tokio::task::yield_now().await;
    }
    holder.rollback().await.unwrap();
    let ends = async {
        let own = Who::Secret(install.credential());
        while node.post_as("/customers/introspect", own, &[("token", &refresh)]).await.json()["active"]
            == true
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ends).await.unwrap();
}
