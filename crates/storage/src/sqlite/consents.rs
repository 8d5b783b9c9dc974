//! The table `consents`.

use identity::user::UserId;
use issuance::authorize::GivenConsent;
use protocol::scope::Scope;
use rusqlite::{Connection, OptionalExtension, params};

use super::values::{millis, scope};

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    client_id: &str,
    (user, destination): (UserId, &str),
) -> rusqlite::Result<Option<Scope>> {
    connection
        .prepare_cached(
            "SELECT scope FROM consents
             WHERE profile = ?1 AND client_id = ?2 AND user = ?3 AND destination = ?4",
        )?
        .query_row(params![profile, client_id, user.0.as_bytes(), destination], |row| scope(row, 0))
        .optional()
}

/// What was consented to before stays consented to.
pub(super) fn remember(
    connection: &Connection,
    profile: i64,
    consent: &GivenConsent,
) -> rusqlite::Result<()> {
    let GivenConsent { user, client_id, destination, scope, at } = consent;
    let before = find(connection, profile, client_id, (*user, destination))?;
    let all = before.map_or_else(|| scope.clone(), |before| before.union(scope));
    connection
        .prepare_cached(
            "INSERT INTO consents (profile, client_id, user, destination, scope, given_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at",
        )?
        .execute(params![profile, client_id, user.0.as_bytes(), destination, all.to_string(), millis(*at)])
        .map(drop)
}
