//! The port to the audit log.

use async_trait::async_trait;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::store::StoreError;

/// Something that happened and changed nothing, so many times in one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Where.
    pub profile: ProfileName,
    /// What: a word such as `token-issued`.
    pub kind: &'static str,
    /// Why, for refusals; otherwise empty.
    pub reason: &'static str,
    /// Who, where it was proven; otherwise empty.
    pub client_id: String,
    /// From where, as a network; empty where it does not matter, `*` for many.
    pub network: String,
    /// How often.
    pub count: u64,
    /// The first time. It says which minute this is of.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When it happened; of something that happened several times, the last time.
    pub at: Timestamp,
    /// The profile that it happened in; `None` for what happened in a directory.
    pub profile: Option<String>,
    /// The directory of users that it happened in.
    pub directory: Option<String>,
    /// What.
    pub kind: String,
    /// Who, or whom it happened to.
    pub client_id: Option<String>,
    /// The user that brought it about.
    pub subject: Option<String>,
    /// From where.
    pub network: Option<String>,
    /// How often.
    pub count: u64,
    /// What else there is to say, as a JSON object.
    pub detail: String,
}

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Initial access tokens, assertions and sessions that ended before this are forgotten.
    pub ended_before: Timestamp,
    /// Outcomes before this are forgotten.
    pub events_before: Timestamp,
    /// Activity before this is forgotten.
    pub activity_before: Timestamp,
    /// The most rows that are deleted of each kind in one go, so that nobody waits for it.
    pub at_most: u32,
}

/// How many rows were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Initial access tokens.
    pub initial_access_tokens: usize,
    /// Assertions.
    pub assertions: usize,
    /// Sessions.
    pub sessions: usize,
    /// Requests that nobody answered.
    pub requests: usize,
    /// Authorization codes.
    pub codes: usize,
    /// Grants.
    pub grants: usize,
    /// Access tokens, kept or revoked.
    pub access_tokens: usize,
    /// Outcomes.
    pub events: usize,
    /// Minutes of activity.
    pub activity: usize,
}

impl Cleaned {
    /// Whether there may be more of the kind that was limited.
    pub fn reached(&self, at_most: u32) -> bool {
        let Self {
            initial_access_tokens,
            assertions,
            sessions,
            requests,
            codes,
            grants,
            access_tokens,
            events,
            activity,
        } = *self;
        let kinds = [
            initial_access_tokens,
            assertions,
            sessions,
            requests,
            codes,
            grants,
            access_tokens,
            events,
            activity,
        ];
        kinds.into_iter().any(|count| count >= at_most as usize)
    }
}

/// Where the audit log is kept, and what is forgotten after a while.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds to the counts of each minute.
    async fn record_activity(&self, activity: Vec<Activity>) -> Result<(), StoreError>;

    /// What happened at or after a moment, in order of time, at most so many entries: the newest of them.
    async fn audit_since(&self, since: Timestamp, at_most: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Forgets what has had its time.
    async fn clean(&self, retention: Retention) -> Result<Cleaned, StoreError>;
}
