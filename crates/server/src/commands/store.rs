//! A store that a command works on, while a server may be using it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use storage::Store;
use storage::postgres::PostgresStore;
use storage::sqlite::SqliteStore;

use crate::config::{STORE_PASSWORD_ENV, StoreUrl};

/// Where it is.
#[derive(Debug, Args)]
pub(super) struct AtStore {
    /// The store: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE` with the password in MATRICULA_STORE_PASSWORD. A server
    /// may be using it meanwhile, and sees at once what was changed.
    #[arg(long)]
    store: String,
}

impl AtStore {
    /// That of an address.
    pub(super) fn at(store: String) -> Self {
        Self { store }
    }

    /// Reads the address. A file must be there: a command makes no store where somebody mistyped one.
    pub(super) fn url(&self) -> anyhow::Result<StoreUrl> {
        match StoreUrl::parse(&self.store, Path::new(""))? {
            StoreUrl::Sqlite(path) => there(path).map(StoreUrl::Sqlite),
            StoreUrl::Postgres(url) => Ok(StoreUrl::Postgres(match std::env::var(STORE_PASSWORD_ENV) {
                Ok(password) => Box::new(url.with_password(&password)),
                Err(_not_set) => url,
            })),
        }
    }
}

fn there(path: PathBuf) -> anyhow::Result<PathBuf> {
    if !path.exists() {
        bail!("{} does not exist", path.display());
    }
    Ok(path)
}

/// Opens it beside whoever else uses it.
pub(super) async fn open_beside(url: &StoreUrl) -> anyhow::Result<Arc<dyn Store>> {
    let opened = match url {
        StoreUrl::Sqlite(path) => {
            SqliteStore::open_beside(path).map(|store| Arc::new(store) as Arc<dyn Store>).map_err(Into::into)
        }
        StoreUrl::Postgres(url) => PostgresStore::open_beside(url)
            .await
            .map(|store| Arc::new(store) as Arc<dyn Store>)
            .map_err(anyhow::Error::from),
    };
    opened.context("the store did not open")
}
