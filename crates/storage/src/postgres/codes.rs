//! The table `authorization_codes`.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_postgres::GenericClient;
use identity::authentication::Authentication;
use identity::user::UserId;
use issuance::authorize::CodeRecord;
use issuance::store::Marks;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use protocol::pkce::CodeChallenge;
use tokio_postgres::Row;

use super::marks;
use super::values::{
    Failure, corrupt, count, get, get_authenticator, get_hash, get_id, get_optional_id,
    get_optional_timestamp, get_scope, get_timestamp, millis, uuid,
};

pub(super) async fn insert(
    connection: &impl GenericClient,
    profile: i32,
    code: &CodeRecord,
) -> Result<(), Failure> {
    let Authentication { at, by } = code.authentication;
    let statement = connection
        .prepare_cached(
            "INSERT INTO authorization_codes
                 (profile, id, hash, client_id, redirect_uri, challenge, scope, nonce, user_id,
                  session, authenticated_at, authenticated_by, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .await?;
    connection
        .execute(
            &statement,
            &[
                &profile,
                &uuid(code.id),
                &&code.hash.as_bytes()[..],
                &code.client_id,
                &code.redirect_uri,
                &code.challenge.as_str(),
                &code.scope.to_string(),
                &code.nonce.as_deref().map(str::as_bytes),
                &uuid(code.user.0),
                &uuid(code.session),
                &millis(at),
                &by.amr(),
                &millis(code.expires_at),
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &impl GenericClient,
    profile: i32,
    directory: i32,
    id: OrderedId,
) -> Result<Option<(CodeRecord, Marks)>, Failure> {
    static QUERY: LazyLock<String> = LazyLock::new(|| marks::query("authorization_codes", COLUMNS));
    let statement = connection.prepare_cached(&QUERY).await?;
    let row = connection
        .query_opt(&statement, &[&[profile].as_slice(), &[uuid(id)].as_slice(), &[directory].as_slice()])
        .await?;
    row.map(|row| Ok((read(&row, id)?, marks::read(&row, 13)?))).transpose()
}

const COLUMNS: &str =
    "one.hash, one.client_id, one.redirect_uri, one.challenge, one.scope, one.nonce, one.user_id,
                       one.session, one.authenticated_at, one.authenticated_by, one.expires_at, one.used_at";

fn read(row: &Row, id: OrderedId) -> Result<CodeRecord, Failure> {
    let nonce = get::<Option<Vec<u8>>>(row, 6)?.map(String::from_utf8).transpose().map_err(corrupt)?;
    Ok(CodeRecord {
        id,
        hash: get_hash(row, 1)?,
        client_id: get(row, 2)?,
        redirect_uri: get(row, 3)?,
        challenge: CodeChallenge::parse(get(row, 4)?).map_err(corrupt)?,
        scope: get_scope(row, 5)?,
        nonce,
        user: UserId(get_id(row, 7)?),
        session: get_id(row, 8)?,
        authentication: Authentication { at: get_timestamp(row, 9)?, by: get_authenticator(row, 10)? },
        expires_at: get_timestamp(row, 11)?,
        used_at: get_optional_timestamp(row, 12)?,
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
pub(super) async fn spend(
    transaction: &impl GenericClient,
    profile: i32,
    (id, at): (OrderedId, Timestamp),
    (grant, token): (Option<OrderedId>, Option<OrderedId>),
) -> Result<Spending, Failure> {
    let statement = transaction
        .prepare_cached(
            "UPDATE authorization_codes SET used_at = $3, gave_grant = $4, gave_token = $5
             WHERE profile = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3",
        )
        .await?;
    let spent = transaction
        .execute(&statement, &[&profile, &uuid(id), &millis(at), &grant.map(uuid), &token.map(uuid)])
        .await?;
    if spent == 1 {
        return Ok(Spending::Now);
    }
    let statement = transaction
        .prepare_cached(
            "SELECT gave_grant, gave_token FROM authorization_codes
             WHERE profile = $1 AND id = $2 AND used_at IS NOT NULL",
        )
        .await?;
    match transaction.query_opt(&statement, &[&profile, &uuid(id)]).await? {
        Some(row) => {
            Ok(Spending::Before { grant: get_optional_id(&row, 0)?, token: get_optional_id(&row, 1)? })
        }
        None => Ok(Spending::Unknown),
    }
}

/// Forgets codes a day after they were made.
pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let a_day_before = ended_before.minus(Duration::from_secs(86_400));
    let statement = connection
        .prepare_cached(
            "DELETE FROM authorization_codes WHERE (profile, id) IN (
                 SELECT code.profile, code.id FROM profiles
                 JOIN authorization_codes AS code ON code.profile = profiles.number AND code.id < $1
                 LIMIT $2)",
        )
        .await?;
    let first = uuid(OrderedId::first_at(a_day_before));
    Ok(count(connection.execute(&statement, &[&first, &i64::from(at_most)]).await?))
}
