//! `matricula db`: the schema of a store.

use anyhow::bail;
use clap::Subcommand;
use storage::postgres::PostgresStore;
use storage::sqlite::SqliteStore;
use storage::{SchemaStatus, Store};

use super::say;
use super::serve::runtime;
use super::store::AtStore;
use crate::config::StoreUrl;

/// A server brings the schema of its store up to date when it starts. These are for doing it before.
#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Bring the schema up to date: all of it, or nothing. In PostgreSQL nodes may be running meanwhile; those of the
    /// version before go on.
    Migrate {
        #[command(flatten)]
        at: AtStore,
    },
    /// Say how far the schema is. The exit status is 1 where it is not that of this program.
    Status {
        #[command(flatten)]
        at: AtStore,
    },
}

impl Db {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Migrate { at } => {
                let url = at.url()?;
                runtime()?.block_on(migrate(&url))?;
                say(format_args!("the schema of {} is up to date", place(&url)));
                Ok(())
            }
            Self::Status { at } => {
                let url = at.url()?;
                let status = runtime()?.block_on(status(&url))?;
                let SchemaStatus { applied, known } = status;
                let told = format!("{}: {applied} of {known} steps of the schema were applied", place(&url));
                if !status.is_current() {
                    bail!("{told}: bring it up to date with 'matricula db migrate'");
                }
                say(told);
                Ok(())
            }
        }
    }
}

fn place(url: &StoreUrl) -> String {
    match url {
        StoreUrl::Sqlite(path) => path.display().to_string(),
        StoreUrl::Postgres(url) => url.place(),
    }
}

async fn migrate(url: &StoreUrl) -> anyhow::Result<()> {
    match url {
        StoreUrl::Sqlite(path) => SqliteStore::open(path)?.close(),
        StoreUrl::Postgres(url) => PostgresStore::open(url).await?.close(),
    }
    Ok(())
}

async fn status(url: &StoreUrl) -> anyhow::Result<SchemaStatus> {
    Ok(match url {
        StoreUrl::Sqlite(path) => SqliteStore::schema(path)?,
        StoreUrl::Postgres(url) => PostgresStore::schema(url).await?,
    })
}
