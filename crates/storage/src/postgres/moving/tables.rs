//! What there is to move: every table, its key first.

/// What a column holds in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `integer`.
    Number,
    /// `bigint`.
    Long,
    /// `uuid`.
    Id,
    /// `bytea`.
    Bytes,
    /// `text`.
    Text,
    /// `bytea`, of what is text in SQLite.
    TextAsBytes,
    /// `boolean`.
    Flag,
}

/// A column, by its name in PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

impl Column {
    /// Its name in SQLite. One of them is a word that PostgreSQL keeps for itself.
    pub(super) fn in_sqlite(&self) -> &'static str {
        if self.name == "user_id" { "user" } else { self.name }
    }
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// How many of its columns, from the first, are its key.
    pub(super) key: usize,
    pub(super) columns: &'static [Column],
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

macro_rules! table {
    ($name:literal ($($key:literal $key_kind:ident),+; $($column:literal $kind:ident),*)) => {
        Table {
            name: $name,
            key: [$($key),+].len(),
            columns: &[$(column($key, Kind::$key_kind)),+ $(, column($column, Kind::$kind))*],
        }
    };
}

/// All of them, as the newest step of the schema has them.
pub(super) const TABLES: [Table; 18] = [
    table!("profiles" ("number" Number; "name" Text, "revision" Long)),
    table!("definition_revisions" ("profile" Number, "kind" Text, "id" Text, "revision" Long;
        "document" Text, "made_by" Text, "made_at" Long)),
    table!("directories" ("number" Number; "name" Text)),
    table!("signing_keys" ("profile" Number, "id" Id; "algorithm" Text, "public_jwk" Text, "sealed" Bytes)),
    table!("users" ("directory" Number, "id" Id; "username" Text, "name_key" Text, "password_hash" Text, "claims" Text,
        "disabled_at" Long, "not_before" Long)),
    table!("clients" ("profile" Number, "id" Id; "template" Text, "metadata" Text, "secret_hash" Bytes,
        "secret_expires_at" Long, "registrant" Text, "initial_client" Text, "subject" Text, "revision" Long)),
    table!("client_marks" ("profile" Number, "client_id" Text; "not_before" Long)),
    table!("initial_access_tokens" ("profile" Number, "id" Id; "hash" Bytes, "client_id" Text, "subject" Text,
        "expires_at" Long, "spent_at" Long, "revoked_at" Long)),
    table!("accepted_assertions" ("profile" Number, "expires_at" Long, "fingerprint" Bytes;)),
    table!("sessions" ("directory" Number, "id" Id; "hash" Bytes, "frame_hash" Bytes, "counts_in" Text, "user_id" Id,
        "authenticated_at" Long, "authenticated_by" Text, "used_at" Long, "expires_at" Long, "keep_until" Long,
        "ended_at" Long, "is_revoked" Flag)),
    table!("authorization_requests" ("profile" Number, "id" Id; "hash" Bytes, "browser" Bytes, "endpoint" Text,
        "parameters" Text, "expires_at" Long, "session" Id, "has_signed_in" Flag)),
    table!("consents" ("profile" Number, "client_id" Text, "user_id" Id, "destination" Text; "scope" Text,
        "given_at" Long)),
    table!("authorization_codes" ("profile" Number, "id" Id; "hash" Bytes, "client_id" Text, "redirect_uri" Text,
        "challenge" Text, "scope" Text, "nonce" TextAsBytes, "user_id" Id, "session" Id, "authenticated_at" Long,
        "authenticated_by" Text, "expires_at" Long, "used_at" Long, "gave_grant" Id, "gave_token" Id)),
    table!("grants" ("profile" Number, "id" Id; "client_id" Text, "user_id" Id, "session" Id, "authenticated_at" Long,
        "authenticated_by" Text, "scope" Text, "family" Bytes, "current" Bytes, "previous" Bytes, "rotated_at" Long,
        "expires_at" Long, "ended_at" Long)),
    table!("access_tokens" ("profile" Number, "id" Id; "hash" Bytes, "client_id" Text, "grant_id" Id, "scope" Text,
        "audience" Text, "expires_at" Long)),
    table!("revoked_access_tokens" ("profile" Number, "id" Id; "expires_at" Long)),
    table!("audit_events" ("id" Id, "profile" Number; "directory" Number, "kind" Text, "client_id" Text, "subject" Text,
        "detail" Text)),
    table!("audit_activity" ("minute" Long, "profile" Number, "kind" Text, "reason" Text, "client_id" Text,
        "network" Text; "count" Long, "first_at" Long, "last_at" Long)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::SqliteStore;

    #[test]
    fn nothing_that_the_file_has_is_left_behind() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("matricula.db");
        drop(SqliteStore::open(&path).unwrap());
        let file = Connection::open(path).unwrap();
        let names = |sql: &str| -> BTreeSet<String> {
            let mut statement = file.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let known: BTreeSet<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        let all = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migrations'";
        assert_eq!(names(all), known);
        for table in &TABLES {
            let known: BTreeSet<String> =
                table.columns.iter().map(|column| column.in_sqlite().to_owned()).collect();
            assert_eq!(names(&format!("SELECT name FROM pragma_table_info('{}')", table.name)), known);
            let key: BTreeSet<String> =
                table.columns.iter().take(table.key).map(|column| column.in_sqlite().to_owned()).collect();
            let keys = names(&format!("SELECT name FROM pragma_table_info('{}') WHERE pk > 0", table.name));
            // An event is named by its id alone there.
            assert!(keys.is_subset(&key), "{}: {keys:?} are not all in {key:?}", table.name);
        }
    }
}
