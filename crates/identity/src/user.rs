//! Users.

use std::fmt;
use std::str::FromStr;

use primitives::clock::Timestamp;
use primitives::ordered_id::{NotAnId, OrderedId};
use serde_json::{Map, Value};

/// The name of a user that never changes and is never given again: the `sub` of tokens (OpenID Connect Core §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub OrderedId);

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for UserId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.parse().map(Self)
    }
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// What they type to sign in, as it was first written.
    pub username: String,
    /// What is known of them, in the words of OpenID Connect Core §5.1. Never `sub`.
    pub claims: Map<String, Value>,
    /// Since when they cannot sign in any more.
    pub disabled_at: Option<Timestamp>,
    /// Whatever was given in this user's name before this moment is not good any more.
    pub not_before: Timestamp,
}

impl User {
    /// Whether what was given in this user's name at a moment is still good.
    pub fn stands_by(&self, given_at: Timestamp) -> bool {
        self.disabled_at.is_none() && given_at >= self.not_before
    }
}
