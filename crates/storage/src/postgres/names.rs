//! Profiles and directories have names outside and numbers in rows. A number never changes, so one that was met is
//! remembered; another node may have added one, so what is not remembered is looked for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

use deadpool_postgres::GenericClient;
use primitives::names::{DirectoryName, ProfileName};
use primitives::store::StoreError;

use super::PostgresStore;
use super::values::{Failure, get};

/// The numbers of names that were met already.
#[derive(Debug)]
pub(super) struct Numbers<N>(RwLock<HashMap<N, i32>>);

impl<N> Default for Numbers<N> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<N: Hash + Eq + Clone> Numbers<N> {
    fn known(&self, name: &N) -> Option<i32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn remember(&self, name: &N, number: i32) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), number);
    }
}

impl PostgresStore {
    /// The number of a profile; it has been provisioned.
    pub(super) async fn profile(&self, profile: &ProfileName) -> Result<i32, StoreError> {
        let unknown = || StoreError::Unavailable(format!("the profile {profile} has not been provisioned"));
        self.known_profile(profile).await?.ok_or_else(unknown)
    }

    /// The number of a profile, if it has been provisioned.
    pub(super) async fn known_profile(&self, profile: &ProfileName) -> Result<Option<i32>, StoreError> {
        if let Some(known) = self.profiles.known(profile) {
            return Ok(Some(known));
        }
        let found = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, "profiles", profile.as_str()).await
        });
        let found = found.await?;
        if let Some(number) = found {
            self.profiles.remember(profile, number);
        }
        Ok(found)
    }

    /// The number of a directory, if there is one of this name.
    pub(super) async fn directory(&self, directory: &DirectoryName) -> Result<Option<i32>, StoreError> {
        if let Some(known) = self.directories.known(directory) {
            return Ok(Some(known));
        }
        let found = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, "directories", directory.as_str()).await
        });
        let found = found.await?;
        if let Some(number) = found {
            self.directories.remember(directory, number);
        }
        Ok(found)
    }
}

pub(super) fn unknown_directory(directory: &DirectoryName) -> StoreError {
    StoreError::Unavailable(format!("there is no directory {directory}"))
}

async fn find(connection: &impl GenericClient, table: &str, name: &str) -> Result<Option<i32>, Failure> {
    let statement = connection.prepare_cached(&format!("SELECT number FROM {table} WHERE name = $1")).await?;
    let row = connection.query_opt(&statement, &[&name]).await?;
    row.map(|row| get(&row, 0)).transpose()
}

/// The number of a name, a new one where it has none yet. Whoever adds one to a table waits for others that do.
pub(super) async fn find_or_add(
    transaction: &impl GenericClient,
    table: &str,
    name: &str,
) -> Result<i32, Failure> {
    if let Some(known) = find(transaction, table, name).await? {
        return Ok(known);
    }
    transaction.batch_execute(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")).await?;
    if let Some(known) = find(transaction, table, name).await? {
        return Ok(known);
    }
    let statement = transaction
        .prepare_cached(&format!(
            "INSERT INTO {table} (number, name) SELECT coalesce(max(number), 0) + 1, $1 FROM {table} RETURNING number"
        ))
        .await?;
    get(&transaction.query_one(&statement, &[&name]).await?, 0)
}
