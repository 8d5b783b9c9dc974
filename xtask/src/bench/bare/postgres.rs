//! The same in PostgreSQL: the rows of registrations, and the rotation of a refresh token with a signature. Whatever is
//! asked at the same time goes there in one statement, as the server's does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use protocol::jose::{SignatureAlgorithm, SigningKey};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::people::{self, STRIDE};
use super::registrations::{DEFINITION, INSTANCE, Row};
use super::{now_ms, ordered_id};

/// The most rows in one statement.
const MAX_BATCH: usize = 512;

/// Statements of a kind that are under way.
const UNDER_WAY: usize = 2;

const SCHEMA: &str = include_str!("../../../../crates/storage/migrations/postgres/0001_the_beginning.sql");

/// What is written for one request.
enum Write {
    Registration(Uuid, &'static Row),
    Rotation(Uuid),
}

type Job = (Write, oneshot::Sender<()>);

#[derive(Clone)]
struct Batched(mpsc::Sender<Job>);

struct Statements {
    register: Statement,
    rotate: Statement,
}

impl Batched {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let (queue, jobs) = mpsc::channel(8_192);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..UNDER_WAY {
            let client = connect(url).await?;
            client
                .batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
                .await?;
            let statements = Statements::prepare(&client).await?;
            let jobs = Arc::clone(&jobs);
            tokio::spawn(async move {
                if let Err(error) = write_all(&client, &statements, &jobs).await {
                    eprintln!("the bare writer ended: {error:#}");
                }
            });
        }
        Ok(Self(queue))
    }

    async fn write(&self, write: Write) -> anyhow::Result<()> {
        let (waiting, done) = oneshot::channel();
        self.0.try_send((write, waiting)).ok().context("the writer is behind")?;
        done.await.context("the writer ended")
    }
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("SET search_path = bare").await?;
    Ok(client)
}

impl Statements {
    async fn prepare(client: &Client) -> anyhow::Result<Self> {
        let register = client
            .prepare(
                "WITH inserted AS (
                     INSERT INTO clients (profile, id, template, metadata, secret_hash, registrant, revision)
                     SELECT 1, id, template, metadata, hash, 'anonymous', 1
                     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS row (id, template, metadata, hash))
                 INSERT INTO audit_events (id, profile, kind, client_id, detail)
                 SELECT id, 1, 'client-registered', '06h0fiii0c000eev642oo0s7ig',
                        '{\"registrant\":\"anonymous\",\"revision\":1,\"template\":\"app\"}'
                 FROM unnest($1::uuid[]) AS row (id)",
            )
            .await?;
        let rotate = client
            .prepare(
                "UPDATE grants AS one SET current = $3, previous = $4, rotated_at = $2
                 FROM unnest($1::uuid[]) AS row (id) WHERE one.profile = 1 AND one.id = row.id",
            )
            .await?;
        Ok(Self { register, rotate })
    }
}

async fn write_all(
    client: &Client,
    statements: &Statements,
    jobs: &Mutex<mpsc::Receiver<Job>>,
) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while jobs.lock().await.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let (mut ids, mut templates, mut metadata, mut rotations) = (vec![], vec![], vec![], vec![]);
        for (write, _) in &batch {
            match write {
                Write::Registration(id, row) => {
                    ids.push(*id);
                    templates.push(row.template);
                    metadata.push(row.metadata);
                }
                Write::Rotation(id) => rotations.push(*id),
            }
        }
        if !ids.is_empty() {
            let hashes = vec![&[7_u8; 32][..]; ids.len()];
            client.execute(&statements.register, &[&ids, &templates, &metadata, &hashes]).await?;
        }
        if !rotations.is_empty() {
            // In their order, so that nobody waits for somebody who waits for them.
            rotations.sort_unstable();
            let now = i64::try_from(now_ms())?;
            let (next, before) = (&[8_u8; 32][..], &[7_u8; 32][..]);
            client.execute(&statements.rotate, &[&rotations, &now, &next, &before]).await?;
        }
        for (_, waiting) in batch.drain(..) {
            // Whoever asked may have gone.
            waiting.send(()).ok();
        }
    }
    Ok(())
}

struct Ceiling {
    batched: Batched,
    key: SigningKey,
    count: AtomicU64,
    families: u64,
}

pub(super) async fn router(url: &str, families: u64) -> anyhow::Result<Router> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA bare; SET search_path = bare; {SCHEMA}")).await?;
    let ids: Vec<Uuid> = (0..families).map(|family| Uuid::from_u128(u128::from(family))).collect();
    client
        .execute(
            "INSERT INTO grants (profile, id, client_id, user_id, session, authenticated_at, authenticated_by, scope,
                                 family, current, previous, rotated_at, expires_at)
             SELECT 1, id, '06h0fiii0c000eev642oo0s7ig', id, id, 1, 'pwd', 'offline_access orders:read',
                    $2, $2, $2, 1, 1
             FROM unnest($1::uuid[]) AS row (id)",
            &[&ids, &&[7_u8; 32][..]],
        )
        .await?;
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256)?;
    let batched = Batched::open(url).await?;
    let ceiling = Arc::new(Ceiling { batched, key, count: AtomicU64::new(0), families });
    Ok(Router::new()
        .route("/instance", post(|ceiling, _body: Bytes| register(ceiling, &INSTANCE)))
        .route("/definition", post(|ceiling, _body: Bytes| register(ceiling, &DEFINITION)))
        .route("/p/token", post(refresh))
        .with_state(ceiling))
}

async fn register(State(ceiling): State<Arc<Ceiling>>, row: &'static Row) -> Response {
    let id = ordered_id(ceiling.count.fetch_add(1, Ordering::Relaxed));
    match ceiling.batched.write(Write::Registration(Uuid::from_u128(id), row)).await {
        Ok(()) => (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], row.answer(id))
            .into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn refresh(State(ceiling): State<Arc<Ceiling>>, _body: Bytes) -> Response {
    let family = ceiling.count.fetch_add(1, Ordering::Relaxed).wrapping_mul(STRIDE) % ceiling.families;
    let rotate = async {
        let token = people::sign(&ceiling.key)?;
        ceiling.batched.write(Write::Rotation(Uuid::from_u128(u128::from(family)))).await?;
        anyhow::Ok(people::answer(&token))
    };
    match rotate.await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
