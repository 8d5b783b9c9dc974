//! What is written down about what happened.
//!
//! An [`Event`] is an outcome that changed state; it is stored in the transaction of that change, so that there is
//! never the one without the other. What changed nothing (authentications, refusals) is counted by the server and
//! stored in batches.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::definitions::ProfileName;
use crate::ordered_id::OrderedId;

/// The kinds of outcomes that change state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An initial access token was handed out.
    InitialAccessTokenIssued,
    /// It paid for a client.
    InitialAccessTokenSpent,
    /// It was taken back unspent.
    InitialAccessTokenRevoked,
    /// A client came into being.
    ClientRegistered,
    /// What the operator has laid down changed.
    DefinitionsChanged,
    /// A key to sign tokens with was made.
    SigningKeyCreated,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::InitialAccessTokenIssued,
        Self::InitialAccessTokenSpent,
        Self::InitialAccessTokenRevoked,
        Self::ClientRegistered,
        Self::DefinitionsChanged,
        Self::SigningKeyCreated,
    ];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InitialAccessTokenIssued => "initial-access-token-issued",
            Self::InitialAccessTokenSpent => "initial-access-token-spent",
            Self::InitialAccessTokenRevoked => "initial-access-token-revoked",
            Self::ClientRegistered => "client-registered",
            Self::DefinitionsChanged => "definitions-changed",
            Self::SigningKeyCreated => "signing-key-created",
        }
    }
}

/// An outcome that changed state.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its own name, which sorts by time.
    pub id: OrderedId,
    /// Where it happened.
    pub profile: ProfileName,
    /// What happened.
    pub kind: EventKind,
    /// The client that it happened to, or that brought it about.
    pub client_id: Option<String>,
    /// The user that brought it about.
    pub subject: Option<String>,
    /// What else there is to say. Never a secret.
    pub detail: Map<String, Value>,
}

impl Event {
    /// When it happened.
    pub const fn at(&self) -> Timestamp {
        self.id.made_at()
    }
}
