//! The ceilings: axum on the same machine, doing one thing and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
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
        "/",
        post(move || {
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
                        format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600}}"#),
                    )
                        .into_response(),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }
        }),
    ))
}

type Waiting = (u128, oneshot::Sender<()>);

fn rows(folder: &Path) -> anyhow::Result<Router> {
    let connection = Connection::open(folder.join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(include_str!(
        "../../../crates/storage/migrations/sqlite/0001_clients_tokens_keys_audit.sql"
    ))?;
    let (queue, jobs) = sync_channel::<Waiting>(8_192);
    std::thread::spawn(move || {
        if let Err(error) = write_all(&connection, &jobs) {
            eprintln!("the bare writer ended: {error:#}");
        }
    });
    let count = Arc::new(AtomicU64::new(0));
    Ok(Router::new().route(
        "/",
        post(move || {
            let (queue, count) = (queue.clone(), Arc::clone(&count));
            async move {
                let id = u128::from(now_ms()) << 80 | u128::from(count.fetch_add(1, Ordering::Relaxed)) << 32;
                match insert(&queue, id).await {
                    Ok(()) => (
                        StatusCode::CREATED,
                        [(header::CONTENT_TYPE, "application/json")],
                        format!(r#"{{"client_id":"{id:032x}","client_secret":"mcs_4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U"}}"#),
                    )
                        .into_response(),
                    Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                }
            }
        }),
    ))
}

async fn insert(queue: &SyncSender<Waiting>, id: u128) -> anyhow::Result<()> {
    let (waiting, done) = oneshot::channel();
    queue.try_send((id, waiting))?;
    done.await.context("the writer ended")
}

/// One transaction for all that wait.
fn write_all(connection: &Connection, jobs: &Receiver<Waiting>) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(1_024);
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        write(connection, first.0)?;
        batch.push(first.1);
        while batch.len() < 1_024
            && let Ok((id, waiting)) = jobs.try_recv()
        {
            write(connection, id)?;
            batch.push(waiting);
        }
        connection.execute_batch("COMMIT")?;
        for waiting in batch.drain(..) {
            // Whoever asked may have gone.
            waiting.send(()).ok();
        }
    }
    Ok(())
}

fn write(connection: &Connection, id: u128) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at,
                                  registrant, initial_client, subject, revision)
             VALUES (1, ?1, 'app', NULL, ?2, NULL, 'anonymous', NULL, NULL, 1)",
        )?
        .execute(params![id.to_be_bytes(), [7_u8; 32]])?;
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
             VALUES (?1, 1, 'client-registered', ?2, NULL, '{\"registrant\":\"anonymous\",\"revision\":1,\"template\":\"app\"}')",
        )?
        .execute(params![(id | 1).to_be_bytes(), "06h0fiii0c000eev642oo0s7ig"])
        .map(drop)
}
