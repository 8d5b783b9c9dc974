//! What a use case may touch: everything that is not its request.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use primitives::clock::Clock;
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;
use primitives::secret::SecretHash;
use protocol::jose::ClaimedSignature;
use registration::store::ClientStore;

use crate::profile::Profile;
use crate::store::{AuthorizationStore, GrantStore, TokenStore};
use primitives::slow_work::{SlowWork, off_thread};

/// One profile as it is at this moment, and the outside world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Where clients are kept.
    pub clients: &'a dyn ClientStore,
    /// Where tokens are kept.
    pub tokens: &'a dyn TokenStore,
    /// Where requests of people and their consents are kept.
    pub authorizations: &'a dyn AuthorizationStore,
    /// Where codes and grants are kept.
    pub grants: &'a dyn GrantStore,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Unpredictable bytes.
    pub random: &'a dyn Randomness,
    /// Names for new things.
    pub ids: &'a IdSource,
    /// Where slow work is done.
    pub slow: &'a dyn SlowWork,
    /// What client authentication has cost so far.
    pub effort: &'a Effort,
}

impl<'a> World<'a> {
    /// The part of the world that registration sees.
    pub fn registration(&self) -> registration::world::World<'a> {
        registration::world::World {
            definitions: &self.profile.definitions,
            store: self.clients,
            clock: self.clock,
            random: self.random,
            ids: self.ids,
        }
    }
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("profile", &self.profile.issuer).finish_non_exhaustive()
    }
}

/// The operations that client authentication consists of, and how often each was done. Whoever does one does it through
/// this, so that none is counted that was not done.
///
/// A refusal must cost the same whoever is refused, or its time tells strangers who exists. That is checked by
/// counting, since clocks on shared machines prove nothing.
#[derive(Debug, Default)]
pub struct Effort {
    lookups: AtomicU64,
    hashes: AtomicU64,
    signatures: AtomicU64,
}

impl Effort {
    /// Looks into the store, hashes compared, signatures verified.
    pub fn counts(&self) -> [u64; 3] {
        [&self.lookups, &self.hashes, &self.signatures].map(|count| count.load(Ordering::Relaxed))
    }

    /// Looks into the store.
    pub(crate) async fn lookup<T>(&self, look: impl Future<Output = T>) -> T {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        look.await
    }

    /// Hashes a secret and compares it.
    pub(crate) fn hash(&self, secret: &str, hash: &SecretHash) -> bool {
        self.hashes.fetch_add(1, Ordering::Relaxed);
        hash.is_of(secret)
    }

    /// Verifies a signature.
    pub(crate) async fn signature(&self, claimed: ClaimedSignature, slow: &dyn SlowWork) -> bool {
        self.signatures.fetch_add(1, Ordering::Relaxed);
        if claimed.algorithm().is_slow() {
            off_thread(slow, move || claimed.holds()).await.unwrap_or(false)
        } else {
            claimed.holds()
        }
    }
}
