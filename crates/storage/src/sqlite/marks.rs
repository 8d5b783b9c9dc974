//! What stands against codes and grants, joined to their rows.

use issuance::store::{Marks, SessionMarks};
use rusqlite::Row;

use super::users;
use super::values::optional_timestamp;

/// A query of a table that has the columns `profile`, `id`, `client_id`, `user` and `session`: `columns` of the row that
/// `?1` (profile) and `?2` (id) name, and behind them the marks from the directory `?3`; read by [`read`].
///
/// A session that is not there any more had nothing left that asks; what is missing stands against nothing.
pub(super) fn query(table: &str, columns: &str) -> String {
    format!(
        "SELECT {columns}, sessions.ended_at, coalesce(sessions.is_revoked, 0), client_marks.not_before, {users}
         FROM {table} AS one
         LEFT JOIN users ON users.directory = ?3 AND users.id = one.user
         LEFT JOIN sessions ON sessions.directory = ?3 AND sessions.id = one.session
         LEFT JOIN client_marks ON client_marks.profile = one.profile AND client_marks.client_id = one.client_id
         WHERE one.profile = ?1 AND one.id = ?2",
        users = users::COLUMNS
    )
}

/// The marks from a row that has them from a place on.
pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Marks> {
    let user = match row.get::<_, Option<[u8; 16]>>(from + 3)? {
        Some(_id) => Some(users::read_user(row, from + 3)?),
        None => None,
    };
    Ok(Marks {
        user,
        session: SessionMarks { ended_at: optional_timestamp(row, from)?, is_revoked: row.get(from + 1)? },
        client_not_before: optional_timestamp(row, from + 2)?,
    })
}
