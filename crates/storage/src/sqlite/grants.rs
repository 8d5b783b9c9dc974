//! The table `grants`.

use identity::authentication::Authentication;
use identity::user::UserId;
use issuance::grant::{GrantRecord, RefreshFamily, Rotation};
use issuance::store::Rotated;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use rusqlite::{Connection, OptionalExtension, Row, params};

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
    id: OrderedId,
) -> rusqlite::Result<Option<GrantRecord>> {
    connection
        .prepare_cached(
            "SELECT client_id, user, session, authenticated_at, authenticated_by, scope, family, current, previous,
                    rotated_at, expires_at, ended_at
             FROM grants WHERE profile = ?1 AND id = ?2",
        )?
        .query_row(params![profile, id.as_bytes()], |row| read(row, id))
        .optional()
}

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
    let Some(GrantRecord { refresh: Some(family), ended_at: None, .. }) = find(connection, profile, *grant)?
    else {
        return Ok(Rotated::Ended);
    };
    let (previous, rotated_at) = if *presented == family.current {
        (Some(*presented), *at)
    } else if Some(*presented) == family.previous && *at < family.rotated_at.plus(*overlap) {
        (family.previous, family.rotated_at)
    } else {
        end(connection, profile, *grant, *at)?;
        return Ok(Rotated::Reused);
    };
    connection
        .prepare_cached(
            "UPDATE grants SET current = ?3, previous = ?4, rotated_at = ?5 WHERE profile = ?1 AND id = ?2",
        )?
        .execute(params![
            profile,
            grant.as_bytes(),
            next.as_bytes(),
            previous.as_ref().map(SecretHash::as_bytes),
            millis(rotated_at)
        ])?;
    Ok(Rotated::Now)
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
