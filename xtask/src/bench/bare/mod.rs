//! The ceilings: axum on the same machine, doing one thing and nothing else.

mod durable;
mod people;
mod postgres;
mod registrations;
mod signature;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Bare {
    /// Signs a JWT with ES256.
    Signature,
    /// Writes the rows of a registration, in a transaction that is on the disk before the answer.
    Rows {
        /// The folder for the database.
        folder: PathBuf,
    },
    /// Writes the row of a code; signs a JWT with ES256 and rotates a refresh token. Both are on the disk before the
    /// answer.
    People {
        /// The folder for the database.
        folder: PathBuf,
        /// How many families of refresh tokens there are.
        families: u64,
    },
    /// Writes the rows of a registration; signs a JWT with ES256 and rotates a refresh token: in PostgreSQL.
    Postgres {
        /// The address of the database.
        url: String,
        /// How many families of refresh tokens there are.
        families: u64,
    },
}

impl Bare {
    pub(crate) fn serve(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let router = match self {
            Self::Signature => signature::router()?,
            Self::Rows { folder } => registrations::router(&folder)?,
            Self::Postgres { url, families } => runtime.block_on(postgres::router(&url, families))?,
            Self::People { folder, families } => runtime.block_on(people::router(&folder, families))?,
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

/// A name that sorts by time, as the server's do.
fn ordered_id(count: u64) -> u128 {
    u128::from(now_ms()) << 80 | u128::from(count) << 32
}
