//! The table `authorization_codes`.

use std::sync::LazyLock;
use std::time::Duration;

use identity::authentication::Authentication;
use identity::user::UserId;
use issuance::authorize::CodeRecord;
use issuance::store::Marks;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use protocol::pkce::CodeChallenge;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::marks;
use super::values::{
    authenticator, corrupt, millis, optional_id, optional_timestamp, ordered_id, scope, timestamp,
};

pub(super) fn insert(connection: &Connection, profile: i64, code: &CodeRecord) -> rusqlite::Result<()> {
    let Authentication { at, by } = code.authentication;
    connection
        .prepare_cached(
            "INSERT INTO authorization_codes
                 (profile, id, hash, client_id, redirect_uri, challenge, scope, nonce, user,
                  session, authenticated_at, authenticated_by, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            profile,
            code.id.as_bytes(),
            code.hash.as_bytes(),
            code.client_id,
            code.redirect_uri,
            code.challenge.as_str(),
            code.scope.to_string(),
            code.nonce,
            code.user.0.as_bytes(),
            code.session.as_bytes(),
            millis(at),
            by.amr(),
            millis(code.expires_at),
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    directory: i64,
    id: OrderedId,
) -> rusqlite::Result<Option<(CodeRecord, Marks)>> {
    static QUERY: LazyLock<String> = LazyLock::new(|| marks::query("authorization_codes", COLUMNS));
    connection
        .prepare_cached(&QUERY)?
        .query_row(params![profile, id.as_bytes(), directory], |row| {
            Ok((read(row, id)?, marks::read(row, 12)?))
        })
        .optional()
}

const COLUMNS: &str =
    "one.hash, one.client_id, one.redirect_uri, one.challenge, one.scope, one.nonce, one.user,
                       one.session, one.authenticated_at, one.authenticated_by, one.expires_at, one.used_at";

fn read(row: &Row<'_>, id: OrderedId) -> rusqlite::Result<CodeRecord> {
    Ok(CodeRecord {
        id,
        hash: SecretHash::from_bytes(row.get(0)?),
        client_id: row.get(1)?,
        redirect_uri: row.get(2)?,
        challenge: CodeChallenge::parse(&row.get::<_, String>(3)?).map_err(|error| corrupt(3, error))?,
        scope: scope(row, 4)?,
        nonce: row.get(5)?,
        user: UserId(ordered_id(row, 6)?),
        session: ordered_id(row, 7)?,
        authentication: Authentication { at: timestamp(row, 8)?, by: authenticator(row, 9)? },
        expires_at: timestamp(row, 10)?,
        used_at: optional_timestamp(row, 11)?,
    })
}

/// What became of a code that was to be spent.
pub(super) enum Spending {
    Now,
    /// It had been spent, and gave this grant or this initial access token.
    Before {
        grant: Option<OrderedId>,
        token: Option<OrderedId>,
    },
    Unknown,
}

/// Spends a code for what it gives. This decides, whatever was read before.
pub(super) fn spend(
    connection: &Connection,
    profile: i64,
    (id, at): (OrderedId, Timestamp),
    (grant, token): (Option<OrderedId>, Option<OrderedId>),
) -> rusqlite::Result<Spending> {
    let spent = connection
        .prepare_cached(
            "UPDATE authorization_codes SET used_at = ?3, gave_grant = ?4, gave_token = ?5
             WHERE profile = ?1 AND id = ?2 AND used_at IS NULL AND expires_at > ?3",
        )?
        .execute(params![
            profile,
            id.as_bytes(),
            millis(at),
            grant.as_ref().map(OrderedId::as_bytes),
            token.as_ref().map(OrderedId::as_bytes)
        ])?;
    if spent == 1 {
        return Ok(Spending::Now);
    }
    let before = connection
        .prepare_cached(
            "SELECT gave_grant, gave_token FROM authorization_codes
             WHERE profile = ?1 AND id = ?2 AND used_at IS NOT NULL",
        )?
        .query_row(params![profile, id.as_bytes()], |row| {
            Ok(Spending::Before { grant: optional_id(row, 0)?, token: optional_id(row, 1)? })
        })
        .optional()?;
    Ok(before.unwrap_or(Spending::Unknown))
}

/// Forgets codes a day after they were made.
pub(super) fn forget(
    connection: &Connection,
    ended_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    let a_day_before = ended_before.minus(Duration::from_secs(86_400));
    connection
        .prepare_cached(
            "DELETE FROM authorization_codes WHERE (profile, id) IN (
                 SELECT code.profile, code.id FROM profiles
                 JOIN authorization_codes AS code ON code.profile = profiles.number AND code.id < ?1
                 LIMIT ?2)",
        )?
        .execute(params![OrderedId::first_at(a_day_before).as_bytes(), at_most])
}
