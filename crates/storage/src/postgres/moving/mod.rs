//! From SQLite to PostgreSQL: everything, in the order of its keys, and compared when it is there.
//!
//! It can be broken off and begun again: what is there already is a beginning of each table, so it goes on behind the last
//! row. Until everything was compared, the database has a mark on it (a table `moving`), and no server opens it.

mod digest;
mod source;
mod tables;
mod target;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use self::digest::{Digest, Digested};
use self::tables::{TABLES, Table};
use super::connections::Connections;
use super::values::Failure;
use super::{MigrationError, PostgresUrl, UrlError, migrations};
use crate::sqlite::{self, OpenError};

/// How many rows go at once.
const AT_ONCE: usize = 2_000;

/// Why a store was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The file is in use, or is no store of this version.
    #[error(transparent)]
    Source(#[from] OpenError),
    /// SQLite does not read it.
    #[error("{path}: {error}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// The address of the database is no good.
    #[error("the address of the store: {0}")]
    Url(#[from] UrlError),
    /// Its schema is not the one of this program.
    #[error(transparent)]
    Schema(#[from] MigrationError),
    /// Something is kept there that did not come from here.
    #[error("there is something in the table '{0}' already: a store is moved into an empty schema")]
    NotEmpty(&'static str),
    /// PostgreSQL refused something, or went away.
    #[error("{0}; begin again, and it goes on where it stopped")]
    Target(String),
    /// What is there is not what was sent.
    #[error("the table '{0}' is not the same on both sides: empty the schema and begin anew")]
    Differs(&'static str),
}

impl From<Failure> for MoveError {
    fn from(failure: Failure) -> Self {
        Self::Target(failure.to_string())
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The table that is being moved or compared.
    pub table: &'static str,
    /// Rows that were moved or compared so far, of all tables.
    pub done: u64,
    /// How many that will be: each is moved, and compared.
    pub of: u64,
}

/// Moves everything; says how many rows there were. No server may use the file meanwhile, which stays as it is.
///
/// # Errors
/// See [`MoveError`].
pub async fn move_store(
    from: &Path,
    to: &PostgresUrl,
    mut told: impl FnMut(Progress),
) -> Result<u64, MoveError> {
    let (_lock, source) = sqlite::open_to_move(from)?;
    let unread = |error| MoveError::Sqlite { path: from.to_owned(), error };
    let connections = Connections::new(to)?;
    migrations::run_to_move(&connections).await?;
    begin(&connections).await?;

    let mut counts = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        counts.push(source::count(&source, table).map_err(unread)?);
    }
    let total: u64 = counts.iter().sum();
    let mut progress = Progress { table: "", done: 0, of: total * 2 };
    for table in &TABLES {
        progress.table = table.name;
        copy(&source, &connections, table, |rows| {
            progress.done += rows;
            told(progress);
        })
        .await
        .map_err(|error| error.of(from))?;
    }
    for table in &TABLES {
        progress.table = table.name;
        let sent = of_source(&source, table).map_err(unread)?;
        let arrived = of_target(&connections, table).await?;
        if sent != arrived {
            return Err(MoveError::Differs(table.name));
        }
        progress.done += sent.rows;
        told(progress);
    }
    let connection = connections.get().await?;
    connection.batch_execute("DROP TABLE moving").await.map_err(Failure::from)?;
    connections.close();
    Ok(total)
}

/// Marks the database, if nothing is in it; one that is marked already is gone on with.
async fn begin(connections: &Connections) -> Result<(), MoveError> {
    let connection = connections.get().await?;
    if migrations::is_moving(&connection).await? {
        return Ok(());
    }
    for table in &TABLES {
        if !target::is_empty(&connection, table).await? {
            return Err(MoveError::NotEmpty(table.name));
        }
    }
    connection.batch_execute("CREATE TABLE moving ()").await.map_err(Failure::from)?;
    Ok(())
}

/// What goes wrong between the two.
enum Between {
    Source(rusqlite::Error),
    Target(Failure),
}

impl Between {
    fn of(self, path: &Path) -> MoveError {
        match self {
            Self::Source(error) => MoveError::Sqlite { path: path.to_owned(), error },
            Self::Target(failure) => failure.into(),
        }
    }
}

async fn copy(
    from: &Connection,
    to: &Connections,
    table: &Table,
    mut told: impl FnMut(u64),
) -> Result<(), Between> {
    let connection = to.get().await.map_err(Between::Target)?;
    let mut last = target::last_key(&connection, table).await.map_err(Between::Target)?;
    loop {
        let rows = source::rows(from, table, last.as_deref(), AT_ONCE).map_err(Between::Source)?;
        let Some(end) = rows.last() else { return Ok(()) };
        target::insert(&connection, table, &rows).await.map_err(Between::Target)?;
        last = end.get(..table.key).map(<[_]>::to_vec);
        told(rows.len() as u64);
    }
}

fn of_source(from: &Connection, table: &Table) -> rusqlite::Result<Digested> {
    let (mut digest, mut last) = (Digest::new(), None);
    loop {
        let rows = source::rows(from, table, last.as_deref(), AT_ONCE)?;
        let Some(end) = rows.last() else { return Ok(digest.finish()) };
        last = end.get(..table.key).map(<[_]>::to_vec);
        rows.iter().for_each(|row| digest.add(row));
    }
}

async fn of_target(to: &Connections, table: &Table) -> Result<Digested, Failure> {
    let connection = to.get().await?;
    let (mut digest, mut last) = (Digest::new(), None);
    loop {
        let rows = target::rows(&connection, table, last.as_deref(), AT_ONCE).await?;
        let Some(end) = rows.last() else { return Ok(digest.finish()) };
        last = end.get(..table.key).map(<[_]>::to_vec);
        rows.iter().for_each(|row| digest.add(row));
    }
}
