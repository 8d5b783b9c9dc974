//! What is written down about what happened.
//!
//! An [`Event`] is an outcome that changed state; it is stored in the transaction of that change, so that there is
//! never the one without the other. What changed nothing (authentications, refusals) is counted by the server and
//! stored in batches.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::names::{DirectoryName, ProfileName};
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
    /// Somebody can sign in who could not.
    UserAdded,
    /// A user has another password.
    UserPasswordChanged,
    /// A user cannot sign in any more, and everything given in their name has ended.
    UserDisabled,
    /// A user can sign in again.
    UserEnabled,
    /// A user proved who they are, and a session began.
    UserSignedIn,
    /// A session ended before its time.
    SessionEnded,
    /// A user let a client have something, and that is remembered.
    ConsentGiven,
    /// A client was given tokens in the name of a user.
    GrantIssued,
    /// Those tokens were taken back.
    GrantEnded,
    /// A code was presented twice, and what it gave was taken back.
    AuthorizationCodeReplayed,
    /// A dead refresh token was presented, and its family ended.
    RefreshTokenReused,
    /// An access token was taken back.
    AccessTokenRevoked,
    /// Everything that a client was given before has ended.
    ClientRevoked,
    /// Everything that was given in the name of a user before has ended.
    UserRevoked,
    /// A session has ended, and everything that was given in it.
    SessionRevoked,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 21] = [
        Self::InitialAccessTokenIssued,
        Self::InitialAccessTokenSpent,
        Self::InitialAccessTokenRevoked,
        Self::ClientRegistered,
        Self::DefinitionsChanged,
        Self::SigningKeyCreated,
        Self::UserAdded,
        Self::UserPasswordChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserSignedIn,
        Self::SessionEnded,
        Self::ConsentGiven,
        Self::GrantIssued,
        Self::GrantEnded,
        Self::AuthorizationCodeReplayed,
        Self::RefreshTokenReused,
        Self::AccessTokenRevoked,
        Self::ClientRevoked,
        Self::UserRevoked,
        Self::SessionRevoked,
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
            Self::UserAdded => "user-added",
            Self::UserPasswordChanged => "user-password-changed",
            Self::UserDisabled => "user-disabled",
            Self::UserEnabled => "user-enabled",
            Self::UserSignedIn => "user-signed-in",
            Self::SessionEnded => "session-ended",
            Self::ConsentGiven => "consent-given",
            Self::GrantIssued => "grant-issued",
            Self::GrantEnded => "grant-ended",
            Self::AuthorizationCodeReplayed => "authorization-code-replayed",
            Self::RefreshTokenReused => "refresh-token-reused",
            Self::AccessTokenRevoked => "access-token-revoked",
            Self::ClientRevoked => "client-revoked",
            Self::UserRevoked => "user-revoked",
            Self::SessionRevoked => "session-revoked",
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

/// An outcome that changed state in a directory of users, which no single profile owns.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryEvent {
    /// Its own name, which sorts by time.
    pub id: OrderedId,
    /// Where it happened.
    pub directory: DirectoryName,
    /// What happened.
    pub kind: EventKind,
    /// The user that it happened to.
    pub subject: String,
    /// What else there is to say. Never a secret.
    pub detail: Map<String, Value>,
}

impl DirectoryEvent {
    /// When it happened.
    pub const fn at(&self) -> Timestamp {
        self.id.made_at()
    }
}
