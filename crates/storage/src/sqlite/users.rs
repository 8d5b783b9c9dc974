//! The table `users`.

use std::collections::HashSet;

use async_trait::async_trait;
use identity::store::{Addition, UserRecord, UserStore};
use identity::user::{User, UserId};
use primitives::audit::DirectoryEvent;
use primitives::clock::Timestamp;
use primitives::names::DirectoryName;
use primitives::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value, json};

use super::values::{corrupt, millis, optional_timestamp, ordered_id, timestamp};
use super::{SqliteStore, audit, directories, initial_access_tokens};

#[async_trait]
impl UserStore for SqliteStore {
    async fn user_named(
        &self,
        directory: &DirectoryName,
        name_key: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        let name_key = name_key.to_owned();
        let found = self
            .read_directory(directory, move |connection, number| find_by_name(connection, number, &name_key));
        Ok(found.await?.flatten())
    }

    async fn user(&self, directory: &DirectoryName, id: UserId) -> Result<Option<User>, StoreError> {
        let found = self.read_directory(directory, move |connection, number| find(connection, number, id));
        Ok(found.await?.flatten())
    }

    async fn add_users(&self, users: Vec<(UserRecord, DirectoryEvent)>) -> Result<Vec<Addition>, StoreError> {
        self.writer.write(move |connection| add(connection, &users)).await
    }

    async fn set_password(
        &self,
        id: UserId,
        password_hash: String,
        not_before: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError> {
        let directory = event.directory.clone();
        let changed = self.write_directory(&directory, move |connection, number| {
            if !set_password(connection, number, id, &password_hash)? {
                return Ok(false);
            }
            let mut event = event.clone();
            if let Some(not_before) = not_before {
                end_before(connection, number, id, not_before, &mut event)?;
            }
            audit::insert_of_directory(connection, number, &event)?;
            Ok(true)
        });
        Ok(changed.await?.unwrap_or_default())
    }

    async fn rehash(
        &self,
        directory: &DirectoryName,
        id: UserId,
        old: String,
        new: String,
    ) -> Result<(), StoreError> {
        let changed = self.write_directory(directory, move |connection, number| {
            connection
                .prepare_cached(
                    "UPDATE users SET password_hash = ?4 WHERE directory = ?1 AND id = ?2 AND password_hash = ?3",
                )?
                .execute(params![number, id.0.as_bytes(), old, new])
        });
        changed.await.map(drop)
    }

    async fn revoke_user(&self, id: UserId, event: DirectoryEvent) -> Result<bool, StoreError> {
        let directory = event.directory.clone();
        let revoked = self.write_directory(&directory, move |connection, number| {
            if find(connection, number, id)?.is_none() {
                return Ok(false);
            }
            let mut event = event.clone();
            let moment = event.at();
            end_before(connection, number, id, moment, &mut event)?;
            audit::insert_of_directory(connection, number, &event)?;
            Ok(true)
        });
        Ok(revoked.await?.unwrap_or_default())
    }

    async fn set_disabled(
        &self,
        id: UserId,
        disabled_at: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError> {
        let directory = event.directory.clone();
        let changed = self.write_directory(&directory, move |connection, number| {
            if !set_disabled(connection, number, id, disabled_at)? {
                return Ok(false);
            }
            let mut event = event.clone();
            if let Some(disabled_at) = disabled_at {
                end_before(connection, number, id, disabled_at, &mut event)?;
            }
            audit::insert_of_directory(connection, number, &event)?;
            Ok(true)
        });
        Ok(changed.await?.unwrap_or_default())
    }
}

/// The columns of a user, for queries that join them; read by [`read_user`].
pub(super) const COLUMNS: &str =
    "users.id, users.username, users.claims, users.disabled_at, users.not_before";

/// A user from a row that has [`COLUMNS`] from a place on.
pub(super) fn read_user(row: &Row<'_>, from: usize) -> rusqlite::Result<User> {
    let claims: String = row.get(from + 2)?;
    let claims: Map<String, Value> =
        serde_json::from_str(&claims).map_err(|error| corrupt(from + 2, error))?;
    Ok(User {
        id: UserId(ordered_id(row, from)?),
        username: row.get(from + 1)?,
        claims,
        disabled_at: optional_timestamp(row, from + 3)?,
        not_before: timestamp(row, from + 4)?,
    })
}

fn find_by_name(
    connection: &Connection,
    directory: i64,
    name_key: &str,
) -> rusqlite::Result<Option<UserRecord>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, password_hash FROM users WHERE directory = ?1 AND name_key = ?2"
        ))?
        .query_row(params![directory, name_key], |row| {
            Ok(UserRecord {
                user: read_user(row, 0)?,
                name_key: name_key.to_owned(),
                password_hash: row.get(5)?,
            })
        })
        .optional()
}

pub(super) fn find(connection: &Connection, directory: i64, id: UserId) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE directory = ?1 AND id = ?2"))?
        .query_row(params![directory, id.0.as_bytes()], |row| read_user(row, 0))
        .optional()
}

/// Adds all or none. A job decides before it writes, so names are looked at first.
fn add(connection: &Connection, users: &[(UserRecord, DirectoryEvent)]) -> rusqlite::Result<Vec<Addition>> {
    let mut names = HashSet::new();
    let mut answers = Vec::with_capacity(users.len());
    for (record, event) in users {
        let is_new = names.insert((&event.directory, &record.name_key));
        let is_free = is_new && !is_taken(connection, &event.directory, &record.name_key)?;
        answers.push(if is_free { Addition::Added } else { Addition::NameTaken });
    }
    if !answers.contains(&Addition::NameTaken) {
        for (record, event) in users {
            let directory = directories::find_or_add(connection, &event.directory)?;
            insert(connection, directory, record)?;
            audit::insert_of_directory(connection, directory, event)?;
        }
    }
    Ok(answers)
}

fn is_taken(connection: &Connection, directory: &DirectoryName, name_key: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM users WHERE name_key = ?2 AND directory = (SELECT number FROM directories WHERE name = ?1)",
        )?
        .exists(params![directory.as_str(), name_key])
}

fn insert(connection: &Connection, directory: i64, record: &UserRecord) -> rusqlite::Result<()> {
    let UserRecord { user, name_key, password_hash } = record;
    let User { id, username, claims, disabled_at, not_before } = user;
    let claims = json!(claims).to_string();
    connection
        .prepare_cached(
            "INSERT INTO users (directory, id, username, name_key, password_hash, claims, disabled_at, not_before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            directory,
            id.0.as_bytes(),
            username,
            name_key,
            password_hash,
            claims,
            disabled_at.map(millis),
            millis(*not_before),
        ])
        .map(drop)
}

/// Says whether there is such a user.
fn set_password(
    connection: &Connection,
    directory: i64,
    id: UserId,
    password_hash: &str,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("UPDATE users SET password_hash = ?3 WHERE directory = ?1 AND id = ?2")?
        .execute(params![directory, id.0.as_bytes(), password_hash])
        .map(|changed| changed == 1)
}

/// Says whether there is such a user.
fn set_disabled(
    connection: &Connection,
    directory: i64,
    id: UserId,
    disabled_at: Option<Timestamp>,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("UPDATE users SET disabled_at = ?3 WHERE directory = ?1 AND id = ?2")?
        .execute(params![directory, id.0.as_bytes(), disabled_at.map(millis)])
        .map(|changed| changed == 1)
}

/// Makes everything worthless that was given in a user's name before a moment, and lets the event say how many initial
/// access tokens that took back. The mark never moves back.
fn end_before(
    connection: &Connection,
    directory: i64,
    id: UserId,
    moment: Timestamp,
    event: &mut DirectoryEvent,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE users SET not_before = max(not_before, ?3) WHERE directory = ?1 AND id = ?2")?
        .execute(params![directory, id.0.as_bytes(), millis(audit::after_everything(connection, moment)?)])?;
    let revoked = initial_access_tokens::revoke_of_user(connection, &id.to_string(), event.at())?;
    if revoked > 0 {
        event.detail.insert("initial_access_tokens_revoked".to_owned(), json!(revoked));
    }
    Ok(())
}
