//! The table `grants`.

use std::sync::LazyLock;

use identity::authentication::Authentication;
use identity::user::UserId;
use issuance::grant::{GrantRecord, RefreshFamily, Rotation};
use issuance::store::{Marks, Rotated};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::marks;
use super::values::{
    authenticator, corrupt, millis, optional_hash, optional_timestamp, ordered_id, scope, timestamp,
};

pub(super) fn insert(connection: &Connection, profile: i64, grant: &GrantRecord) -> rusqlite::Result<()> {
    let Authentication { at, by } = grant.authentication;
    let refresh = grant.refresh.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO grants (profile, id, client_id, user, session, authenticated_at, authenticated_by, scope,
                                 family, current, previous, rotated_at, expires_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            profile,
            grant.id.as_bytes(),
            grant.client_id,
            grant.user.0.as_bytes(),
            grant.session.as_bytes(),
            millis(at),
            by.amr(),
            grant.scope.to_string(),
            refresh.map(|refresh| refresh.family.as_bytes()),
            refresh.map(|refresh| refresh.current.as_bytes()),
            refresh.and_then(|refresh| refresh.previous.as_ref()).map(SecretHash::as_bytes),
            refresh.map(|refresh| millis(refresh.rotated_at)),
            millis(grant.expires_at),
            grant.ended_at.map(millis),
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    directory: i64,
    id: OrderedId,
) -> rusqlite::Result<Option<(GrantRecord, Marks)>> {
    static QUERY: LazyLock<String> = LazyLock::new(|| marks::query("grants", COLUMNS));
    connection
        .prepare_cached(&QUERY)?
        .query_row(params![profile, id.as_bytes(), directory], |row| {
            Ok((read(row, id)?, marks::read(row, 12)?))
        })
        .optional()
}

const COLUMNS: &str =
    "one.client_id, one.user, one.session, one.authenticated_at, one.authenticated_by, one.scope,
                       one.family, one.current, one.previous, one.rotated_at, one.expires_at, one.ended_at";

fn read(row: &Row<'_>, id: OrderedId) -> rusqlite::Result<GrantRecord> {
    let refresh = match (optional_hash(row, 6)?, optional_hash(row, 7)?, optional_timestamp(row, 9)?) {
        (None, None, None) => None,
        (Some(family), Some(current), Some(rotated_at)) => {
            Some(RefreshFamily { family, current, previous: optional_hash(row, 8)?, rotated_at })
        }
        _ => return Err(corrupt(6, "a family of refresh tokens is not whole")),
    };
    Ok(GrantRecord {
        id,
        client_id: row.get(0)?,
        user: UserId(ordered_id(row, 1)?),
        session: ordered_id(row, 2)?,
        authentication: Authentication { at: timestamp(row, 3)?, by: authenticator(row, 4)? },
        scope: scope(row, 5)?,
        refresh,
        expires_at: timestamp(row, 10)?,
        ended_at: optional_timestamp(row, 11)?,
    })
}

/// Decides about a refresh token. A repeat of the previous one, where the answer with its successor was lost, replaces
/// the successor, which nobody has used yet; whoever uses that one then, or an older one, ends the family.
pub(super) fn rotate(
    connection: &Connection,
    profile: i64,
    rotation: &Rotation,
) -> rusqlite::Result<Rotated> {
    let Rotation { grant, presented, next, at, overlap, .. } = rotation;
    // Nearly always it is the good one, and then this is all.
    let is_good = connection
        .prepare_cached(
            "UPDATE grants SET current = ?4, previous = ?3, rotated_at = ?5
             WHERE profile = ?1 AND id = ?2 AND current = ?3 AND ended_at IS NULL",
        )?
        .execute(params![profile, grant.as_bytes(), presented.as_bytes(), next.as_bytes(), millis(*at)])?;
    if is_good == 1 {
        return Ok(Rotated::Now);
    }
    let is_repeated = connection
        .prepare_cached(
            "UPDATE grants SET current = ?4
             WHERE profile = ?1 AND id = ?2 AND previous = ?3 AND rotated_at > ?5 AND ended_at IS NULL",
        )?
        .execute(params![
            profile,
            grant.as_bytes(),
            presented.as_bytes(),
            next.as_bytes(),
            millis(*at) - i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX)
        ])?;
    if is_repeated == 1 {
        return Ok(Rotated::Now);
    }
    Ok(if end(connection, profile, *grant, *at)? { Rotated::Reused } else { Rotated::Ended })
}

/// Ends a grant; says whether it had not ended before.
pub(super) fn end(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "UPDATE grants SET ended_at = ?3 WHERE profile = ?1 AND id = ?2 AND ended_at IS NULL",
        )?
        .execute(params![profile, id.as_bytes(), millis(at)])
        .map(|changed| changed == 1)
}

/// Forgets grants that are over by themselves. Those that were ended before stay until then: whoever presents what came
/// from them is told that they have ended.
pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM grants WHERE (profile, id) IN (
                 SELECT profile, id FROM grants WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![millis(ended_before), at_most])
}
