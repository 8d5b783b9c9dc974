//! The table `authorization_requests`.

use issuance::authorize::{Endpoint, PendingRequest, Progress};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use rusqlite::{Connection, OptionalExtension, params};

use super::values::{corrupt, millis, optional_hash, optional_id, timestamp};

pub(super) fn insert(
    connection: &Connection,
    profile: i64,
    request: &PendingRequest,
) -> rusqlite::Result<()> {
    let PendingRequest { id, hash, browser, endpoint, parameters, expires_at, session, has_signed_in } =
        request;
    connection
        .prepare_cached(
            "INSERT INTO authorization_requests
                 (profile, id, hash, browser, endpoint, parameters, expires_at, session, has_signed_in)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            profile,
            id.as_bytes(),
            hash.as_bytes(),
            browser.as_ref().map(SecretHash::as_bytes),
            endpoint.as_str(),
            parameters,
            millis(*expires_at),
            session.as_ref().map(OrderedId::as_bytes),
            has_signed_in,
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
) -> rusqlite::Result<Option<PendingRequest>> {
    connection
        .prepare_cached(
            "SELECT hash, browser, endpoint, parameters, expires_at, session, has_signed_in
             FROM authorization_requests WHERE profile = ?1 AND id = ?2",
        )?
        .query_row(params![profile, id.as_bytes()], |row| {
            let endpoint: String = row.get(2)?;
            Ok(PendingRequest {
                id,
                hash: SecretHash::from_bytes(row.get(0)?),
                browser: optional_hash(row, 1)?,
                endpoint: Endpoint::named(&endpoint)
                    .ok_or_else(|| corrupt(2, format_args!("'{endpoint}' is no endpoint")))?,
                parameters: row.get(3)?,
                expires_at: timestamp(row, 4)?,
                session: optional_id(row, 5)?,
                has_signed_in: row.get(6)?,
            })
        })
        .optional()
}

/// Where the request is gone meanwhile, there is nothing to note.
pub(super) fn note(
    connection: &Connection,
    profile: i64,
    id: OrderedId,
    progress: Progress,
) -> rusqlite::Result<()> {
    let (session, has_signed_in) = match progress {
        Progress::Opened { browser, hash } => {
            return connection
                .prepare_cached(
                    "UPDATE authorization_requests SET browser = ?3, hash = ?4
                     WHERE profile = ?1 AND id = ?2 AND browser IS NULL",
                )?
                .execute(params![profile, id.as_bytes(), browser.as_bytes(), hash.as_bytes()])
                .map(drop);
        }
        Progress::SignedIn(session) => (session, true),
        Progress::Chose(session) => (session, false),
    };
    connection
        .prepare_cached(
            "UPDATE authorization_requests SET has_signed_in = ?4 OR (has_signed_in AND session = ?3), session = ?3
             WHERE profile = ?1 AND id = ?2",
        )?
        .execute(params![profile, id.as_bytes(), session.as_bytes(), has_signed_in])
        .map(drop)
}

/// Says whether it was there. Whoever takes it away is the one that answers it.
pub(super) fn take(connection: &Connection, profile: i64, id: OrderedId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("DELETE FROM authorization_requests WHERE profile = ?1 AND id = ?2")?
        .execute(params![profile, id.as_bytes()])
        .map(|deleted| deleted == 1)
}

pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM authorization_requests WHERE (profile, id) IN (
                 SELECT one.profile, one.id FROM profiles
                 JOIN authorization_requests AS one ON one.profile = profiles.number
                 WHERE one.id < ?1 AND one.expires_at < ?2 LIMIT ?3)",
        )?
        .execute(params![OrderedId::first_at(ended_before).as_bytes(), millis(ended_before), at_most])
}
