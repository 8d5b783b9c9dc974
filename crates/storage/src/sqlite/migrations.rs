//! The schema, step by step. Steps are only ever added.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, TransactionBehavior, params};

use super::OpenError;

/// All steps, in order. What stands in one that was released never changes: its checksum is compared.
const STEPS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_clients_tokens_keys_audit.sql")];

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
    let applied = applied(&transaction).map_err(sqlite)?;
    if applied.len() > STEPS.len() {
        return Err(OpenError::Newer(path.to_owned()));
    }
    for (number, step) in (1_u32..).zip(STEPS) {
        let checksum = digest(&SHA256, step.as_bytes());
        match applied.get(number as usize - 1) {
            Some(known) if known == checksum.as_ref() => {}
            Some(_) => return Err(OpenError::Changed(path.to_owned(), number)),
            None => {
                transaction.execute_batch(step).map_err(sqlite)?;
                transaction
                    .execute(
                        "INSERT INTO schema_migrations VALUES (?1, ?2)",
                        params![number, checksum.as_ref()],
                    )
                    .map_err(sqlite)?;
            }
        }
    }
    transaction.commit().map_err(sqlite)
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare("SELECT checksum FROM schema_migrations ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}
