//! The engine that many nodes share, and what it alone promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use issuance::authorize::NewCode;
use issuance::store::{AuthorizationStore, GrantStore, TokenStore};
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use primitives::store::StoreError;
use registration::definitions::Revision;
use registration::store::{ClientStore, Insertion};
use storage::postgres::{MigrationError, OpenError, PostgresStore, PostgresUrl};
use storage::{AuditStore, DefinitionStore, Store};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{added, code, directory, event, id, paid_by, profile, provision, token, user};

/// A store in a schema of its own.
pub(crate) struct Engine {
    store: Arc<PostgresStore>,
}

impl Engine {
    async fn open() -> Self {
        Self { store: Arc::new(PostgresStore::open(&fresh_schema().await).await.unwrap()) }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }
}

/// The address of a schema that nobody else uses.
pub(crate) async fn fresh_schema() -> PostgresUrl {
    PostgresUrl::parse(&fresh_schema_text().await).unwrap()
}

/// The same, with what the driver knows it by.
pub(crate) async fn fresh_schema_with_address() -> (PostgresUrl, String) {
    let text = fresh_schema_text().await;
    (PostgresUrl::parse(&text).unwrap(), text.replace("pool_size=6&", ""))
}

async fn fresh_schema_text() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let address = std::env::var("MATRICULA_TEST_POSTGRES")
        .expect("there is no PostgreSQL to test with: run `cargo xtask postgres cargo test ...`");
    let name = format!("contract_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    format!("{address}?pool_size=6&options=-c%20search_path%3D{name}")
}

crate::on_engine!(Engine::open);

/// A way to a database that can be cut, as a network can.
struct Way {
    port: u16,
    state: tokio::sync::watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    /// Nothing comes through, and nobody is told.
    Silent,
    /// Connections end.
    Cut,
}

impl Way {
    async fn to(address: &str) -> Self {
        let target: String = address.split_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, of_way) = tokio::sync::watch::channel(State::Open);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let (target, mut state) = (target.clone(), of_way.clone());
                tokio::spawn(async move {
                    let Ok(mut to) = TcpStream::connect(target).await else { return };
                    loop {
                        tokio::select! {
                            _ = state.wait_for(|state| *state != State::Open) => {}
                            _ = tokio::io::copy_bidirectional(&mut from, &mut to) => return,
                        }
                        if *state.wait_for(|state| *state != State::Silent).await.unwrap() == State::Cut {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, state }
    }

    /// The same address, by this way.
    fn url(&self, direct: &str) -> PostgresUrl {
        let (head, tail) = direct.split_once('@').unwrap();
        let (_, rest) = tail.split_once('/').unwrap();
        PostgresUrl::parse(&format!("{head}@127.0.0.1:{}/{rest}", self.port)).unwrap()
    }
}

#[tokio::test]
async fn nodes_that_begin_together_make_one_schema() {
    let url = fresh_schema().await;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let url = url.clone();
        nodes.spawn(async move { PostgresStore::open(&url).await.map(drop) });
    }
    while let Some(opened) = nodes.join_next().await {
        opened.unwrap().unwrap();
    }
    PostgresStore::open_beside(&url).await.unwrap();
}

#[tokio::test]
async fn a_command_does_not_change_the_schema() {
    let url = fresh_schema().await;
    let refused = PostgresStore::open_beside(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Schema(MigrationError::Older)), "{refused}");
    let refused = PostgresStore::open_beside(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Schema(MigrationError::Older)), "it made one: {refused}");
}

#[tokio::test]
async fn a_token_pays_for_one_client_whichever_node_is_asked() {
    let url = fresh_schema().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Arc::new(PostgresStore::open(&url).await.unwrap()));
    }
    provision(&*nodes[0], "staff", &[]).await;
    let tokens: Vec<_> = (0..20).map(|_| token()).collect();
    for token in &tokens {
        let event = event(EventKind::InitialAccessTokenIssued);
        nodes[0].insert_initial_access_token(token.clone(), event).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..600 {
        let (node, token) = (Arc::clone(&nodes[n % 3]), tokens[(n * 7) % 20].id);
        tasks.spawn(async move { node.insert(paid_by(Some(token))).await.unwrap() });
    }
    let insertions = tasks.join_all().await;
    let inserted = insertions.iter().filter(|insertion| **insertion == Insertion::Inserted).count();
    assert_eq!(inserted, 20);
}

#[tokio::test]
async fn a_store_that_was_out_of_reach_is_asked_again_without_a_restart_and_nothing_happens_twice() {
    let direct = fresh_schema_text().await;
    let way = Way::to(&direct).await;
    let url = way.url(&direct);
    let node = Arc::new(PostgresStore::open(&url).await.unwrap());
    provision(&*node, "staff", &[]).await;

    let mut acknowledged = Vec::new();
    let mut failed = Vec::new();
    for round in 0..6 {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let node = Arc::clone(&node);
            tasks.spawn(async move {
                let registration = paid_by(None);
                let id = registration.client.id;
                (id, node.insert(registration).await)
            });
        }
        if round % 2 == 1 {
            way.state.send_replace(State::Cut);
        }
        for (id, inserted) in tasks.join_all().await {
            match inserted {
                Ok(Insertion::Inserted) => acknowledged.push(id),
                Ok(Insertion::TokenNotGood) => panic!("there is no token"),
                Err(StoreError::Unavailable(_) | StoreError::Overloaded) => failed.push(id),
                Err(StoreError::Corrupt(why)) => panic!("{why}"),
            }
        }
        way.state.send_replace(State::Open);
    }
    assert!(!failed.is_empty() && acknowledged.len() >= 150, "{} {}", failed.len(), acknowledged.len());

    // Seen by a node that was never cut off.
    let direct = PostgresStore::open(&PostgresUrl::parse(&direct).unwrap()).await.unwrap();
    for id in &acknowledged {
        assert!(
            direct.client(&profile("staff"), *id).await.unwrap().is_some(),
            "{id} was acknowledged and is lost"
        );
    }
    let told = direct.audit_since(Timestamp::from_seconds(0), 10_000).await.unwrap();
    let registered = told.iter().filter(|entry| entry.kind == "client-registered").count();
    let mut there = acknowledged.len();
    for id in &failed {
        there += usize::from(direct.client(&profile("staff"), *id).await.unwrap().is_some());
    }
    assert_eq!(registered, there, "what nobody heard of happened once or not at all");
}

/// Ten seconds is what an answer may take.
#[tokio::test]
async fn nobody_waits_for_ever_for_a_store_that_says_nothing() {
    let direct = fresh_schema_text().await;
    let way = Way::to(&direct).await;
    let node = PostgresStore::open(&way.url(&direct)).await.unwrap();
    provision(&node, "staff", &[]).await;
    let staff = profile("staff");
    node.revision(&staff).await.unwrap();
    way.state.send_replace(State::Silent);
    let asked = async {
        tokio::join!(
            async { node.client(&staff, id()).await.map(drop) },
            async { node.insert(paid_by(None)).await.map(drop) },
            async { node.initial_access_token(&staff, id()).await.map(drop) },
            async { node.revision(&staff).await.map(drop) },
            async { node.check().await },
        )
    };
    let (one, two, three, four, five) =
        tokio::time::timeout(std::time::Duration::from_secs(40), asked).await.unwrap();
    for answer in [one, two, three, four, five] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_) | StoreError::Overloaded)), "{answer:?}");
    }
    way.state.send_replace(State::Cut);
    way.state.send_replace(State::Open);
    let again = async { while node.client(&staff, id()).await.is_err() {} };
    tokio::time::timeout(std::time::Duration::from_secs(40), again).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_not_there_is_said_so() {
    let url = PostgresUrl::parse("postgres://matricula@127.0.0.1:1/none").unwrap();
    let refused = PostgresStore::open(&url).await.unwrap_err().to_string();
    assert!(refused.contains("refused") || refused.contains("connect"), "{refused}");
}

#[tokio::test]
async fn a_closed_store_answers_nothing() {
    let engine = Engine::open().await;
    provision(&*engine.store, "staff", &[]).await;
    engine.store.close();
    for answer in [
        engine.store.client(&profile("staff"), id()).await.map(drop),
        engine.store.insert(paid_by(None)).await.map(drop),
        engine.store.initial_access_token(&profile("staff"), id()).await.map(drop),
    ] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn what_a_client_sends_is_kept_whatever_characters_it_has() {
    let engine = Engine::open().await;
    provision(&*engine.store, "staff", &[]).await;
    let alice = added(&*engine.store, "main", user("alice")).await;
    let mut code = code(alice);
    code.nonce = Some("a\0b\u{10ffff}".to_owned());
    let issue = NewCode { code: code.clone(), consent: None, answers: None, events: vec![] };
    engine.store.issue_code(&profile("staff"), issue).await.unwrap();
    let (read, _) = engine.store.code(&profile("staff"), &directory("main"), code.id).await.unwrap().unwrap();
    assert_eq!(read, code);
}

#[tokio::test]
async fn what_one_node_changes_every_other_hears_and_reads() {
    let url = fresh_schema().await;
    let one = PostgresStore::open(&url).await.unwrap();
    let other = Arc::new(PostgresStore::open(&url).await.unwrap());
    provision(&one, "staff", &[("a", 1)]).await;
    assert_eq!(other.revision(&profile("staff")).await.unwrap(), Revision(1));
    for revision in 2..10 {
        let hears = tokio::spawn({
            let other = Arc::clone(&other);
            async move { other.wait_for_change().await }
        });
        provision(&one, "staff", &[("a", i32::try_from(revision).unwrap())]).await;
        assert_eq!(other.revision(&profile("staff")).await.unwrap(), Revision(revision), "at once");
        hears.await.unwrap();
    }
}
