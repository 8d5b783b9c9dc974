//! The table `sessions`.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use identity::authentication::Authentication;
use identity::session::Session;
use identity::store::SessionStore;
use identity::user::{User, UserId};
use primitives::audit::{DirectoryEvent, Event};
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use tokio_postgres::Row;

use super::values::{
    Failure, corrupt, count, get, get_authenticator, get_hash, get_id, get_optional_hash,
    get_optional_timestamp, get_timestamp, millis, uuid,
};
use super::{PostgresStore, audit, names, users};

#[async_trait]
impl SessionStore for PostgresStore {
    async fn begin_session(
        &self,
        directory: &DirectoryName,
        session: Session,
        instead_of: Option<OrderedId>,
        event: Event,
    ) -> Result<(), StoreError> {
        let profile = self.profile(&event.profile).await?;
        let number = self.directory(directory).await?.ok_or_else(|| names::unknown_directory(directory))?;
        let begun = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            match instead_of {
                Some(before) if before == session.id => {
                    if !renew(&transaction, number, &session).await? {
                        return Ok(false);
                    }
                }
                Some(before) => {
                    insert(&transaction, number, &session).await?;
                    end(&transaction, number, before, event.at()).await?;
                }
                None => insert(&transaction, number, &session).await?,
            }
            audit::insert(&transaction, profile, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        if begun.await? {
            self.tell([event.kind]);
            Ok(())
        } else {
            // Whoever signed in does so again.
            Err(StoreError::Unavailable("the session ended in this very moment".to_owned()))
        }
    }

    async fn session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let Some(number) = self.directory(directory).await? else { return Ok(None) };
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, number, id).await
        });
        Ok(read.await?)
    }

    async fn touch_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(number) = self.directory(directory).await? else { return Ok(()) };
        let touched = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            let statement = connection
                .prepare_cached(
                    "UPDATE sessions SET used_at = $3 WHERE directory = $1 AND id = $2 AND used_at < $3",
                )
                .await?;
            Ok(connection.execute(&statement, &[&number, &uuid(id), &millis(at)]).await?)
        });
        touched.await?;
        Ok(())
    }

    async fn end_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        event: Event,
    ) -> Result<bool, StoreError> {
        let profile = self.profile(&event.profile).await?;
        let Some(number) = self.directory(directory).await? else { return Ok(false) };
        let ended = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !end(&transaction, number, id, event.at()).await? {
                return Ok(false);
            }
            audit::insert(&transaction, profile, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        let ended = ended.await?;
        self.tell(ended.then_some(event.kind));
        Ok(ended)
    }

    async fn revoke_session(&self, id: OrderedId, event: DirectoryEvent) -> Result<bool, StoreError> {
        let Some(number) = self.directory(&event.directory).await? else { return Ok(false) };
        let revoked = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !revoke(&transaction, number, id, event.at()).await? {
                return Ok(false);
            }
            audit::insert_of_directory(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        let revoked = revoked.await?;
        self.tell(revoked.then_some(event.kind));
        Ok(revoked)
    }
}

async fn insert(transaction: &impl GenericClient, directory: i32, session: &Session) -> Result<(), Failure> {
    let Session { id, hash, frame_hash, counts_in, user, authentication, used_at, expires_at, ended_at } =
        session;
    let statement = transaction
        .prepare_cached(
            "INSERT INTO sessions (directory, id, hash, frame_hash, counts_in, user_id, authenticated_at,
                                   authenticated_by, used_at, expires_at, keep_until, ended_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[
                &directory,
                &uuid(*id),
                &&hash.as_bytes()[..],
                &frame_hash.as_ref().map(|hash| &hash.as_bytes()[..]),
                &counts_in.as_ref().map(ProfileName::as_str),
                &uuid(user.0),
                &millis(authentication.at),
                &authentication.by.amr(),
                &millis(*used_at),
                &millis(*expires_at),
                &ended_at.map(millis),
            ],
        )
        .await?;
    Ok(())
}

/// The same user has signed in again: new secrets, a new time, and what was given in it before goes on. Says
/// whether it could: it may have ended in this very moment.
async fn renew(transaction: &impl GenericClient, directory: i32, session: &Session) -> Result<bool, Failure> {
    let Session { id, hash, frame_hash, user, authentication, used_at, expires_at, .. } = session;
    let statement = transaction
        .prepare_cached(
            "UPDATE sessions SET hash = $4, frame_hash = $5, authenticated_at = $6, authenticated_by = $7,
                                 used_at = $8, expires_at = $9, keep_until = greatest(keep_until, $9)
             WHERE directory = $1 AND id = $2 AND user_id = $3 AND ended_at IS NULL",
        )
        .await?;
    let renewed = transaction
        .execute(
            &statement,
            &[
                &directory,
                &uuid(*id),
                &uuid(user.0),
                &&hash.as_bytes()[..],
                &frame_hash.as_ref().map(|hash| &hash.as_bytes()[..]),
                &millis(authentication.at),
                &authentication.by.amr(),
                &millis(*used_at),
                &millis(*expires_at),
            ],
        )
        .await?;
    Ok(renewed == 1)
}

/// The user is looked for once the session was found. With a plain join, a plan that is made while the tables
/// are small reads all users of the directory.
async fn find(
    connection: &impl GenericClient,
    directory: i32,
    id: OrderedId,
) -> Result<Option<(Session, User)>, Failure> {
    let statement = connection
        .prepare_cached(&format!(
            "SELECT hash, frame_hash, counts_in, user_id, authenticated_at, authenticated_by, used_at,
                    expires_at, ended_at, {}
             FROM sessions CROSS JOIN LATERAL (
                 SELECT * FROM users
                 WHERE users.directory = sessions.directory AND users.id = sessions.user_id OFFSET 0) AS users
             WHERE sessions.directory = $1 AND sessions.id = $2",
            users::COLUMNS
        ))
        .await?;
    let row = connection.query_opt(&statement, &[&directory, &uuid(id)]).await?;
    row.map(|row| Ok((read(&row, id)?, users::read_user(&row, 9)?))).transpose()
}

fn read(row: &Row, id: OrderedId) -> Result<Session, Failure> {
    Ok(Session {
        id,
        hash: get_hash(row, 0)?,
        frame_hash: get_optional_hash(row, 1)?,
        counts_in: get::<Option<&str>>(row, 2)?.map(str::parse).transpose().map_err(corrupt)?,
        user: UserId(get_id(row, 3)?),
        authentication: Authentication { at: get_timestamp(row, 4)?, by: get_authenticator(row, 5)? },
        used_at: get_timestamp(row, 6)?,
        expires_at: get_timestamp(row, 7)?,
        ended_at: get_optional_timestamp(row, 8)?,
    })
}

/// Ends a session that has not been ended; says whether it was one.
async fn end(
    transaction: &impl GenericClient,
    directory: i32,
    id: OrderedId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached(
            "UPDATE sessions SET ended_at = $3 WHERE directory = $1 AND id = $2 AND ended_at IS NULL",
        )
        .await?;
    Ok(transaction.execute(&statement, &[&directory, &uuid(id), &millis(at)]).await? == 1)
}

/// Forgets sessions that nobody asks about any more. One that somebody is just changing is left for later: it
/// may be kept for longer now.
pub(super) async fn forget(
    connection: &impl GenericClient,
    kept_until_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(
            "WITH old AS MATERIALIZED (
                 SELECT directory, id FROM sessions WHERE keep_until < $1 ORDER BY keep_until LIMIT $2
                 FOR UPDATE SKIP LOCKED)
             DELETE FROM sessions AS one USING old WHERE one.directory = old.directory AND one.id = old.id",
        )
        .await?;
    let forgotten =
        connection.execute(&statement, &[&millis(kept_until_before), &i64::from(at_most)]).await?;
    Ok(count(forgotten))
}

/// Ends a session with everything that was given in it; says whether there is one.
async fn revoke(
    transaction: &impl GenericClient,
    directory: i32,
    id: OrderedId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached(
            "UPDATE sessions SET ended_at = coalesce(ended_at, $3), is_revoked = true
             WHERE directory = $1 AND id = $2",
        )
        .await?;
    Ok(transaction.execute(&statement, &[&directory, &uuid(id), &millis(at)]).await? == 1)
}

/// Keeps a session for as long as something asks whether it was ended.
pub(super) async fn keep_until(
    connection: &impl GenericClient,
    directory: i32,
    id: OrderedId,
    until: Timestamp,
) -> Result<(), Failure> {
    let statement = connection
        .prepare_cached(
            "UPDATE sessions SET keep_until = $3 WHERE directory = $1 AND id = $2 AND keep_until < $3",
        )
        .await?;
    connection.execute(&statement, &[&directory, &uuid(id), &millis(until)]).await?;
    Ok(())
}
