//! The table `consents`.

use deadpool_postgres::GenericClient;
use identity::user::UserId;
use issuance::authorize::GivenConsent;
use protocol::scope::Scope;

use super::values::{Failure, get_scope, millis, uuid};

pub(super) async fn find(
    connection: &impl GenericClient,
    profile: i32,
    client_id: &str,
    (user, destination): (UserId, &str),
) -> Result<Option<Scope>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT scope FROM consents
             WHERE profile = $1 AND client_id = $2 AND user_id = $3 AND destination = $4",
        )
        .await?;
    let row = connection.query_opt(&statement, &[&profile, &client_id, &uuid(user.0), &destination]).await?;
    row.map(|row| get_scope(&row, 0)).transpose()
}

/// What was consented to before stays consented to. The row is there, and locked, before it is looked at: who consents to
/// more at the same time waits.
pub(super) async fn remember(
    transaction: &impl GenericClient,
    profile: i32,
    consent: &GivenConsent,
) -> Result<(), Failure> {
    let GivenConsent { user, client_id, destination, scope, at } = consent;
    let statement = transaction
        .prepare_cached(
            "INSERT INTO consents (profile, client_id, user_id, destination, scope, given_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (profile, client_id, user_id, destination) DO UPDATE SET given_at = excluded.given_at
             RETURNING scope",
        )
        .await?;
    let (user, text) = (uuid(user.0), scope.to_string());
    let row = transaction
        .query_one(&statement, &[&profile, client_id, &user, destination, &text, &millis(*at)])
        .await?;
    let before = get_scope(&row, 0)?;
    if !scope.is_subset(&before) {
        let all = before.union(scope).to_string();
        let statement = transaction
            .prepare_cached(
                "UPDATE consents SET scope = $5
                 WHERE profile = $1 AND client_id = $2 AND user_id = $3 AND destination = $4",
            )
            .await?;
        transaction.execute(&statement, &[&profile, client_id, &user, destination, &all]).await?;
    }
    Ok(())
}
