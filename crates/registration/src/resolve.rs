//! From a `client_id` to the client as it is now.

use crate::client::{EffectiveClient, OperatorClient, RegisteredClient};
use crate::ordered_id::OrderedId;
use crate::store::StoreError;
use crate::world::World;

/// A name that nobody has: what is looked up for strangers, so that they cost the same work.
const NOBODY: OrderedId = OrderedId::from_bytes([0; 16]);

/// The client of this name; `None` where there is none, or none any more: unknown, switched off, orphaned.
///
/// Whoever has no client in the operator's definitions costs one look into the store, whatever the name looks like.
///
/// # Errors
/// The store did not answer, or the row makes no sense.
pub async fn resolve(client_id: &str, world: &World<'_>) -> Result<Option<EffectiveClient>, StoreError> {
    if let Some(client) = world.definitions.client(client_id).and_then(OperatorClient::effective) {
        return Ok(Some(client));
    }
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
pub async fn resolve_nobody(world: &World<'_>) -> Result<(), StoreError> {
    world.store.client(world.definitions.profile(), NOBODY).await.map(drop)
}
