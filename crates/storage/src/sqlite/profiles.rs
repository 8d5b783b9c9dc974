//! Profiles have names outside and numbers in rows.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use primitives::names::ProfileName;
use primitives::store::StoreError;
use rusqlite::Connection;

use super::values::corrupt;

/// The numbers of the profiles that the store knows.
#[derive(Debug, Default)]
pub(super) struct Profiles(RwLock<HashMap<ProfileName, i64>>);

impl Profiles {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT name, number FROM profiles")?;
        let rows = statement.query_map([], |row| {
            let name = row.get::<_, String>(0)?.parse().map_err(|error| corrupt(0, error))?;
            Ok((name, row.get(1)?))
        })?;
        rows.collect::<rusqlite::Result<_>>().map(|known| Self(RwLock::new(known)))
    }

    pub(super) fn names(&self) -> Vec<ProfileName> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(super) fn known(&self, profile: &ProfileName) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(profile).copied()
    }

    pub(super) fn number(&self, profile: &ProfileName) -> Result<i64, StoreError> {
        let unknown = || StoreError::Unavailable(format!("the profile {profile} has not been provisioned"));
        self.known(profile).ok_or_else(unknown)
    }

    pub(super) fn remember(&self, profile: ProfileName, number: i64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(profile, number);
    }
}
