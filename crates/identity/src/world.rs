//! What signing in may touch: everything that is not the attempt.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use primitives::clock::Clock;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;
use primitives::slow_work::{SlowWork, off_thread};
use zeroize::Zeroizing;

use crate::device::DeviceKey;
use crate::guessing::Guessing;
use crate::password::{HashingFailed, PasswordHash, Salt};
use crate::session::SessionRules;
use crate::store::{SessionStore, UserStore};

/// One profile and its directory, as they are at this moment, and the outside world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The profile that somebody signs in to.
    pub profile: &'a ProfileName,
    /// The directory that its users are in.
    pub directory: &'a DirectoryName,
    /// How long sessions live, and where they count.
    pub rules: &'a SessionRules,
    /// Where users are kept.
    pub users: &'a dyn UserStore,
    /// Where sessions are kept.
    pub sessions: &'a dyn SessionStore,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Unpredictable bytes.
    pub random: &'a dyn Randomness,
    /// Names for new things.
    pub ids: &'a IdSource,
    /// Where passwords are hashed.
    pub passwords: &'a dyn SlowWork,
    /// Who has guessed how often.
    pub guessing: &'a Guessing,
    /// What signing in has cost so far.
    pub effort: &'a Effort,
    /// What known devices are known by.
    pub device_key: &'a DeviceKey,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("World")
            .field("profile", &self.profile)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// The operations that proving a password or a session consists of, and how often each was done. Whoever does one does
/// it through this, so that none is counted that was not done.
///
/// A refusal must cost the same whoever is refused, or its time tells strangers who exists. That is checked by
/// counting, since clocks on shared machines prove nothing.
#[derive(Debug, Default)]
pub struct Effort {
    lookups: AtomicU64,
    verifications: AtomicU64,
}

impl Effort {
    /// Looks into the store, passwords verified.
    pub fn counts(&self) -> [u64; 2] {
        [&self.lookups, &self.verifications].map(|count| count.load(Ordering::Relaxed))
    }

    /// Looks into the store.
    pub(crate) async fn lookup<T>(&self, look: impl Future<Output = T>) -> T {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        look.await
    }

    /// Verifies a password.
    pub(crate) async fn verify(
        &self,
        password: &Zeroizing<String>,
        hash: PasswordHash,
        slow: &dyn SlowWork,
    ) -> Result<bool, HashingFailed> {
        self.verifications.fetch_add(1, Ordering::Relaxed);
        let password = password.clone();
        off_thread(slow, move || hash.is_of(&password)).await.unwrap_or_else(|| Err(unfinished()))
    }
}

/// Hashes a password off the threads that serve.
pub(crate) async fn hash(
    password: Zeroizing<String>,
    random: &dyn Randomness,
    slow: &dyn SlowWork,
) -> Result<PasswordHash, HashingFailed> {
    let salt = Salt::draw(random);
    off_thread(slow, move || PasswordHash::of(&password, &salt)).await.unwrap_or_else(|| Err(unfinished()))
}

fn unfinished() -> HashingFailed {
    HashingFailed("the work ended before its end".to_owned())
}
