//! The table `accepted_assertions`.

use deadpool_postgres::GenericClient;
use issuance::store::Once;
use primitives::clock::Timestamp;

use super::values::{Failure, count, millis};

pub(super) async fn accept(
    connection: &impl GenericClient,
    profile: i32,
    fingerprint: [u8; 32],
    expires_at: Timestamp,
) -> Result<Once, Failure> {
    let statement = connection
        .prepare_cached(
            "INSERT INTO accepted_assertions (profile, expires_at, fingerprint) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .await?;
    let inserted =
        connection.execute(&statement, &[&profile, &millis(expires_at), &&fingerprint[..]]).await?;
    Ok(if inserted == 1 { Once::Now } else { Once::Before })
}

/// Forgets assertions that have expired: they are refused for that.
pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(
            "DELETE FROM accepted_assertions WHERE (profile, expires_at, fingerprint) IN (
                 SELECT old.profile, old.expires_at, old.fingerprint FROM profiles
                 JOIN accepted_assertions AS old ON old.profile = profiles.number AND old.expires_at < $1
                 LIMIT $2)",
        )
        .await?;
    Ok(count(connection.execute(&statement, &[&millis(ended_before), &i64::from(at_most)]).await?))
}
