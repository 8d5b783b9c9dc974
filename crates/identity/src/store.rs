//! The port to where users and sessions are kept.

use async_trait::async_trait;
use primitives::audit::{DirectoryEvent, Event};
use primitives::clock::Timestamp;
use primitives::names::DirectoryName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

use crate::session::Session;
use crate::user::{User, UserId};

/// A user, and the hash of their password where they have one (PHC string format).
#[derive(Clone, PartialEq)]
pub struct UserRecord {
    /// The user.
    pub user: User,
    /// What [`User::username`] is found by: without what people overlook.
    pub name_key: String,
    /// The hash of the password.
    pub password_hash: Option<String>,
}

impl std::fmt::Debug for UserRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UserRecord").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What became of a user that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addition {
    /// There is one more user.
    Added,
    /// Somebody has this name already. Nothing was written, of the others neither.
    NameTaken,
}

/// Where users are kept.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// The user of this name key, if there is one.
    async fn user_named(
        &self,
        directory: &DirectoryName,
        name_key: &str,
    ) -> Result<Option<UserRecord>, StoreError>;

    /// The user of this id, if there is one.
    async fn user(&self, directory: &DirectoryName, id: UserId) -> Result<Option<User>, StoreError>;

    /// Adds users, each of them or none; the answers are in the order of the questions. Where one name is taken, by
    /// somebody else or by an earlier one of these, nothing is written. A directory that was unknown is known afterwards.
    async fn add_users(&self, users: Vec<(UserRecord, DirectoryEvent)>) -> Result<Vec<Addition>, StoreError>;

    /// Gives a user another password and, with a mark, makes everything that was given in their name before it
    /// worthless: their initial access tokens are revoked, and the event says how many. Says whether there is such a
    /// user.
    async fn set_password(
        &self,
        id: UserId,
        password_hash: String,
        not_before: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError>;

    /// Hashes the same password anew: nothing that anybody would notice, so nothing is told. It replaces `old` only.
    async fn rehash(
        &self,
        directory: &DirectoryName,
        id: UserId,
        old: String,
        new: String,
    ) -> Result<(), StoreError>;

    /// Makes everything worthless that was given in a user's name before the event, sessions among it. Says whether
    /// there is such a user.
    async fn revoke_user(&self, id: UserId, event: DirectoryEvent) -> Result<bool, StoreError>;

    /// Switches a user off (with the moment) or on again. Switching off also ends everything that was given in their
    /// name before that moment, for good: their initial access tokens are revoked, and the event says how many. Says
    /// whether there is such a user.
    async fn set_disabled(
        &self,
        id: UserId,
        disabled_at: Option<Timestamp>,
        event: DirectoryEvent,
    ) -> Result<bool, StoreError>;
}

/// Where sessions are kept.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session; where the one of its own name is to go on, that is given its secrets and times instead. Another one that the browser had before, if any, ends in the same transaction. The directory is one
    /// that is known.
    async fn begin_session(
        &self,
        directory: &DirectoryName,
        session: Session,
        instead_of: Option<OrderedId>,
        event: Event,
    ) -> Result<(), StoreError>;

    /// The session of this name, with its user, if there is one.
    async fn session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(Session, User)>, StoreError>;

    /// Notes that it was used. What was noted before is never made earlier.
    async fn touch_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends it; `at` is the event's. Says whether it had not ended before.
    async fn end_session(
        &self,
        directory: &DirectoryName,
        id: OrderedId,
        event: Event,
    ) -> Result<bool, StoreError>;

    /// Ends it, and everything that was given in it, whatever that was to outlive. Says whether there is such a session.
    async fn revoke_session(&self, id: OrderedId, event: DirectoryEvent) -> Result<bool, StoreError>;
}
