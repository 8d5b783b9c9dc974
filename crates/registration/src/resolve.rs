//! From a `client_id` to the client as it is now.

use crate::client::{EffectiveClient, OperatorClient, RegisteredClient};
use crate::ordered_id::OrderedId;
use crate::store::StoreError;
use crate::world::World;

/// A name that nobody has: what is looked up for strangers, so that they cost the same work.
const NOBODY: OrderedId = OrderedId::from_bytes([0; 16]);

/// What became of looking a client up.
#[derive(Debug)]
pub struct Resolution {
    /// The client; `None` where there is none, or none any more: unknown, switched off, orphaned.
    pub client: Option<EffectiveClient>,
    /// Whether the store was asked. Only for a living client of the operator's it is not.
    pub looked: bool,
}

/// Looks up the client of this name. Whatever the name looks like, it costs one look into the store, unless it is a
/// living client of the operator's.
///
/// # Errors
/// The store did not answer, or the row makes no sense.
pub async fn resolve(client_id: &str, world: &World<'_>) -> Result<Resolution, StoreError> {
    if let Some(client) = world.definitions.client(client_id).and_then(OperatorClient::effective) {
        return Ok(Resolution { client: Some(client), looked: false });
    }
    let id = client_id.parse().unwrap_or(NOBODY);
    let record = world.store.client(world.definitions.profile(), id).await?;
    let registered = record.map(RegisteredClient::restore).transpose()?;
    Ok(Resolution { client: registered.and_then(|client| client.effective(world.definitions)), looked: true })
}

/// Looks for nobody. Whoever refuses a client that cost no look into the store does this first, so that nobody can
/// tell an operator's client by the time a refusal takes.
///
/// # Errors
/// The store did not answer.
pub async fn look_for_nobody(world: &World<'_>) -> Result<(), StoreError> {
    world.store.client(world.definitions.profile(), NOBODY).await.map(drop)
}
