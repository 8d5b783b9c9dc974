//! What a use case may touch: everything that is not its request.

use crate::definitions::Definitions;
use crate::store::ClientStore;
use primitives::clock::Clock;
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;

/// One profile's definitions as they are at this moment, and the outside world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// What the operator has laid down, at one revision.
    pub definitions: &'a Definitions,
    /// Where clients are kept.
    pub store: &'a dyn ClientStore,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Unpredictable bytes.
    pub random: &'a dyn Randomness,
    /// Names for new things.
    pub ids: &'a IdSource,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("definitions", self.definitions).finish_non_exhaustive()
    }
}
