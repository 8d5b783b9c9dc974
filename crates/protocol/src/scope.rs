//! Scopes (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The scope of an initial access token. It is good for registering and for nothing else.
pub const DCR: &str = "dcr";

/// The scope of a token that manages the registered clients of a profile.
pub const DCRM: &str = "dcrm";

/// Scopes that this server gives a meaning of its own: no client may have them in its registration.
pub const RESERVED: [&str; 2] = [DCR, DCRM];

/// A client that asks for it gets an ID token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";

/// What is given lives on when the user has signed out (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Scopes that say what a client learns of a user, or for how long, and nothing about an API (OpenID Connect Core §5.4,
/// §11). Every profile in which people sign in has them.
pub const OF_IDENTITY: [&str; 6] = [OPENID, "profile", "email", "address", "phone", OFFLINE_ACCESS];

/// A set of scope tokens. The order in which they were sent means nothing (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(BTreeSet<Box<str>>);

/// A scope token has a character outside `%x21 / %x23-5B / %x5D-7E`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a scope token (RFC 6749 section 3.3): use printable ASCII without quotes and backslashes"
)]
pub struct NotAScope(String);

impl Scope {
    /// No scope at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this token is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether the set is just this token.
    pub fn is_only(&self, token: &str) -> bool {
        self.0.len() == 1 && self.contains(token)
    }

    /// Whether all of these are among `others`.
    pub fn is_subset(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// All but this token.
    #[must_use]
    pub fn without(&self, token: &str) -> Self {
        Self(self.0.iter().filter(|known| &***known != token).cloned().collect())
    }

    /// The tokens, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Reads tokens that stand each for itself, as in a configuration's list.
    ///
    /// # Errors
    /// The first one that is no scope token.
    pub fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAScope> {
        tokens.into_iter().map(token).collect::<Result<_, _>>().map(Self)
    }
}

fn token(text: &str) -> Result<Box<str>, NotAScope> {
    let fits = !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    if fits { Ok(text.into()) } else { Err(NotAScope(text.to_owned())) }
}

impl FromStr for Scope {
    type Err = NotAScope;

    /// Reads the space-separated form. Runs of spaces are forgiven: real clients send them.
    fn from_str(text: &str) -> Result<Self, NotAScope> {
        Self::from_tokens(text.split(' ').filter(|part| !part.is_empty()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(token)?;
        }
        Ok(())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_set() {
        let asked: Scope = "write  read write ".parse().unwrap();
        assert_eq!(asked.to_string(), "read write");
        assert_eq!(asked, "read write".parse().unwrap());
        assert!("".parse::<Scope>().unwrap().is_empty());
    }

    #[test]
    fn a_token_outside_the_grammar_is_refused_and_named() {
        for bad in ["a\"b", "a\\b", "a\tb", "é", "a\nb"] {
            assert_eq!(bad.parse::<Scope>(), Err(NotAScope(bad.to_owned())));
        }
    }
}
