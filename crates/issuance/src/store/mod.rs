//! The ports to where tokens and keys are kept.

use async_trait::async_trait;
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use protocol::jose::SignatureAlgorithm;
use registration::access::InitialAccessTokenRecord;
use serde_json::Value;

mod authorizations;
mod grants;

pub use authorizations::{AuthorizationStore, CodeIssue};
pub use grants::{GrantStore, Marks, Redeemed, Rotated, SessionMarks};

use crate::access_token::AccessTokenRecord;

/// What became of something that may happen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// It happened now, and this is durable.
    Now,
    /// It had happened before. Nothing was written.
    Before,
}

/// Where initial access tokens are kept, and what must not be accepted twice.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Keeps a new initial access token.
    async fn insert_initial_access_token(
        &self,
        record: InitialAccessTokenRecord,
        event: Event,
    ) -> Result<(), StoreError>;

    /// Takes back an initial access token that is neither spent nor revoked; [`Once::Before`] where it is, or where
    /// there is none of that name. The profile is the event's.
    async fn revoke_initial_access_token(&self, id: OrderedId, event: Event) -> Result<Once, StoreError>;

    /// Remembers an assertion of a client's until it has expired anyway, so that it is good once (RFC 7523 §3).
    ///
    /// `fingerprint` is a hash of client and `jti`: what strangers send is never stored at length.
    async fn accept_assertion(
        &self,
        profile: &ProfileName,
        fingerprint: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<Once, StoreError>;

    /// Keeps an opaque access token.
    async fn keep_access_token(
        &self,
        profile: &ProfileName,
        record: AccessTokenRecord,
    ) -> Result<(), StoreError>;

    /// The opaque access token of this name, if there is one.
    async fn access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<AccessTokenRecord>, StoreError>;

    /// Remembers until it ends that an access token is not good any more; [`Once::Before`] where that was known. The
    /// profile is the event's.
    async fn revoke_access_token(
        &self,
        id: OrderedId,
        expires_at: Timestamp,
        event: Event,
    ) -> Result<Once, StoreError>;

    /// What stands against an access token by itself, and against everything of its client's.
    async fn access_token_marks(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        client_id: &str,
    ) -> Result<AccessTokenMarks, StoreError>;

    /// Makes everything worthless that a client was given before the event. Profile and client are the event's.
    async fn mark_client(&self, event: Event) -> Result<(), StoreError>;
}

/// What stands against an access token, whatever it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessTokenMarks {
    /// It was revoked by itself.
    pub is_revoked: bool,
    /// Whatever its client was given before this is not good any more.
    pub client_not_before: Option<Timestamp>,
}

/// A signing key at rest: its private half sealed, its public half in the clear.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedKey {
    /// Its name, which sorts by time.
    pub id: OrderedId,
    /// What it signs with.
    pub algorithm: SignatureAlgorithm,
    /// The public half, with its `kid`.
    pub public_jwk: Value,
    /// The private half, under the key-encryption key.
    pub sealed: Vec<u8>,
}

/// Where signing keys are kept.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// All keys of a profile, oldest first.
    async fn signing_keys(&self, profile: &ProfileName) -> Result<Vec<SealedKey>, StoreError>;

    /// Keeps the first key of its algorithm; [`Once::Before`] where the profile has one already. The profile is the event's.
    async fn insert_first_signing_key(&self, key: SealedKey, event: Event) -> Result<Once, StoreError>;
}
