//! Directories have names outside and numbers in rows.
//!
//! Another process may add one (a command beside the server), so what is not remembered is looked for in the table.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use primitives::names::DirectoryName;
use primitives::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// The numbers of directories that were met already. They never change.
#[derive(Debug, Default)]
pub(super) struct Directories(RwLock<HashMap<DirectoryName, i64>>);

impl Directories {
    /// The number of a directory, if there is one of this name, for a reader.
    pub(super) fn read(
        &self,
        connection: &Connection,
        directory: &DirectoryName,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(known) = self.known(directory) {
            return Ok(Some(known));
        }
        let found = find(connection, directory)?;
        if let Some(number) = found {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(directory.clone(), number);
        }
        Ok(found)
    }

    /// The same, for the writer. What it sees may be taken back with its transaction, so it is not remembered.
    pub(super) fn write(
        &self,
        connection: &Connection,
        directory: &DirectoryName,
    ) -> rusqlite::Result<Option<i64>> {
        match self.known(directory) {
            Some(known) => Ok(Some(known)),
            None => find(connection, directory),
        }
    }

    fn known(&self, directory: &DirectoryName) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(directory).copied()
    }
}

fn find(connection: &Connection, name: &DirectoryName) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM directories WHERE name = ?1")?
        .query_row(params![name.as_str()], |row| row.get(0))
        .optional()
}

pub(super) fn find_or_add(connection: &Connection, name: &DirectoryName) -> rusqlite::Result<i64> {
    if let Some(known) = find(connection, name)? {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO directories (name) VALUES (?1)")?
        .execute(params![name.as_str()])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn unknown(directory: &DirectoryName) -> StoreError {
    StoreError::Unavailable(format!("there is no directory {directory}"))
}
