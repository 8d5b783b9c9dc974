use primitives::secret::SecretHash;
use protocol::authentication_method::AuthenticationMethod;
use registration::client::{Credential, EffectiveClient};

use super::{Disbelief, uses};
use crate::world::World;

/// RFC 6749 §2.3.1. One hash is made and compared, whoever asks.
pub(super) fn prove(
    secret: &str,
    method: AuthenticationMethod,
    client: Option<&EffectiveClient>,
    world: &World<'_>,
) -> Result<(), Disbelief> {
    let (hash, obstacle) = match client.map(|client| (client, client.credential())) {
        None => (&SecretHash::NOBODYS, Some(Disbelief::UnknownClient)),
        Some((client, _)) if !uses(client, method, world) => {
            (&SecretHash::NOBODYS, Some(Disbelief::WrongMethod))
        }
        Some((_, Credential::Secret { hash, expires_at })) => {
            let expired = expires_at.is_some_and(|end| end <= world.clock.now());
            (hash, expired.then_some(Disbelief::ExpiredSecret))
        }
        // The template has moved on to secrets, and this instance has none.
        Some((_, Credential::Keys(_) | Credential::Nothing)) => {
            (&SecretHash::NOBODYS, Some(Disbelief::WrongMethod))
        }
    };
    match (world.effort.hash(secret, hash), obstacle) {
        (true, None) => Ok(()),
        (false, None) => Err(Disbelief::WrongSecret),
        (_, Some(obstacle)) => Err(obstacle),
    }
}
