//! The port to where requests that wait for a person are kept, with consents and what they lead to.

use async_trait::async_trait;
use identity::user::UserId;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use protocol::scope::Scope;

use super::Once;
use crate::authorize::{NewCode, NewInitialAccessToken, PendingRequest, Progress};

/// What became of an answer that was to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeIssue {
    /// It exists, and the request that it answers is answered.
    Issued,
    /// The request had been answered before, or was forgotten. Nothing was written.
    RequestGone,
}

/// Where requests of people and their consents are kept.
#[async_trait]
pub trait AuthorizationStore: Send + Sync {
    /// Keeps a request until a person has answered it.
    async fn keep_request(&self, profile: &ProfileName, request: PendingRequest) -> Result<(), StoreError>;

    /// The request of this name, if there is one.
    async fn request(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<PendingRequest>, StoreError>;

    /// Notes that the person signed in, or chose their account, while answering it.
    async fn note_progress(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        progress: Progress,
    ) -> Result<(), StoreError>;

    /// Forgets a request that was answered with no; [`Once::Before`] where it is not there any more.
    async fn drop_request(&self, profile: &ProfileName, id: OrderedId) -> Result<Once, StoreError>;

    /// What the user let the client have before, where answers are sent to this destination.
    async fn consent(
        &self,
        profile: &ProfileName,
        user: UserId,
        client_id: &str,
        destination: &str,
    ) -> Result<Option<Scope>, StoreError>;

    /// Keeps a new code with the consent that it rests on, and forgets the request that it answers: all or nothing.
    async fn issue_code(&self, profile: &ProfileName, issue: NewCode) -> Result<CodeIssue, StoreError>;

    /// The same of an initial access token that a user gets without a code.
    async fn issue_initial_access_token(
        &self,
        profile: &ProfileName,
        issue: NewInitialAccessToken,
    ) -> Result<CodeIssue, StoreError>;
}
