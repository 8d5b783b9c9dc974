//! The table `users`.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use identity::store::{Addition, UserRecord, UserStore};
use identity::user::{User, UserId};
use primitives::audit::DirectoryEvent;
use primitives::clock::Timestamp;
use primitives::names::DirectoryName;
use primitives::store::StoreError;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::values::{Failure, corrupt, get, get_id, get_optional_timestamp, get_timestamp, millis, uuid};
use super::{PostgresStore, audit, initial_access_tokens, names};

#[async_trait]
impl UserStore for PostgresStore {
    async fn user_named(
        &self,
        directory: &DirectoryName,
        name_key: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        let Some(number) = self.directory(directory).await? else { return Ok(None) };
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find_by_name(&connection, number, name_key).await
        });
        Ok(read.await?)
    }

    async fn user(&self, directory: &DirectoryName, id: UserId) -> Result<Option<User>, StoreError> {
        let Some(number) = self.directory(directory).await? else { return Ok(None) };
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, number, id).await
        });
        Ok(read.await?)
    }

    async fn add_users(&self, users: Vec<(UserRecord, DirectoryEvent)>) -> Result<Vec<Addition>, StoreError> {
        let added = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            let answers = add(&transaction, &users).await?;
            if answers.contains(&Addition::NameTaken) {
                transaction.rollback().await?;
            } else {
                transaction.commit().await?;
            }
            Ok(answers)
        });
        let answers = added.await?;
        if !answers.contains(&Addition::NameTaken) {
            self.tell(users.iter().map(|(_, event)| event.kind));
        }
        Ok(answers)
    }

    async fn set_password(
        &self,
        id: UserId,
        password_hash: String,
        not_before: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError> {
        let Some(number) = self.directory(&event.directory).await? else { return Ok(false) };
        let changed = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !set_password(&transaction, number, id, &password_hash).await? {
                return Ok(false);
            }
            let mut event = event.clone();
            if let Some(not_before) = not_before {
                end_before(&transaction, number, id, not_before, &mut event).await?;
            }
            audit::insert_of_directory(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        let changed = changed.await?;
        self.tell(changed.then_some(event.kind));
        Ok(changed)
    }

    async fn rehash(
        &self,
        directory: &DirectoryName,
        id: UserId,
        old: String,
        new: String,
    ) -> Result<(), StoreError> {
        let Some(number) = self.directory(directory).await? else { return Ok(()) };
        let changed = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            let statement = connection
                .prepare_cached(
                    "UPDATE users SET password_hash = $4
                     WHERE directory = $1 AND id = $2 AND password_hash = $3",
                )
                .await?;
            Ok(connection.execute(&statement, &[&number, &uuid(id.0), &old, &new]).await?)
        });
        changed.await?;
        Ok(())
    }

    async fn revoke_user(&self, id: UserId, event: DirectoryEvent) -> Result<bool, StoreError> {
        let Some(number) = self.directory(&event.directory).await? else { return Ok(false) };
        let revoked = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !lock(&transaction, number, id).await? {
                return Ok(false);
            }
            let mut event = event.clone();
            let moment = event.at();
            end_before(&transaction, number, id, moment, &mut event).await?;
            audit::insert_of_directory(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        let revoked = revoked.await?;
        self.tell(revoked.then_some(event.kind));
        Ok(revoked)
    }

    async fn set_disabled(
        &self,
        id: UserId,
        disabled_at: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError> {
        let Some(number) = self.directory(&event.directory).await? else { return Ok(false) };
        let changed = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !set_disabled(&transaction, number, id, disabled_at).await? {
                return Ok(false);
            }
            let mut event = event.clone();
            if let Some(disabled_at) = disabled_at {
                end_before(&transaction, number, id, disabled_at, &mut event).await?;
            }
            audit::insert_of_directory(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(true)
        });
        let changed = changed.await?;
        self.tell(changed.then_some(event.kind));
        Ok(changed)
    }
}

/// The columns of a user, for queries that join them; read by [`read_user`].
pub(super) const COLUMNS: &str =
    "users.id, users.username, users.claims, users.disabled_at, users.not_before";

/// A user from a row that has [`COLUMNS`] from a place on.
pub(super) fn read_user(row: &Row, from: usize) -> Result<User, Failure> {
    let claims: Map<String, Value> = serde_json::from_str(get(row, from + 2)?).map_err(corrupt)?;
    Ok(User {
        id: UserId(get_id(row, from)?),
        username: get(row, from + 1)?,
        claims,
        disabled_at: get_optional_timestamp(row, from + 3)?,
        not_before: get_timestamp(row, from + 4)?,
    })
}

async fn find_by_name(
    connection: &impl GenericClient,
    directory: i32,
    name_key: &str,
) -> Result<Option<UserRecord>, Failure> {
    let statement = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, password_hash FROM users WHERE directory = $1 AND name_key = $2"
        ))
        .await?;
    let Some(row) = connection.query_opt(&statement, &[&directory, &name_key]).await? else {
        return Ok(None);
    };
    Ok(Some(UserRecord {
        user: read_user(&row, 0)?,
        name_key: name_key.to_owned(),
        password_hash: get(&row, 5)?,
    }))
}

async fn find(connection: &impl GenericClient, directory: i32, id: UserId) -> Result<Option<User>, Failure> {
    let statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE directory = $1 AND id = $2"))
        .await?;
    let row = connection.query_opt(&statement, &[&directory, &uuid(id.0)]).await?;
    row.map(|row| read_user(&row, 0)).transpose()
}

/// Adds whoever has a name that is free; where somebody has not, the transaction is to be taken back. A name
/// that another node is just giving away is waited for.
async fn add(
    transaction: &impl GenericClient,
    users: &[(UserRecord, DirectoryEvent)],
) -> Result<Vec<Addition>, Failure> {
    let numbers = numbers(transaction, users).await?;
    let mut rows = BTreeMap::new();
    for ((record, _), number) in users.iter().zip(&numbers) {
        rows.entry((*number, record.name_key.as_str())).or_insert(record);
    }
    // In this order, so that nobody waits for somebody who waits for them.
    let rows: Vec<(i32, &UserRecord)> =
        rows.into_iter().map(|((number, _), record)| (number, record)).collect();
    let mut inserted = insert(transaction, &rows).await?;
    let mut answers = Vec::with_capacity(users.len());
    for ((record, _), number) in users.iter().zip(&numbers) {
        let is_new = inserted.remove(&(*number, uuid(record.user.id.0)));
        answers.push(if is_new { Addition::Added } else { Addition::NameTaken });
    }
    if !answers.contains(&Addition::NameTaken) {
        let events: Vec<(i32, &DirectoryEvent)> =
            numbers.into_iter().zip(users.iter().map(|(_, event)| event)).collect();
        audit::insert_all_of_directories(transaction, &events).await?;
    }
    Ok(answers)
}

/// The number of the directory of each, a new one where it was unknown. All are found before any user is
/// written, so that nobody who has written one waits for them.
async fn numbers(
    transaction: &impl GenericClient,
    users: &[(UserRecord, DirectoryEvent)],
) -> Result<Vec<i32>, Failure> {
    let mut directories: Vec<&DirectoryName> = users.iter().map(|(_, event)| &event.directory).collect();
    directories.sort_unstable();
    directories.dedup();
    let mut known = HashMap::new();
    for directory in directories {
        let number = names::find_or_add(transaction, "directories", directory.as_str()).await?;
        known.insert(directory, number);
    }
    let number_of = |(_, event): &(UserRecord, DirectoryEvent)| known.get(&event.directory).copied();
    users.iter().map(|user| number_of(user).ok_or_else(|| corrupt("a directory has no number"))).collect()
}

/// Inserts those whose names are free, in the order given; says who that was.
async fn insert(
    transaction: &impl GenericClient,
    users: &[(i32, &UserRecord)],
) -> Result<HashSet<(i32, Uuid)>, Failure> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO users
                 (directory, id, username, name_key, password_hash, claims, disabled_at, not_before)
             SELECT * FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                                  $7::bigint[], $8::bigint[])
             ON CONFLICT (directory, name_key) DO NOTHING
             RETURNING directory, id",
        )
        .await?;
    let Rows { directories, ids, usernames, name_keys, password_hashes, claims, disabled_at, not_before } =
        &Rows::of(users);
    let inserted = transaction
        .query(
            &statement,
            &[directories, ids, usernames, name_keys, password_hashes, claims, disabled_at, not_before],
        )
        .await?;
    inserted.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

#[derive(Default)]
struct Rows<'a> {
    directories: Vec<i32>,
    ids: Vec<Uuid>,
    usernames: Vec<&'a str>,
    name_keys: Vec<&'a str>,
    password_hashes: Vec<Option<&'a str>>,
    claims: Vec<String>,
    disabled_at: Vec<Option<i64>>,
    not_before: Vec<i64>,
}

impl<'a> Rows<'a> {
    fn of(users: &[(i32, &'a UserRecord)]) -> Self {
        let mut rows = Self::default();
        for (directory, record) in users {
            let UserRecord { user, name_key, password_hash } = record;
            let User { id, username, claims, disabled_at, not_before } = user;
            rows.directories.push(*directory);
            rows.ids.push(uuid(id.0));
            rows.usernames.push(username);
            rows.name_keys.push(name_key);
            rows.password_hashes.push(password_hash.as_deref());
            rows.claims.push(json!(claims).to_string());
            rows.disabled_at.push(disabled_at.map(millis));
            rows.not_before.push(millis(*not_before));
        }
        rows
    }
}

/// Says whether there is such a user.
async fn set_password(
    transaction: &impl GenericClient,
    directory: i32,
    id: UserId,
    password_hash: &str,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached("UPDATE users SET password_hash = $3 WHERE directory = $1 AND id = $2")
        .await?;
    Ok(transaction.execute(&statement, &[&directory, &uuid(id.0), &password_hash]).await? == 1)
}

/// Says whether there is such a user.
async fn set_disabled(
    transaction: &impl GenericClient,
    directory: i32,
    id: UserId,
    disabled_at: Option<Timestamp>,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached("UPDATE users SET disabled_at = $3 WHERE directory = $1 AND id = $2")
        .await?;
    let disabled_at = disabled_at.map(millis);
    Ok(transaction.execute(&statement, &[&directory, &uuid(id.0), &disabled_at]).await? == 1)
}

/// Keeps others from changing a user meanwhile; says whether there is such a user.
async fn lock(transaction: &impl GenericClient, directory: i32, id: UserId) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached("SELECT 1 FROM users WHERE directory = $1 AND id = $2 FOR NO KEY UPDATE")
        .await?;
    Ok(transaction.query_opt(&statement, &[&directory, &uuid(id.0)]).await?.is_some())
}

/// Makes everything worthless that was given in a user's name before a moment, and lets the event say how
/// many initial access tokens that took back. The mark never moves back. The user is locked already, so that
/// the mark is later than what others told who had them locked before.
async fn end_before(
    transaction: &impl GenericClient,
    directory: i32,
    id: UserId,
    moment: Timestamp,
    event: &mut DirectoryEvent,
) -> Result<(), Failure> {
    let mark = audit::after_everything(transaction, moment).await?;
    let statement = transaction
        .prepare_cached(
            "UPDATE users SET not_before = greatest(not_before, $3) WHERE directory = $1 AND id = $2",
        )
        .await?;
    transaction.execute(&statement, &[&directory, &uuid(id.0), &millis(mark)]).await?;
    let revoked = initial_access_tokens::revoke_of_user(transaction, &id.to_string(), event.at()).await?;
    if revoked > 0 {
        event.detail.insert("initial_access_tokens_revoked".to_owned(), json!(revoked));
    }
    Ok(())
}
