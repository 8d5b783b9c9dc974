//! Single sign-on: a browser that somebody signed in with.

use std::time::Duration;

use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;

use crate::authentication::Authentication;
use crate::user::UserId;

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
