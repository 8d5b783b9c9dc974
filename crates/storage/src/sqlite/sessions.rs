//! The table `sessions`.

use async_trait::async_trait;
use identity::authentication::{Authentication, Authenticator};
use identity::session::Session;
use identity::store::SessionStore;
use identity::user::{User, UserId};
use primitives::audit::{DirectoryEvent, Event};
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::values::{corrupt, millis, optional_timestamp, ordered_id, timestamp};
use super::{SqliteStore, audit, directories, users};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn begin_session(
        &self,
        directory: &DirectoryName,
        session: Session,
        instead_of: Option<OrderedId>,
        event: Event,
    ) -> Result<(), StoreError> {
        let profile = self.profiles.number(&event.profile)?;
        let begun = self.write_directory(directory, move |connection, number| {
            match instead_of {
                Some(before) if before == session.id => renew(connection, number, &session)?,
                Some(before) => {
                    insert(connection, number, &session)?;
                    end(connection, number, before, event.at())?;
                }
                None => insert(connection, number, &session)?,
            }
            audit::insert(connection, profile, &event)
        });
        begun.await?.ok_or_else(|| directories::unknown(directory))
    }

    async fn session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let found = self.read_directory(directory, move |connection, number| find(connection, number, id));
        Ok(found.await?.flatten())
    }

    async fn touch_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let touched = self.write_directory(directory, move |connection, number| {
            connection
                .prepare_cached(
                    "UPDATE sessions SET used_at = ?3 WHERE directory = ?1 AND id = ?2 AND used_at < ?3",
                )?
                .execute(params![number, id.as_bytes(), millis(at)])
        });
        touched.await.map(drop)
    }

    async fn end_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        event: Event,
    ) -> Result<bool, StoreError> {
        let profile = self.profiles.number(&event.profile)?;
        let ended = self.write_directory(directory, move |connection, number| {
            if !end(connection, number, id, event.at())? {
                return Ok(false);
            }
            audit::insert(connection, profile, &event)?;
            Ok(true)
        });
        Ok(ended.await?.unwrap_or_default())
    }

    async fn revoke_session(&self, id: OrderedId, event: DirectoryEvent) -> Result<bool, StoreError> {
        let directory = event.directory.clone();
        let revoked = self.write_directory(&directory, move |connection, number| {
            if !revoke(connection, number, id, event.at())? {
                return Ok(false);
            }
            audit::insert_of_directory(connection, number, &event)?;
            Ok(true)
        });
        Ok(revoked.await?.unwrap_or_default())
    }
}

fn insert(connection: &Connection, directory: i64, session: &Session) -> rusqlite::Result<()> {
    let Session { id, hash, frame_hash, counts_in, user, authentication, used_at, expires_at, ended_at } =
        session;
    connection
        .prepare_cached(
            "INSERT INTO sessions (directory, id, hash, frame_hash, counts_in, user, authenticated_at,
                                   authenticated_by, used_at, expires_at, keep_until, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)",
        )?
        .execute(params![
            directory,
            id.as_bytes(),
            hash.as_bytes(),
            frame_hash.as_ref().map(SecretHash::as_bytes),
            counts_in.as_ref().map(ProfileName::as_str),
            user.0.as_bytes(),
            millis(authentication.at),
            authentication.by.amr(),
            millis(*used_at),
            millis(*expires_at),
            ended_at.map(millis),
        ])
        .map(drop)
}

/// The same user has signed in again: new secrets, a new time, and what was given in it before goes on.
fn renew(connection: &Connection, directory: i64, session: &Session) -> rusqlite::Result<()> {
    let Session { id, hash, frame_hash, user, authentication, used_at, expires_at, .. } = session;
    let renewed = connection
        .prepare_cached(
            "UPDATE sessions SET hash = ?4, frame_hash = ?5, authenticated_at = ?6, authenticated_by = ?7, used_at = ?8,
                                 expires_at = ?9, keep_until = max(keep_until, ?9)
             WHERE directory = ?1 AND id = ?2 AND user = ?3 AND ended_at IS NULL",
        )?
        .execute(params![
            directory,
            id.as_bytes(),
            user.0.as_bytes(),
            hash.as_bytes(),
            frame_hash.as_ref().map(SecretHash::as_bytes),
            millis(authentication.at),
            authentication.by.amr(),
            millis(*used_at),
            millis(*expires_at),
        ])?;
    // It ended in this very moment. Whoever signed in does so again.
    if renewed == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
}

fn find(connection: &Connection, directory: i64, id: OrderedId) -> rusqlite::Result<Option<(Session, User)>> {
    connection
        .prepare_cached(&format!(
            "SELECT hash, frame_hash, counts_in, user, authenticated_at, authenticated_by, used_at, expires_at, ended_at,
                    {}
             FROM sessions JOIN users ON users.directory = sessions.directory AND users.id = sessions.user
             WHERE sessions.directory = ?1 AND sessions.id = ?2",
            users::COLUMNS
        ))?
        .query_row(params![directory, id.as_bytes()], |row| Ok((read(row, id)?, users::read_user(row, 9)?)))
        .optional()
}

fn read(row: &Row<'_>, id: OrderedId) -> rusqlite::Result<Session> {
    let counts_in = row.get::<_, Option<String>>(2)?.map(|name| name.parse());
    let by: String = row.get(5)?;
    let by = Authenticator::named(&by)
        .ok_or_else(|| corrupt(5, format_args!("'{by}' is nothing that anybody proves themselves with")))?;
    Ok(Session {
        id,
        hash: SecretHash::from_bytes(row.get(0)?),
        frame_hash: row.get::<_, Option<[u8; 32]>>(1)?.map(SecretHash::from_bytes),
        counts_in: counts_in.transpose().map_err(|error| corrupt(2, error))?,
        user: UserId(ordered_id(row, 3)?),
        authentication: Authentication { at: timestamp(row, 4)?, by },
        used_at: timestamp(row, 6)?,
        expires_at: timestamp(row, 7)?,
        ended_at: optional_timestamp(row, 8)?,
    })
}

/// Ends a session that has not been ended; says whether it was one.
fn end(connection: &Connection, directory: i64, id: OrderedId, at: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "UPDATE sessions SET ended_at = ?3 WHERE directory = ?1 AND id = ?2 AND ended_at IS NULL",
        )?
        .execute(params![directory, id.as_bytes(), millis(at)])
        .map(|changed| changed == 1)
}

/// Forgets sessions that nobody asks about any more.
pub(super) fn forget(
    connection: &Connection,
    kept_until_before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM sessions WHERE (directory, id) IN (
                 SELECT directory, id FROM sessions WHERE keep_until < ?1 ORDER BY keep_until LIMIT ?2)",
        )?
        .execute(params![millis(kept_until_before), at_most])
}

/// Ends a session with everything that was given in it; says whether there is one.
fn revoke(connection: &Connection, directory: i64, id: OrderedId, at: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "UPDATE sessions SET ended_at = coalesce(ended_at, ?3), is_revoked = 1 WHERE directory = ?1 AND id = ?2",
        )?
        .execute(params![directory, id.as_bytes(), millis(at)])
        .map(|changed| changed == 1)
}

/// Keeps a session for as long as something asks whether it was ended.
pub(super) fn keep_until(
    connection: &Connection,
    directory: i64,
    id: OrderedId,
    until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE sessions SET keep_until = max(keep_until, ?3) WHERE directory = ?1 AND id = ?2",
        )?
        .execute(params![directory, id.as_bytes(), millis(until)])
        .map(drop)
}
