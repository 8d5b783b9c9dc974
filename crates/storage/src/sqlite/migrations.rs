//! The schema, step by step. Steps are only ever added.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, TransactionBehavior, params};

use super::OpenError;
use crate::SchemaStatus;

/// All steps, in order. What stands in one that was released never changes: its checksum is compared.
const STEPS: [&str; 3] = [
    include_str!("../../migrations/sqlite/0001_clients_tokens_keys_audit.sql"),
    include_str!("../../migrations/sqlite/0002_users_and_sessions.sql"),
    include_str!("../../migrations/sqlite/0003_authorizations_and_grants.sql"),
];

/// What stands in the header of our files (`PRAGMA application_id`): "Mtrc".
const APPLICATION_ID: i32 = 0x4d74_7263;

/// Whether a file is one of ours.
pub(super) fn is_ours(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    connection
        .pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))
        .map(|id| id == APPLICATION_ID)
        .map_err(|error| of_a_stranger(error, path))
}

/// Refuses a file that belongs to somebody else, before anything in it is changed. An empty one belongs to nobody.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 =
        connection.query_row(tables, [], |row| row.get(0)).map_err(|error| of_a_stranger(error, path))?;
    if tables == 0 || is_ours(connection, path)? {
        Ok(())
    } else {
        Err(OpenError::NotAStore(path.to_owned()))
    }
}

fn of_a_stranger(error: rusqlite::Error, path: &Path) -> OpenError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotAStore(path.to_owned()),
        _ => OpenError::Sqlite { path: path.to_owned(), error },
    }
}

/// Refuses a file whose schema is not the one of this program. Nothing is changed.
pub(super) fn check_is_current(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    if status(connection, path)?.is_current() { Ok(()) } else { Err(OpenError::Older(path.to_owned())) }
}

/// How far the schema of a file is. Nothing is changed.
pub(super) fn status(connection: &Connection, path: &Path) -> Result<SchemaStatus, OpenError> {
    if !is_ours(connection, path)? {
        return Err(OpenError::NotAStore(path.to_owned()));
    }
    let applied = applied(connection).map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
    // Of an older one, all that is said is that it is.
    if applied.len() >= STEPS.len() {
        compare(&applied, path)?;
    }
    Ok(SchemaStatus { applied: applied.len(), known: STEPS.len() })
}

/// Refuses a file that steps were applied to which this program does not know.
fn compare(applied: &[Vec<u8>], path: &Path) -> Result<(), OpenError> {
    if applied.len() > STEPS.len() {
        return Err(OpenError::Newer(path.to_owned()));
    }
    for ((number, step), known) in (1_u32..).zip(STEPS).zip(applied) {
        if *known != checksum(step) {
            return Err(OpenError::Changed(path.to_owned(), number));
        }
    }
    Ok(())
}

fn checksum(step: &str) -> Vec<u8> {
    digest(&SHA256, step.as_bytes()).as_ref().to_vec()
}

/// Brings the schema up to date, all of it or nothing.
pub(super) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(sqlite)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 number   INTEGER PRIMARY KEY,
                 checksum BLOB    NOT NULL
             ) STRICT",
        )
        .map_err(sqlite)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    let applied = applied(&transaction).map_err(sqlite)?;
    compare(&applied, path)?;
    for (number, step) in (1_u32..).zip(STEPS).skip(applied.len()) {
        transaction.execute_batch(step).map_err(sqlite)?;
        transaction
            .execute("INSERT INTO schema_migrations VALUES (?1, ?2)", params![number, checksum(step)])
            .map_err(sqlite)?;
    }
    transaction.commit().map_err(sqlite)
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare("SELECT checksum FROM schema_migrations ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}
