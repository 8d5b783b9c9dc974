//! `matricula db`: the schema of a store.

use anyhow::bail;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use storage::postgres::{PostgresStore, moving};
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
    /// Move everything from an SQLite file into an empty schema of a PostgreSQL database. No server may run meanwhile. The
    /// file stays as it is. Broken off and called again, it goes on; when it ends well, both sides were compared.
    Move {
        /// `sqlite:PATH`.
        #[arg(long)]
        from: String,
        /// `postgres://USER@HOST/DATABASE`, with the password in MATRICULA_STORE_PASSWORD.
        #[arg(long)]
        to: String,
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
            Self::Move { from, to } => move_store(&AtStore::at(from), &AtStore::at(to)),
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

fn move_store(from: &AtStore, to: &AtStore) -> anyhow::Result<()> {
    let (StoreUrl::Sqlite(from), StoreUrl::Postgres(to)) = (from.url()?, to.url()?) else {
        bail!("a store is moved from sqlite:PATH to postgres://USER@HOST/DATABASE");
    };
    // On standard error, where somebody looks at it; nothing where nobody does.
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{msg:24} [{bar:40}] {percent:>3} % {eta}")?.progress_chars("=> "),
    );
    let moved = runtime()?.block_on(moving::move_store(&from, &to, |progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.done);
        bar.set_message(progress.table);
    }));
    bar.finish_and_clear();
    say(format_args!("{} rows are in {} now, and are the same there", moved?, to.place()));
    Ok(())
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
