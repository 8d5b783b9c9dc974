//! The tables `access_tokens`, `revoked_access_tokens` and `client_marks`.

use issuance::access_token::AccessTokenRecord;
use issuance::store::AccessTokenMarks;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use rusqlite::{Connection, OptionalExtension, params};

use super::values::{millis, optional_id, optional_timestamp, scope, timestamp};

pub(super) fn insert(
    connection: &Connection,
    profile: i64,
    token: &AccessTokenRecord,
) -> rusqlite::Result<()> {
    let AccessTokenRecord { id, hash, client_id, grant, scope, audience, expires_at } = token;
    connection
        .prepare_cached(
            "INSERT INTO access_tokens
                 (profile, id, hash, client_id, grant_id, scope, audience, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            profile,
            id.as_bytes(),
            hash.as_bytes(),
            client_id,
            grant.as_ref().map(OrderedId::as_bytes),
            scope.to_string(),
            audience,
            millis(*expires_at),
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
) -> rusqlite::Result<Option<AccessTokenRecord>> {
    connection
        .prepare_cached(
            "SELECT hash, client_id, grant_id, scope, audience, expires_at
             FROM access_tokens WHERE profile = ?1 AND id = ?2",
        )?
        .query_row(params![profile, id.as_bytes()], |row| {
            Ok(AccessTokenRecord {
                id,
                hash: SecretHash::from_bytes(row.get(0)?),
                client_id: row.get(1)?,
                grant: optional_id(row, 2)?,
                scope: scope(row, 3)?,
                audience: row.get(4)?,
                expires_at: timestamp(row, 5)?,
            })
        })
        .optional()
}

/// Says whether it was not known before.
pub(super) fn revoke(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    expires_at: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "INSERT INTO revoked_access_tokens (profile, id, expires_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![profile, id.as_bytes(), millis(expires_at)])
        .map(|inserted| inserted == 1)
}

pub(super) fn marks(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    client_id: &str,
) -> rusqlite::Result<AccessTokenMarks> {
    let is_revoked = connection
        .prepare_cached("SELECT 1 FROM revoked_access_tokens WHERE profile = ?1 AND id = ?2")?
        .exists(params![profile, id.as_bytes()])?;
    Ok(AccessTokenMarks { is_revoked, client_not_before: client_not_before(connection, profile, client_id)? })
}

pub(super) fn client_not_before(
    connection: &Connection,
    profile: i64,
    client_id: &str,
) -> rusqlite::Result<Option<Timestamp>> {
    let mark = connection
        .prepare_cached("SELECT not_before FROM client_marks WHERE profile = ?1 AND client_id = ?2")?
        .query_row(params![profile, client_id], |row| optional_timestamp(row, 0))
        .optional()?;
    Ok(mark.flatten())
}

pub(super) fn mark_client(
    connection: &Connection,
    profile: i64,
    client_id: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO client_marks (profile, client_id, not_before) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET not_before = max(not_before, excluded.not_before)",
        )?
        .execute(params![profile, client_id, millis(at)])
        .map(drop)
}

/// Forgets tokens that have ended.
pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    let mut forgotten = 0;
    for table in ["access_tokens", "revoked_access_tokens"] {
        let statement = format!(
            "DELETE FROM {table} WHERE (profile, id) IN (
                 SELECT one.profile, one.id FROM profiles
                 JOIN {table} AS one ON one.profile = profiles.number
                 WHERE one.id < ?1 AND one.expires_at < ?2 LIMIT ?3)"
        );
        let first = OrderedId::first_at(ended_before);
        let deleted = connection.prepare_cached(&statement)?.execute(params![
            first.as_bytes(),
            millis(ended_before),
            at_most
        ])?;
        forgotten = forgotten.max(deleted);
    }
    Ok(forgotten)
}
