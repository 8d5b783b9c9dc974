//! The port to where clients are kept.

use async_trait::async_trait;

use crate::access::InitialAccessTokenRecord;
use crate::audit::Event;
use crate::client::ClientRecord;
use crate::clock::Timestamp;
use crate::definitions::ProfileName;
use crate::ordered_id::OrderedId;

/// Why the store did not do what it was asked. None of these is ever a protocol answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// More work is waiting than the store takes on. Nothing was done; the same request may succeed in a second.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store cannot be reached, or refuses to write.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored makes no sense. An alarm.
    #[error("corrupt: {0}")]
    Corrupt(String),
}

/// A client that comes into being, the token that pays for it, and what is written down about it: one transaction.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// The client.
    pub client: ClientRecord,
    /// When. It decides whether the token is still good; the client's id may be made later, where a clock stepped back.
    pub at: Timestamp,
    /// The one-shot token that this spends.
    pub spends: Option<OrderedId>,
    /// What the audit log says.
    pub events: Vec<Event>,
}

/// What became of a [`NewRegistration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// The client exists, the token is spent, and both will survive a crash.
    Inserted,
    /// Somebody else spent or revoked the token first, or it has just expired. Nothing was written.
    TokenNotGood,
}

/// Where registered clients and initial access tokens are kept.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// The client of this name, if there is one.
    async fn client(&self, profile: &ProfileName, id: OrderedId) -> Result<Option<ClientRecord>, StoreError>;

    /// The initial access token of this name, if there is one.
    async fn initial_access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<InitialAccessTokenRecord>, StoreError>;

    /// Inserts the client and spends the token, both or neither. An answer means that it is durable.
    async fn insert(&self, registration: NewRegistration) -> Result<Insertion, StoreError>;
}
