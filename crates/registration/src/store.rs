//! The port to where clients are kept.

use async_trait::async_trait;

use crate::access::InitialAccessTokenRecord;
use crate::client::ClientRecord;
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

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
