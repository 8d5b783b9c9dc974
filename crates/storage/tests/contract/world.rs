//! Things to keep.

use std::sync::atomic::{AtomicU64, Ordering};

use identity::authentication::{Authentication, Authenticator};
use identity::session::Session;
use identity::store::{Addition, UserRecord};
use identity::user::{User, UserId};
use issuance::authorize::CodeRecord;
use issuance::grant::GrantRecord;
use primitives::audit::{DirectoryEvent, Event, EventKind};
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::{IdSource, OrderedId};
use primitives::random::Randomness;
use primitives::secret::SecretHash;
use protocol::pkce::CodeChallenge;
use registration::access::{InitialAccessTokenRecord, Origin, Registrant};
use registration::client::{ClientRecord, Provenance, SecretAtRest};
use registration::definitions::Revision;
use registration::store::NewRegistration;
use serde_json::{Map, json};
use storage::{DefinitionDocument, DefinitionKind, Provision, Provisioned, Store};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_421_565);

struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(n.iter().cycle()).for_each(|(byte, n)| *byte = *n);
    }
}

static RANDOM: Counting = Counting(AtomicU64::new(1));
static IDS: std::sync::LazyLock<IdSource> = std::sync::LazyLock::new(IdSource::default);

pub(crate) fn id_at(at: Timestamp) -> OrderedId {
    // A source of its own: the shared one never goes back in time.
    IdSource::default().next(at, &RANDOM)
}

pub(crate) fn id() -> OrderedId {
    IDS.next(NOW, &RANDOM)
}

pub(crate) fn profile(name: &str) -> ProfileName {
    name.parse().unwrap()
}

pub(crate) fn event(kind: EventKind) -> Event {
    event_at(kind, id())
}

pub(crate) fn event_at(kind: EventKind, id: OrderedId) -> Event {
    Event {
        id,
        profile: profile("staff"),
        kind,
        client_id: Some("enroller".into()),
        subject: None,
        detail: Map::from_iter([("a".to_owned(), json!(1))]),
    }
}

pub(crate) async fn provision(store: &dyn Store, name: &str, templates: &[(&str, i32)]) -> Provisioned {
    let template = |(id, version): &(&str, i32)| DefinitionDocument {
        kind: DefinitionKind::Template,
        id: (*id).to_owned(),
        document: json!({ "version": version }),
    };
    let mut event = event(EventKind::DefinitionsChanged);
    event.profile = profile(name);
    let documents = templates.iter().map(template).collect();
    let provision = Provision { documents, made_by: "file".into(), event };
    store.provision(vec![provision]).await.unwrap().pop().unwrap()
}

pub(crate) fn client(name: &str) -> ClientRecord {
    ClientRecord {
        profile: profile(name),
        id: id(),
        template: Some("field-app".parse().unwrap()),
        metadata: None,
        secret: Some(SecretAtRest { hash: SecretHash::of("s"), expires_at: None }),
        provenance: Provenance {
            registrant: Registrant::Client { client_id: "enroller".into() },
            revision: Revision(1),
        },
    }
}

pub(crate) fn paid_by(token: Option<OrderedId>) -> NewRegistration {
    NewRegistration {
        client: client("staff"),
        at: NOW,
        spends: token,
        events: vec![event(EventKind::InitialAccessTokenSpent), event(EventKind::ClientRegistered)],
    }
}

pub(crate) fn token() -> InitialAccessTokenRecord {
    InitialAccessTokenRecord {
        id: id(),
        hash: SecretHash::of("t"),
        origin: Origin::ClientCredentials { client_id: "enroller".into() },
        expires_at: Timestamp::from_seconds(NOW.seconds() + 600),
        spent_at: None,
        revoked_at: None,
    }
}

pub(crate) fn directory(name: &str) -> DirectoryName {
    name.parse().unwrap()
}

pub(crate) fn directory_event(name: &str, kind: EventKind, user: UserId) -> DirectoryEvent {
    DirectoryEvent {
        id: id(),
        directory: directory(name),
        kind,
        subject: user.to_string(),
        detail: Map::new(),
    }
}

pub(crate) fn user(name_key: &str) -> UserRecord {
    let user = User {
        id: UserId(id()),
        username: name_key.to_uppercase(),
        claims: Map::from_iter([("email".to_owned(), json!("a@example.com"))]),
        disabled_at: None,
        not_before: NOW,
    };
    UserRecord { user, name_key: name_key.to_owned(), password_hash: Some("$argon2id$".to_owned()) }
}

/// Adds a user to a directory.
pub(crate) async fn added(store: &dyn Store, name: &str, user: UserRecord) -> UserId {
    let id = user.user.id;
    let event = directory_event(name, EventKind::UserAdded, id);
    assert_eq!(store.add_users(vec![(user, event)]).await.unwrap(), [Addition::Added]);
    id
}

pub(crate) fn session(user: UserId) -> Session {
    Session {
        id: id(),
        hash: SecretHash::of("s"),
        frame_hash: None,
        counts_in: None,
        user,
        authentication: Authentication { at: NOW, by: Authenticator::Password },
        used_at: NOW,
        expires_at: Timestamp::from_seconds(NOW.seconds() + 3_600),
        ended_at: None,
    }
}

pub(crate) fn later(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

pub(crate) fn code(user: UserId) -> CodeRecord {
    CodeRecord {
        id: id(),
        hash: SecretHash::of("c"),
        client_id: "app".into(),
        redirect_uri: "https://app.example/cb".into(),
        challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        scope: "openid orders:read".parse().unwrap(),
        nonce: Some("n".into()),
        user,
        session: id(),
        authentication: Authentication { at: NOW, by: Authenticator::Password },
        expires_at: later(60),
        used_at: None,
    }
}

pub(crate) fn grant(code: &CodeRecord) -> GrantRecord {
    GrantRecord {
        id: id(),
        client_id: code.client_id.clone(),
        user: code.user,
        session: code.session,
        authentication: code.authentication,
        scope: code.scope.clone(),
        refresh: None,
        expires_at: later(86_400 * 365),
        ended_at: None,
    }
}
