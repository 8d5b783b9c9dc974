//! A directory on a store, a clock to turn, and people who try.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use identity::claims::StandardClaims;
use identity::device::DeviceKey;
use identity::guessing::{Guessing, GuessingLimits};
use identity::manage::{self, Directory, NewCredential, NewUser};
use identity::password::{NewPassword, PasswordHash};
use identity::session::{self, Session, SessionCookie, SessionRules};
use identity::sign_in::{Attempt, SignInRefusal, SignedIn, sign_in};
use identity::store::UserStore;
use identity::user::{User, UserId, Username};
use identity::world::{Effort, World};
use primitives::audit::{Event, EventKind};
use primitives::clock::{Clock, Timestamp};
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::IdSource;
use primitives::random::Randomness;
use primitives::slow_work::SlowWork;
use serde_json::Map;
use storage::sqlite::SqliteStore;
use storage::{AuditEntry, AuditStore, DefinitionStore, Provision};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_421_565);
pub(crate) const PASSWORD: &str = "alice-password";

/// A clock that stands still until it is turned.
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that differ.
struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(n.iter().cycle()).for_each(|(byte, n)| *byte = *n);
    }
}

/// Does it here, and lets others go first.
struct Here;

impl SlowWork for Here {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            work();
        })
    }
}

pub(crate) struct Town {
    pub(crate) store: SqliteStore,
    pub(crate) rules: SessionRules,
    pub(crate) guessing: Guessing,
    pub(crate) effort: Effort,
    pub(crate) directory: DirectoryName,
    pub(crate) device_key: DeviceKey,
    profile: ProfileName,
    clock: HandClock,
    random: Counting,
    ids: IdSource,
    _folder: TempDir,
}

/// Who tries to sign in, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Try<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    pub(crate) from: &'a str,
    pub(crate) device: Option<&'a str>,
    pub(crate) session: Option<&'a str>,
    pub(crate) wants_frame_secret: bool,
}

pub(crate) const ALICE: Try<'static> = Try {
    username: "alice",
    password: PASSWORD,
    from: "192.0.2.1",
    device: None,
    session: None,
    wants_frame_secret: false,
};

impl Town {
    /// Where nobody lives yet.
    pub(crate) async fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let town = Self {
            store: SqliteStore::open(&folder.path().join("matricula.db")).unwrap(),
            rules: SessionRules {
                absolute: Duration::from_secs(12 * 3_600),
                idle: Duration::from_secs(3_600),
                counts_in: None,
            },
            guessing: Guessing::new(GuessingLimits::default()),
            effort: Effort::default(),
            directory: "main".parse().unwrap(),
            device_key: DeviceKey::new(&[7; 32]),
            profile: "staff".parse().unwrap(),
            clock: HandClock(AtomicU64::new(NOW.millis())),
            random: Counting(AtomicU64::new(1)),
            ids: IdSource::default(),
            _folder: folder,
        };
        let event = Event {
            id: town.ids.next(NOW, &town.random),
            profile: town.profile.clone(),
            kind: EventKind::DefinitionsChanged,
            client_id: None,
            subject: None,
            detail: Map::new(),
        };
        let provision = Provision { documents: Vec::new(), made_by: "test".into(), event };
        town.store.provision(vec![provision]).await.unwrap();
        town
    }

    /// Where Alice lives.
    pub(crate) async fn new() -> Self {
        let town = Self::empty().await;
        town.add("Alice").await;
        town
    }

    pub(crate) fn world(&self) -> World<'_> {
        World {
            profile: &self.profile,
            directory: &self.directory,
            rules: &self.rules,
            users: &self.store,
            sessions: &self.store,
            clock: &self.clock,
            random: &self.random,
            ids: &self.ids,
            passwords: &Here,
            guessing: &self.guessing,
            effort: &self.effort,
            device_key: &self.device_key,
        }
    }

    pub(crate) fn desk(&self) -> Directory<'_> {
        Directory {
            name: &self.directory,
            users: &self.store,
            clock: &self.clock,
            random: &self.random,
            ids: &self.ids,
            passwords: &Here,
        }
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.clock.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Adds a user with Alice's password.
    pub(crate) async fn add(&self, name: &str) -> UserId {
        manage::add(new_user(name), &self.desk()).await.unwrap()
    }

    pub(crate) async fn try_to(&self, attempt: Try<'_>) -> Result<SignedIn, SignInRefusal> {
        self.try_in(attempt, &self.world()).await
    }

    pub(crate) async fn try_in(
        &self,
        attempt: Try<'_>,
        world: &World<'_>,
    ) -> Result<SignedIn, SignInRefusal> {
        let Try { username, password, from, device, session, wants_frame_secret } = attempt;
        let password = Zeroizing::new(password.to_owned());
        let from: IpAddr = from.parse().unwrap();
        let attempt = Attempt { username, password, from, device, session, wants_frame_secret };
        sign_in(attempt, world).await
    }

    /// The session that a cookie proves.
    pub(crate) async fn session(&self, text: &str) -> Option<(Session, User)> {
        session::find(text, SessionCookie::Own, &self.world()).await.unwrap()
    }

    pub(crate) async fn password_hash(&self, name_key: &str) -> String {
        self.store.user_named(&self.directory, name_key).await.unwrap().unwrap().password_hash.unwrap()
    }

    pub(crate) async fn told(&self, kind: &str) -> Vec<AuditEntry> {
        let mut entries = self.store.audit_since(Timestamp::from_millis(0), 1_000).await.unwrap();
        entries.retain(|entry| entry.kind == kind);
        entries
    }
}

pub(crate) fn username(name: &str) -> Username {
    name.parse().unwrap()
}

pub(crate) fn new_password(text: &str) -> NewPassword {
    NewPassword::parse(Zeroizing::new(text.to_owned())).unwrap()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        username: username(name),
        password: NewCredential::Password(new_password(PASSWORD)),
        claims: StandardClaims::default(),
    }
}

/// A user whose hash was made elsewhere, of "password".
pub(crate) fn from_elsewhere(name: &str) -> NewUser {
    let hash = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
    NewUser { password: NewCredential::Hash(PasswordHash::parse(hash).unwrap()), ..new_user(name) }
}

pub(crate) fn is_wrong(refusal: &SignInRefusal) -> bool {
    matches!(refusal, SignInRefusal::WrongCredentials)
}
