//! The table `accepted_assertions`.

use issuance::store::Once;
use primitives::clock::Timestamp;
use rusqlite::{Connection, params};

use super::values::millis;

pub(super) fn accept(
    connection: &Connection,
    profile: i64,
    fingerprint: [u8; 32],
    expires_at: Timestamp,
) -> rusqlite::Result<Once> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO accepted_assertions (profile, expires_at, fingerprint) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![profile, millis(expires_at), fingerprint])?;
    Ok(if inserted == 1 { Once::Now } else { Once::Before })
}

/// Forgets assertions that have expired: they are refused for that.
pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM accepted_assertions WHERE (profile, expires_at, fingerprint) IN (
                 SELECT old.profile, old.expires_at, old.fingerprint FROM profiles
                 JOIN accepted_assertions AS old ON old.profile = profiles.number AND old.expires_at < ?1
                 LIMIT ?2)",
        )?
        .execute(params![millis(ended_before), at_most])
}
