//! Single sign-on: a browser that somebody signed in with.

use std::time::Duration;

use primitives::audit::{Event, EventKind};
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::secret::{NamedSecret, SecretHash};
use primitives::store::StoreError;
use serde_json::{Map, json};

use crate::authentication::Authentication;
use crate::user::{User, UserId};
use crate::world::World;

/// How old what is written of a session's last use may be: each use that is written is a write.
const TOUCHED_EVERY: Duration = Duration::from_secs(60);

/// How long sessions live, and where they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// How long a session lives at most.
    pub absolute: Duration,
    /// How long it lives while nobody uses it.
    pub idle: Duration,
    /// The profile that its sessions count in; `None`: in all profiles of the directory that say the same.
    pub counts_in: Option<ProfileName>,
}

/// A session at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: OrderedId,
    /// The hash of what the browser's cookie holds.
    pub hash: SecretHash,
    /// The hash of what the cookie for frames of other sites holds, where there is one.
    pub frame_hash: Option<SecretHash>,
    /// The profile that it counts in; `None`: in all that share sessions in the directory.
    pub counts_in: Option<ProfileName>,
    /// Who signed in.
    pub user: UserId,
    /// When and how.
    pub authentication: Authentication,
    /// When it was last used. Written down once a minute at most.
    pub used_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// Whether it is good at this moment.
    pub fn is_good(&self, now: Timestamp, rules: &SessionRules) -> bool {
        self.ended_at.is_none()
            && now < self.expires_at
            && now < self.used_at.plus(rules.idle)
            && now < self.authentication.at.plus(rules.absolute)
            && self.counts_in == rules.counts_in
    }
}

/// The cookies that a session is proven by. Each has a secret of its own under the session's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCookie {
    /// The one that the browser sends to this server.
    Own,
    /// The one that it also sends from frames within other sites, where sessions may be looked at and no more.
    Frame,
}

impl SessionCookie {
    /// What its value begins with, so that leaked ones can be found.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Own => "mss_",
            Self::Frame => "mfs_",
        }
    }
}

/// The session that a cookie proves and that is good, with its user. `None` is all that is said of any other: unknown,
/// forged, ended, grown old, another profile's, or of a user who cannot stand by it any more.
///
/// That it was used is written down, once a minute at most.
///
/// # Errors
/// The store did not answer.
pub async fn find(
    text: &str,
    cookie: SessionCookie,
    world: &World<'_>,
) -> Result<Option<(Session, User)>, StoreError> {
    let now = world.clock.now();
    let Some((mut session, user)) = proven(text, cookie, world).await? else { return Ok(None) };
    if !session.is_good(now, world.rules) || !user.stands_by(session.authentication.at) {
        return Ok(None);
    }
    if now >= session.used_at.plus(TOUCHED_EVERY) {
        world.sessions.touch_session(world.directory, session.id, now).await?;
        session.used_at = now;
    }
    Ok(Some((session, user)))
}

/// The session that a cookie proves, whether or not it is good. One look, and one hash that is compared in constant
/// time, whoever asks.
pub(crate) async fn proven(
    text: &str,
    cookie: SessionCookie,
    world: &World<'_>,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(secret) = NamedSecret::parse(cookie.prefix(), text) else { return Ok(None) };
    let found = world.effort.lookup(world.sessions.session(world.directory, secret.id())).await?;
    let hash = found.as_ref().and_then(|(session, _)| match cookie {
        SessionCookie::Own => Some(session.hash),
        SessionCookie::Frame => session.frame_hash,
    });
    let is_proven = hash.unwrap_or(SecretHash::NOBODYS).is_of(secret.reveal());
    Ok(found.filter(|_| is_proven))
}

/// Ends a session before its time; says whether it had not ended before.
///
/// # Errors
/// The store did not do it.
pub async fn end(session: &Session, world: &World<'_>) -> Result<bool, StoreError> {
    let event = Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.clone(),
        kind: EventKind::SessionEnded,
        client_id: None,
        subject: Some(session.user.to_string()),
        detail: Map::from_iter([("session".to_owned(), json!(session.id.to_string()))]),
    };
    world.sessions.end_session(world.directory, session.id, event).await
}
