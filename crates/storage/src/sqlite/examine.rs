//! A file that is looked at, and neither made nor changed, whether or not a server uses it.

use std::path::Path;

use issuance::store::SealedKey;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use rusqlite::{Connection, OptionalExtension};

use super::values::{corrupt, ordered_id, timestamp};
use super::{OpenError, SqliteStore, file, migrations, open_reader, signing_keys};
use crate::Examination;

impl SqliteStore {
    /// Looks at a file that is there. A server may be using it.
    ///
    /// # Errors
    /// See [`OpenError`]: it is no store, a newer program's, or SQLite does not read it.
    pub fn examine(path: &Path) -> Result<Examination, OpenError> {
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        file::check(path)?;
        let connection = open_reader(path).map_err(sqlite)?;
        let is_current = match migrations::check_is_current(&connection, path) {
            Ok(()) => true,
            Err(OpenError::Older(_)) => false,
            Err(error) => return Err(error),
        };
        let newest = newest(&connection).map_err(sqlite)?;
        Ok(Examination { is_current, newest, signing_keys: keys(&connection).map_err(sqlite)? })
    }
}

fn newest(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let outcome = connection
        .query_row("SELECT id FROM audit_events ORDER BY id DESC LIMIT 1", [], |row| ordered_id(row, 0))
        .optional()?;
    let activity = connection
        .query_row(
            "SELECT last_at FROM audit_activity ORDER BY minute DESC, last_at DESC LIMIT 1",
            [],
            |row| timestamp(row, 0),
        )
        .optional()?;
    Ok(outcome.map(|id| id.made_at()).max(activity))
}

fn keys(connection: &Connection) -> rusqlite::Result<Vec<(ProfileName, Vec<SealedKey>)>> {
    let mut statement = connection.prepare("SELECT name, number FROM profiles ORDER BY name")?;
    let profiles = statement.query_map([], |row| {
        let name: ProfileName = row.get::<_, String>(0)?.parse().map_err(|error| corrupt(0, error))?;
        Ok((name, row.get::<_, i64>(1)?))
    })?;
    profiles
        .map(|profile| profile.and_then(|(name, number)| Ok((name, signing_keys::all(connection, number)?))))
        .collect()
}
