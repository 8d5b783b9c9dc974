//! What an operator does with users.

use std::collections::HashSet;

use primitives::audit::{DirectoryEvent, EventKind};
use primitives::clock::{Clock, Timestamp};
use primitives::names::DirectoryName;
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;
use primitives::slow_work::SlowWork;
use primitives::store::StoreError;
use serde_json::{Map, json};

use crate::claims::StandardClaims;
use crate::password::{HashingFailed, NewPassword, PasswordHash};
use crate::store::{Addition, UserRecord, UserStore};
use crate::user::{User, UserId, Username};
use crate::world::hash;

/// One directory of users, and the outside world.
#[derive(Clone, Copy)]
pub struct Directory<'a> {
    /// The directory.
    pub name: &'a DirectoryName,
    /// Where users are kept.
    pub users: &'a dyn UserStore,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Unpredictable bytes.
    pub random: &'a dyn Randomness,
    /// Names for new things.
    pub ids: &'a IdSource,
    /// Where passwords are hashed.
    pub passwords: &'a dyn SlowWork,
}

impl std::fmt::Debug for Directory<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Directory").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Somebody who is to be able to sign in.
#[derive(Debug)]
pub struct NewUser {
    /// What they type.
    pub username: Username,
    /// What they prove themselves with.
    pub password: NewCredential,
    /// What is known of them.
    pub claims: StandardClaims,
}

/// What a new user proves themselves with.
#[derive(Debug)]
pub enum NewCredential {
    /// A password.
    Password(NewPassword),
    /// The hash of a password that was made elsewhere. It is made anew when they first sign in.
    Hash(PasswordHash),
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// These names are taken, each by somebody who is there or by an earlier one of the same names: their places among
    /// what was asked for, from 0.
    #[error("the name is taken")]
    NamesTaken(Vec<usize>),
    /// There is no such user in the directory.
    #[error("there is no user {name} in the directory {directory}")]
    NoSuchUser {
        /// The name that nobody has.
        name: String,
        /// Where nobody has it.
        directory: DirectoryName,
    },
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a user, and says which.
///
/// # Errors
/// See [`ManageError`].
pub async fn add(user: NewUser, directory: &Directory<'_>) -> Result<UserId, ManageError> {
    let added = import(vec![user], directory).await?;
    added.first().copied().ok_or_else(|| StoreError::Unavailable("nobody was added".to_owned()).into())
}

/// Adds users, all of them or none; says which, in their order.
///
/// # Errors
/// See [`ManageError`]. Then none was added.
pub async fn import(users: Vec<NewUser>, directory: &Directory<'_>) -> Result<Vec<UserId>, ManageError> {
    // Hashing takes its time, so what cannot be is found out before. The store decides all the same.
    let taken = names_taken(&users, directory).await?;
    if !taken.is_empty() {
        return Err(ManageError::NamesTaken(taken));
    }
    let mut additions = Vec::with_capacity(users.len());
    for NewUser { username, password, claims } in users {
        let password_hash = match password {
            NewCredential::Password(password) => directory.hash(password).await?,
            NewCredential::Hash(hash) => hash,
        };
        let now = directory.clock.now();
        let user = User {
            id: UserId(directory.ids.next(now, directory.random)),
            username: username.as_str().to_owned(),
            claims: claims.into_map(),
            disabled_at: None,
            not_before: now,
        };
        let event = directory.event(EventKind::UserAdded, &user, now);
        let password_hash = Some(password_hash.to_phc());
        additions.push((UserRecord { user, name_key: username.name_key(), password_hash }, event));
    }
    let ids = additions.iter().map(|(record, _)| record.user.id).collect();
    let done = directory.users.add_users(additions).await?;
    let taken: Vec<_> = places(done.into_iter().map(|addition| addition == Addition::NameTaken));
    if taken.is_empty() { Ok(ids) } else { Err(ManageError::NamesTaken(taken)) }
}

async fn names_taken(users: &[NewUser], directory: &Directory<'_>) -> Result<Vec<usize>, StoreError> {
    let mut keys = HashSet::new();
    let mut taken = Vec::with_capacity(users.len());
    for user in users {
        let key = user.username.name_key();
        let is_taken =
            keys.contains(&key) || directory.users.user_named(directory.name, &key).await?.is_some();
        keys.insert(key);
        taken.push(is_taken);
    }
    Ok(places(taken.into_iter()))
}

fn places(which: impl Iterator<Item = bool>) -> Vec<usize> {
    which.enumerate().filter(|(_, is_one)| *is_one).map(|(place, _)| place).collect()
}

/// Gives a user another password. Whatever was given in their name before is worthless afterwards: sessions, and what
/// was got through them.
///
/// # Errors
/// See [`ManageError`].
pub async fn set_password(
    name: &Username,
    password: NewPassword,
    directory: &Directory<'_>,
) -> Result<UserId, ManageError> {
    let user = directory.user(name).await?;
    let hash = directory.hash(password).await?;
    let now = directory.clock.now();
    let event = directory.event(EventKind::UserPasswordChanged, &user, now);
    let is_there = directory.users.set_password(user.id, hash.to_phc(), Some(now), event).await?;
    if is_there { Ok(user.id) } else { Err(directory.has_no(name)) }
}

/// Switches a user off: they cannot sign in any more, and whatever was given in their name has ended, also for the time
/// when they are switched on again. Says whether they were on.
///
/// # Errors
/// See [`ManageError`].
pub async fn disable(name: &Username, directory: &Directory<'_>) -> Result<bool, ManageError> {
    switch(name, true, directory).await
}

/// Takes back everything that was given in a user's name. They can sign in again.
///
/// # Errors
/// See [`ManageError`].
pub async fn revoke(name: &Username, directory: &Directory<'_>) -> Result<UserId, ManageError> {
    let user = directory.user(name).await?;
    let event = directory.event(EventKind::UserRevoked, &user, directory.clock.now());
    let is_there = directory.users.revoke_user(user.id, event).await?;
    if is_there { Ok(user.id) } else { Err(directory.has_no(name)) }
}

/// Switches a user on again. Says whether they were off.
///
/// # Errors
/// See [`ManageError`].
pub async fn enable(name: &Username, directory: &Directory<'_>) -> Result<bool, ManageError> {
    switch(name, false, directory).await
}

async fn switch(name: &Username, off: bool, directory: &Directory<'_>) -> Result<bool, ManageError> {
    let user = directory.user(name).await?;
    if user.disabled_at.is_some() == off {
        return Ok(false);
    }
    let now = directory.clock.now();
    let kind = if off { EventKind::UserDisabled } else { EventKind::UserEnabled };
    let event = directory.event(kind, &user, now);
    let is_there = directory.users.set_disabled(user.id, off.then_some(now), event).await?;
    if is_there { Ok(true) } else { Err(directory.has_no(name)) }
}

impl Directory<'_> {
    async fn user(&self, name: &Username) -> Result<User, ManageError> {
        let found = self.users.user_named(self.name, &name.name_key()).await?;
        found.map(|record| record.user).ok_or_else(|| self.has_no(name))
    }

    fn has_no(&self, name: &Username) -> ManageError {
        ManageError::NoSuchUser { name: name.to_string(), directory: self.name.clone() }
    }

    async fn hash(&self, password: NewPassword) -> Result<PasswordHash, HashingFailed> {
        hash(password.into_text(), self.random, self.passwords).await
    }

    fn event(&self, kind: EventKind, user: &User, at: Timestamp) -> DirectoryEvent {
        DirectoryEvent {
            id: self.ids.next(at, self.random),
            directory: self.name.clone(),
            kind,
            subject: user.id.to_string(),
            detail: Map::from_iter([("username".to_owned(), json!(user.username))]),
        }
    }
}
