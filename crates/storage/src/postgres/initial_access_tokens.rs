//! The table `initial_access_tokens`.

use deadpool_postgres::GenericClient;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use registration::access::{InitialAccessTokenRecord, Origin};

use super::values::{Failure, get, get_hash, get_optional_timestamp, get_timestamp, millis, uuid};

pub(super) async fn insert(
    connection: &impl GenericClient,
    profile: i32,
    record: &InitialAccessTokenRecord,
) -> Result<(), Failure> {
    let InitialAccessTokenRecord { id, hash, origin, expires_at, spent_at, revoked_at } = record;
    let statement = connection
        .prepare_cached(
            "INSERT INTO initial_access_tokens (profile, id, hash, client_id, subject, expires_at, spent_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .await?;
    connection
        .execute(
            &statement,
            &[
                &profile,
                &uuid(*id),
                &&hash.as_bytes()[..],
                &origin.client_id(),
                &origin.subject(),
                &millis(*expires_at),
                &spent_at.map(millis),
                &revoked_at.map(millis),
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
) -> Result<Option<InitialAccessTokenRecord>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT hash, client_id, subject, expires_at, spent_at, revoked_at
             FROM initial_access_tokens WHERE profile = $1 AND id = $2",
        )
        .await?;
    let Some(row) = connection.query_opt(&statement, &[&profile, &uuid(id)]).await? else { return Ok(None) };
    Ok(Some(InitialAccessTokenRecord {
        id,
        hash: get_hash(&row, 0)?,
        origin: Origin::restore(get(&row, 1)?, get(&row, 2)?),
        expires_at: get_timestamp(&row, 3)?,
        spent_at: get_optional_timestamp(&row, 4)?,
        revoked_at: get_optional_timestamp(&row, 5)?,
    }))
}

/// Revokes a token that is neither spent nor revoked; says whether it was one.
pub(super) async fn revoke(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let statement = connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = $3
             WHERE profile = $1 AND id = $2 AND spent_at IS NULL AND revoked_at IS NULL",
        )
        .await?;
    Ok(connection.execute(&statement, &[&profile, &uuid(id), &millis(at)]).await? == 1)
}

/// Revokes whatever a user got and has not spent, in all profiles; says how many that were.
pub(super) async fn revoke_of_user(
    connection: &impl GenericClient,
    subject: &str,
    at: Timestamp,
) -> Result<u64, Failure> {
    let statement = connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = $2
             WHERE subject = $1 AND spent_at IS NULL AND revoked_at IS NULL",
        )
        .await?;
    Ok(connection.execute(&statement, &[&subject, &millis(at)]).await?)
}

/// Takes back what a client has got and nobody has spent. They live for minutes, so there are few.
pub(super) async fn revoke_of_client(
    connection: &impl GenericClient,
    profile: i32,
    client_id: &str,
    at: Timestamp,
) -> Result<u64, Failure> {
    let statement = connection
        .prepare_cached(
            "UPDATE initial_access_tokens SET revoked_at = $3
             WHERE profile = $1 AND client_id = $2 AND spent_at IS NULL AND revoked_at IS NULL",
        )
        .await?;
    Ok(connection.execute(&statement, &[&profile, &client_id, &millis(at)]).await?)
}

/// Forgets tokens that ended before a moment. What was made after it has not ended before it.
pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    super::marks::forget_ended(connection, "initial_access_tokens", ended_before, at_most).await
}
