//! The table `initial_access_tokens`.

use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use registration::access::{InitialAccessTokenRecord, Origin};
use rusqlite::{Connection, OptionalExtension, params};

use super::values::{millis, optional_timestamp, timestamp};

pub(super) fn insert(
    connection: &Connection,
    profile: i64,
    record: &InitialAccessTokenRecord,
) -> rusqlite::Result<()> {
    let InitialAccessTokenRecord { id, hash, origin, expires_at, spent_at, revoked_at } = record;
    connection
        .prepare_cached(
            "INSERT INTO initial_access_tokens (profile, id, hash, client_id, subject, expires_at, spent_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            profile,
            id.as_bytes(),
            hash.as_bytes(),
            origin.client_id(),
            origin.subject(),
            millis(*expires_at),
            spent_at.map(millis),
            revoked_at.map(millis),
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
) -> rusqlite::Result<Option<InitialAccessTokenRecord>> {
    connection
        .prepare_cached(
            "SELECT hash, client_id, subject, expires_at, spent_at, revoked_at
             FROM initial_access_tokens WHERE profile = ?1 AND id = ?2",
        )?
        .query_row(params![profile, id.as_bytes()], |row| {
            Ok(InitialAccessTokenRecord {
                id,
                hash: SecretHash::from_bytes(row.get(0)?),
                origin: Origin::restore(row.get(1)?, row.get(2)?),
                expires_at: timestamp(row, 3)?,
                spent_at: optional_timestamp(row, 4)?,
                revoked_at: optional_timestamp(row, 5)?,
            })
        })
        .optional()
}

/// Spends a token that is good at this moment; says whether it was. This decides, whatever was read before.
pub(super) fn spend(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET spent_at = ?3
             WHERE profile = ?1 AND id = ?2 AND spent_at IS NULL AND revoked_at IS NULL AND expires_at > ?3",
        )?
        .execute(params![profile, id.as_bytes(), millis(at)])
        .map(|changed| changed == 1)
}

/// Revokes a token that is neither spent nor revoked; says whether it was one.
pub(super) fn revoke(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = ?3
             WHERE profile = ?1 AND id = ?2 AND spent_at IS NULL AND revoked_at IS NULL",
        )?
        .execute(params![profile, id.as_bytes(), millis(at)])
        .map(|changed| changed == 1)
}

/// Revokes whatever a user got and has not spent, in all profiles; says how many that were.
pub(super) fn revoke_of_user(
    connection: &Connection,
    subject: &str,
    at: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = ?2
             WHERE subject = ?1 AND spent_at IS NULL AND revoked_at IS NULL",
        )?
        .execute(params![subject, millis(at)])
}

/// Takes back what a client has got and nobody has spent. They live for minutes, so there are few.
pub(super) fn revoke_of_client(
    connection: &Connection,
    profile: i64,
    client_id: &str,
    at: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = ?3
             WHERE profile = ?1 AND client_id = ?2 AND spent_at IS NULL AND revoked_at IS NULL",
        )?
        .execute(params![profile, client_id, millis(at)])
}

/// Forgets tokens that ended before a moment. What was made after it has not ended before it.
pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM initial_access_tokens WHERE (profile, id) IN (
                 SELECT token.profile, token.id FROM profiles
                 JOIN initial_access_tokens AS token ON token.profile = profiles.number
                 WHERE token.id < ?1 AND token.expires_at < ?2 LIMIT ?3)",
        )?
        .execute(params![OrderedId::first_at(ended_before).as_bytes(), millis(ended_before), at_most])
}
