//! What stands against codes and grants, joined to their rows; and how rows go that have had their time.

use deadpool_postgres::GenericClient;
use issuance::store::{Marks, SessionMarks};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::users;
use super::values::{Failure, count, get, get_optional_timestamp, millis, uuid};

/// A query of a table that has the columns `profile`, `id`, `client_id`, `user_id` and `session`: `columns` of the rows
/// that `$1` (profiles) and `$2` (ids) name, and behind them the marks from the directories `$3`; read by [`read`]. The
/// first column is the place among what was asked.
///
/// `LATERAL` and `OFFSET 0` have each looked up by its whole key, also while the tables are empty and another way would seem
/// as good.
///
/// A session that is not there any more had nothing left that asks; what is missing stands against nothing.
pub(super) fn query(table: &str, columns: &str) -> String {
    format!(
        "SELECT asked.place, {columns}, sessions.ended_at, coalesce(sessions.is_revoked, false), client_marks.not_before,
                {users}
         FROM unnest($1::integer[], $2::uuid[], $3::integer[]) WITH ORDINALITY AS asked (profile, id, directory, place)
         JOIN {table} AS one ON one.profile = asked.profile AND one.id = asked.id
         LEFT JOIN LATERAL (SELECT * FROM users WHERE directory = asked.directory AND id = one.user_id OFFSET 0)
                   AS users ON true
         LEFT JOIN LATERAL (SELECT * FROM sessions WHERE directory = asked.directory AND id = one.session OFFSET 0)
                   AS sessions ON true
         LEFT JOIN LATERAL (SELECT * FROM client_marks WHERE profile = one.profile AND client_id = one.client_id OFFSET 0)
                   AS client_marks ON true",
        users = users::COLUMNS
    )
}

/// The marks from a row that has them from a place on.
pub(super) fn read(row: &Row, from: usize) -> Result<Marks, Failure> {
    let user = match get::<Option<Uuid>>(row, from + 3)? {
        Some(_id) => Some(users::read_user(row, from + 3)?),
        None => None,
    };
    Ok(Marks {
        user,
        session: SessionMarks {
            ended_at: get_optional_timestamp(row, from)?,
            is_revoked: get(row, from + 1)?,
        },
        client_not_before: get_optional_timestamp(row, from + 2)?,
    })
}

/// Forgets rows of a table that has the columns `profile`, `id` and `expires_at`, whose time is over.
pub(super) async fn forget_ended(
    connection: &impl GenericClient,
    table: &str,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(&format!(
            "DELETE FROM {table} WHERE (profile, id) IN (
                 SELECT one.profile, one.id FROM profiles
                 JOIN {table} AS one ON one.profile = profiles.number
                 WHERE one.id < $1 AND one.expires_at < $2 LIMIT $3)"
        ))
        .await?;
    // What was made after that moment has not ended before it.
    let first = uuid(OrderedId::first_at(ended_before));
    Ok(count(connection.execute(&statement, &[&first, &millis(ended_before), &i64::from(at_most)]).await?))
}
