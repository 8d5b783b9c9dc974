//! The port to where codes and grants are kept. What must happen once is decided there, and never in memory.

use async_trait::async_trait;
use identity::user::User;
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

use super::Once;
use crate::authorize::CodeRecord;
use crate::grant::{GrantRecord, Redemption, Rotation};

/// What stands against something that was given in the name of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// The user, where there still is one.
    pub user: Option<User>,
    /// What stands against the session that it came from.
    pub session: SessionMarks,
    /// Whatever the client was given before this is not good any more.
    pub client_not_before: Option<Timestamp>,
}

/// What stands against everything that was given in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionMarks {
    /// When it was ended, if it was. What was to outlive that does.
    pub ended_at: Option<Timestamp>,
    /// Whether it was taken back with everything that was given in it.
    pub is_revoked: bool,
}

/// What became of a code that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It was good, and what it gives exists.
    Now,
    /// It had been presented before. What it gave then has been taken back.
    Before,
    /// There is no such code.
    Unknown,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// There is a new one, and the one that was presented is the previous one now.
    Now,
    /// It was a dead one. The whole family has ended.
    Reused,
    /// The family had ended before.
    Ended,
}

/// Where codes and grants are kept.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// The code of this name, with the marks against it, if there is one.
    async fn code(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(CodeRecord, Marks)>, StoreError>;

    /// Spends a code and keeps what it gives. A second time, takes back what it gave the first time.
    async fn redeem(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        redemption: Redemption,
    ) -> Result<Redeemed, StoreError>;

    /// The grant of this name, with the marks against it, if there is one.
    async fn grant(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(GrantRecord, Marks)>, StoreError>;

    /// Puts a new refresh token in the place of the one that was presented.
    async fn rotate(&self, profile: &ProfileName, rotation: Rotation) -> Result<Rotated, StoreError>;

    /// Ends a grant; [`Once::Before`] where it had ended, or there is none. The profile is the event's.
    async fn end_grant(&self, id: OrderedId, event: Event) -> Result<Once, StoreError>;
}
