//! Profiles have names outside and numbers in rows.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use primitives::names::ProfileName;
use primitives::store::StoreError;
use registration::definitions::Revision;
use rusqlite::Connection;

use super::values::corrupt;

/// What is known of a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// What it is in rows.
    pub(super) number: i64,
    /// What its definitions are at.
    pub(super) revision: Revision,
}

/// The profiles that the store knows.
#[derive(Debug, Default)]
pub(super) struct Profiles(RwLock<HashMap<ProfileName, Known>>);

impl Profiles {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT name, number, revision FROM profiles")?;
        let rows = statement.query_map([], |row| {
            let name = row.get::<_, String>(0)?.parse().map_err(|error| corrupt(0, error))?;
            let revision = Revision(row.get::<_, i64>(2)?.unsigned_abs());
            Ok((name, Known { number: row.get(1)?, revision }))
        })?;
        rows.collect::<rusqlite::Result<_>>().map(|known| Self(RwLock::new(known)))
    }

    pub(super) fn names(&self) -> Vec<ProfileName> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(super) fn known(&self, profile: &ProfileName) -> Option<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(profile).copied()
    }

    pub(super) fn number(&self, profile: &ProfileName) -> Result<i64, StoreError> {
        let unknown = || StoreError::Unavailable(format!("the profile {profile} has not been provisioned"));
        self.known(profile).map(|known| known.number).ok_or_else(unknown)
    }

    pub(super) fn remember(&self, profile: ProfileName, known: Known) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(profile, known);
    }
}
