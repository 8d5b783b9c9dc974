//! The ceilings: axum on the same machine, doing one thing and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use clap::Subcommand;
use protocol::jose::{SignatureAlgorithm, SigningKey};
use rusqlite::{Connection, params};
use serde_json::json;
use tokio::sync::oneshot;

#[derive(Debug, Subcommand)]
pub(crate) enum Bare {
    /// Signs a JWT with ES256.
    Signature,
    /// Writes the rows of a registration, in a transaction that is on the disk before the answer.
    Rows {
        /// The folder for the database.
        folder: PathBuf,
    },
}

impl Bare {
    pub(crate) fn serve(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let router = match self {
            Self::Signature => signature()?,
            Self::Rows { folder } => rows(&folder)?,
        };
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            Ok(axum::serve(listener, router).await?)
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a ceiling has no world to be given a clock by")]
fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis())
        .unwrap_or(u64::MAX)
}

fn signature() -> anyhow::Result<Router> {
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256)?;
    let key = Arc::new(key);
    Ok(Router::new().route(
        "/token",
        post(move |_body: Bytes| {
            let key = Arc::clone(&key);
            async move {
                let now = now_ms() / 1_000;
                let claims = json!({
                    "iss": "http://localhost:8700/staff", "aud": "https://orders.example", "iat": now, "exp": now + 600,
                    "sub": "06h0fiii0c000eev642oo0s7ig", "client_id": "06h0fiii0c000eev642oo0s7ig",
                    "jti": "ao9RPtiv-qMkNzIGLeeMMA", "scope": "orders:read orders:write",
                });
                match key.sign_jwt("at+jwt", &claims) {
                    Ok(token) => (
                        [(header::CONTENT_TYPE, "application/json")],
                        format!(
                            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600,"scope":"orders:read orders:write"}}"#
                        ),
                    )
                        .into_response(),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }
        }),
    ))
}

/// A row to be written, and who waits for it.
struct Job {
    id: u128,
    row: &'static Row,
    waiting: oneshot::Sender<()>,
}

/// What differs between a client with a definition and an instance.
struct Row {
    template: Option<&'static str>,
    metadata: Option<&'static str>,
    /// What is echoed.
    answer: &'static str,
}

const INSTANCE: Row = Row {
    template: Some("app"),
    metadata: None,
    answer: r#""application_type":"web","client_name":"App","grant_types":["client_credentials"],"response_types":[],"scope":"orders:read orders:write","software_id":"app","token_endpoint_auth_method":"client_secret_basic""#,
};

const DEFINITION: Row = Row {
    template: None,
    metadata: Some(
        r#"{"redirect_uris":["https://reports.example/cb"],"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"response_types":[],"client_name":"Reports of the Example company","client_uri":"https://reports.example/","scope":"orders:read","contacts":["ops@reports.example"],"application_type":"web"}"#,
    ),
    answer: r#""redirect_uris":["https://reports.example/cb"],"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"response_types":[],"client_name":"Reports of the Example company","client_uri":"https://reports.example/","scope":"orders:read","contacts":["ops@reports.example"],"application_type":"web""#,
};

fn rows(folder: &Path) -> anyhow::Result<Router> {
    let connection = Connection::open(folder.join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(include_str!(
        "../../../crates/storage/migrations/sqlite/0001_clients_tokens_keys_audit.sql"
    ))?;
    let (queue, jobs) = sync_channel::<Job>(8_192);
    std::thread::spawn(move || {
        if let Err(error) = write_all(&connection, &jobs) {
            eprintln!("the bare writer ended: {error:#}");
        }
    });
    let count = Arc::new(AtomicU64::new(0));
    let endpoint = |row: &'static Row| {
        let (queue, count) = (queue.clone(), Arc::clone(&count));
        post(move |_body: Bytes| {
            let (queue, count) = (queue.clone(), Arc::clone(&count));
            async move {
                let id = u128::from(now_ms()) << 80 | u128::from(count.fetch_add(1, Ordering::Relaxed)) << 32;
                match insert(&queue, id, row).await {
                    Ok(()) => (
                        StatusCode::CREATED,
                        [(header::CONTENT_TYPE, "application/json")],
                        format!(
                            r#"{{"client_id":"{id:032x}","client_secret":"mcs_4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U",{}}}"#,
                            row.answer
                        ),
                    )
                        .into_response(),
                    Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                }
            }
        })
    };
    Ok(Router::new().route("/instance", endpoint(&INSTANCE)).route("/definition", endpoint(&DEFINITION)))
}

async fn insert(queue: &SyncSender<Job>, id: u128, row: &'static Row) -> anyhow::Result<()> {
    let (waiting, done) = oneshot::channel();
    queue.try_send(Job { id, row, waiting })?;
    done.await.context("the writer ended")
}

/// One transaction for all that wait.
fn write_all(connection: &Connection, jobs: &Receiver<Job>) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(1_024);
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        write(connection, &first)?;
        batch.push(first);
        while batch.len() < 1_024
            && let Ok(job) = jobs.try_recv()
        {
            write(connection, &job)?;
            batch.push(job);
        }
        connection.execute_batch("COMMIT")?;
        for job in batch.drain(..) {
            // Whoever asked may have gone.
            job.waiting.send(()).ok();
        }
    }
    Ok(())
}

fn write(connection: &Connection, Job { id, row, .. }: &Job) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at,
                                  registrant, initial_client, subject, revision)
             VALUES (1, ?1, ?2, ?3, ?4, NULL, 'anonymous', NULL, NULL, 1)",
        )?
        .execute(params![id.to_be_bytes(), row.template, row.metadata, [7_u8; 32]])?;
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
             VALUES (?1, 1, 'client-registered', ?2, NULL, '{\"registrant\":\"anonymous\",\"revision\":1,\"template\":\"app\"}')",
        )?
        .execute(params![(id | 1).to_be_bytes(), "06h0fiii0c000eev642oo0s7ig"])
        .map(drop)
}
