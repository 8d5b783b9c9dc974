//! From a `client_id` to the client as it is now.
//!
//! Whoever asks looks among the operator's clients first, which costs nothing, and then among those that registered.
//! Unknown, switched off and orphaned clients are none.

use crate::client::{EffectiveClient, OperatorClient, RegisteredClient};
use crate::definitions::Definitions;
use crate::world::World;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

/// A name that nobody has: what is looked up for strangers, so that they cost the same work.
const NOBODY: OrderedId = OrderedId::from_bytes([0; 16]);

/// A living client that the operator wrote down.
pub fn operators(client_id: &str, definitions: &Definitions) -> Option<EffectiveClient> {
    definitions.client(client_id).and_then(OperatorClient::effective)
}

/// A living client that registered. Whatever the name looks like, it costs one look into the store.
///
/// # Errors
/// The store did not answer, or the row makes no sense.
pub async fn registered(client_id: &str, world: &World<'_>) -> Result<Option<EffectiveClient>, StoreError> {
    let id = client_id.parse().unwrap_or(NOBODY);
    let record = world.store.client(world.definitions.profile(), id).await?;
    let registered = record.map(RegisteredClient::restore).transpose()?;
    Ok(registered.and_then(|client| client.effective(world.definitions)))
}

/// Looks for nobody. Whoever refuses a client that cost no look into the store does this first, so that nobody can
/// tell an operator's client by the time a refusal takes.
///
/// # Errors
/// The store did not answer.
pub async fn look_for_nobody(world: &World<'_>) -> Result<(), StoreError> {
    world.store.client(world.definitions.profile(), NOBODY).await.map(drop)
}
