//! What lives as long as the process.

mod definitions;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use identity::device::DeviceKey;
use identity::guessing::{Guessing, GuessingLimits};
use ipnet::IpNet;
use issuance::profile::Profile;
use issuance::signing_keys::{Forge, KeyEncryptionKey, SigningKeysError};
use issuance::world::{Effort, World};
use primitives::clock::{Clock, Timestamp};
use primitives::names::DirectoryName;
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;
use primitives::store::StoreError;
use registration::definitions::DefinitionProblem;
use storage::postgres::{self, PostgresStore};
use storage::sqlite::{OpenError, SqliteStore};
use storage::{Change, Retention, Store};

use crate::activity::ActivityLog;
use crate::body_memory::BodyMemory;
use crate::config::{AuditRetention, Configuration, Limits, StoreUrl};
use crate::figures::Figures;
use crate::profiles::Profiles;
use crate::slow_work::SlowThreads;
use crate::waiting_room::WaitingRoom;

/// How far the clock of another node may be behind: what has ended here may not have ended there.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// How many rows of each kind are deleted in one go when cleaning up.
const CLEANED_AT_ONCE: u32 = 1_000;

/// Where guessing is not slowed down.
static NO_LIMIT: Guessing = Guessing::off();

/// The world outside the process, as far as it is not the network.
#[derive(Clone)]
pub struct Outside {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Outside(..)")
    }
}

/// Why the process did not start, or kept what it had.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database did not open.
    #[error(transparent)]
    OpenDatabase(#[from] postgres::OpenError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A profile has nothing to sign with.
    #[error(transparent)]
    Keys(#[from] SigningKeysError),
    /// The definitions do not work together.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Definitions(Vec<DefinitionProblem>),
}

/// What a (re)load changed in one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// The profile.
    pub profile: String,
    /// The revision that it is at now.
    pub revision: u64,
    /// What changed.
    pub changes: Vec<Change>,
}

/// A running server, without its network.
pub struct App {
    store: Arc<dyn Store>,
    profiles: ArcSwap<Profiles>,
    key_encryption_key: KeyEncryptionKey,
    outside: Outside,
    ids: IdSource,
    slow: SlowThreads,
    effort: Effort,
    /// Passwords are hashed on threads of their own: whoever guesses must not hold up those who sign tokens.
    passwords: SlowThreads,
    guessing: Guessing,
    device_key: DeviceKey,
    identity_effort: identity::world::Effort,
    activity: ActivityLog,
    body_memory: BodyMemory,
    figures: Figures,
    started_at: Timestamp,
    limits: Limits,
    trusted_proxies: Vec<IpNet>,
    waiting_room: WaitingRoom,
    retention: AuditRetention,
    /// What issuers begin with that say nothing else. Whoever (re)loads holds it: one at a time.
    loading: tokio::sync::Mutex<String>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}

impl App {
    /// Opens the store and loads the profiles.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(configuration: Configuration, outside: Outside) -> Result<Self, StartError> {
        let Configuration {
            listen: _,
            operations: _,
            public_url,
            store,
            key_encryption_key,
            limits,
            trusted_proxies,
            audit,
            profiles,
        } = configuration;
        let store: Arc<dyn Store> = match &store {
            StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
            StoreUrl::Postgres(url) => Arc::new(PostgresStore::open(url).await?),
        };
        let app = Self {
            passwords: SlowThreads::new(),
            guessing: Guessing::new(GuessingLimits::default()),
            device_key: DeviceKey::new(&key_encryption_key.derive("matricula known devices")),
            identity_effort: identity::world::Effort::default(),
            store,
            profiles: ArcSwap::default(),
            key_encryption_key,
            started_at: outside.clock.now(),
            outside,
            ids: IdSource::default(),
            slow: SlowThreads::new(),
            effort: Effort::default(),
            activity: ActivityLog::default(),
            body_memory: BodyMemory::default(),
            figures: Figures::default(),
            limits,
            trusted_proxies,
            waiting_room: WaitingRoom::default(),
            retention: audit,
            loading: tokio::sync::Mutex::new(public_url),
        };
        app.load(&profiles, &app.loading.lock().await).await?;
        Ok(app)
    }

    fn forge(&self) -> Forge<'_> {
        Forge {
            store: &*self.store,
            key_encryption_key: &self.key_encryption_key,
            clock: &*self.outside.clock,
            random: &*self.outside.random,
            ids: &self.ids,
            slow: &self.slow,
        }
    }

    /// The profiles as they are at this moment.
    pub fn profiles(&self) -> Arc<Profiles> {
        self.profiles.load_full()
    }

    /// What a use case of a profile may touch.
    pub fn world<'a>(&'a self, profile: &'a Profile) -> World<'a> {
        World {
            profile,
            clients: &*self.store,
            tokens: &*self.store,
            authorizations: &*self.store,
            grants: &*self.store,
            clock: &*self.outside.clock,
            random: &*self.outside.random,
            ids: &self.ids,
            slow: &self.slow,
            effort: &self.effort,
        }
    }

    /// What signing in to a profile may touch; `None` where nobody does.
    pub fn identity_world<'a>(&'a self, profile: &'a Profile) -> Option<identity::world::World<'a>> {
        let sign_in = profile.sign_in.as_ref()?;
        Some(identity::world::World {
            profile: profile.definitions.profile(),
            directory: &sign_in.directory,
            rules: &sign_in.session,
            users: &*self.store,
            sessions: &*self.store,
            clock: &*self.outside.clock,
            random: &*self.outside.random,
            ids: &self.ids,
            passwords: &self.passwords,
            guessing: if sign_in.slows_guessing { &self.guessing } else { &NO_LIMIT },
            effort: &self.identity_effort,
            device_key: &self.device_key,
        })
    }

    /// A directory of users, to be managed.
    pub fn directory<'a>(&'a self, name: &'a DirectoryName) -> identity::manage::Directory<'a> {
        identity::manage::Directory {
            name,
            users: &*self.store,
            clock: &*self.outside.clock,
            random: &*self.outside.random,
            ids: &self.ids,
            passwords: &self.passwords,
        }
    }

    /// Unpredictable bytes.
    pub fn random(&self) -> &dyn Randomness {
        &*self.outside.random
    }

    /// What signing in has cost so far.
    pub fn identity_effort(&self) -> &identity::world::Effort {
        &self.identity_effort
    }

    /// What time it is.
    pub fn clock(&self) -> &dyn Clock {
        &*self.outside.clock
    }

    /// Bounds on the network.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whose word about where a request came from is taken.
    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    /// Whether a request that waits for a person may be kept: one network cannot fill the store with them.
    pub(crate) fn may_keep_request(&self, profile: &Profile, from: IpAddr) -> bool {
        let is_bounded = profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.slows_guessing);
        !is_bounded || self.waiting_room.lets_in(from, self.outside.clock.now())
    }

    /// What client authentication has cost so far.
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// Counts that wait to be written.
    pub fn activity(&self) -> &ActivityLog {
        &self.activity
    }

    /// How it is doing.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Where passwords are hashed.
    pub(crate) fn passwords(&self) -> &SlowThreads {
        &self.passwords
    }

    /// When it began to start.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Writes down what was counted since the last time.
    ///
    /// # Errors
    /// The store did not take it; then it waits for the next time.
    pub async fn flush_activity(&self) -> Result<(), StoreError> {
        let unwritten = self.activity.take();
        if unwritten.is_empty() {
            return Ok(());
        }
        let written = self.store.record_activity(unwritten.rows()).await;
        if written.is_err() {
            self.activity.put_back(unwritten);
        }
        written
    }

    /// The memory that arriving bodies take.
    pub(crate) fn body_memory(&self) -> &BodyMemory {
        &self.body_memory
    }

    /// Forgets what has had its time, in small bites.
    ///
    /// # Errors
    /// The store did not do it; the next time will.
    pub async fn clean(&self) -> Result<(), StoreError> {
        let now = self.outside.clock.now();
        let retention = Retention {
            ended_before: now.minus(CLOCKS_APART),
            events_before: now.minus(self.retention.events),
            activity_before: now.minus(self.retention.activity),
            at_most: CLEANED_AT_ONCE,
        };
        while self.store.clean(retention).await?.reached(CLEANED_AT_ONCE) {}
        Ok(())
    }

    /// Writes what is left to write and closes the store.
    pub async fn close(&self) {
        if let Err(error) = self.flush_activity().await {
            tracing::warn!(%error, "the last counts of activity were not written");
        }
        self.store.close();
    }
}
