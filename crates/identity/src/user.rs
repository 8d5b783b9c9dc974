//! Users.

use std::fmt;
use std::str::FromStr;

use primitives::clock::Timestamp;
use primitives::deception::{deceives, is_odd_space};
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

/// The most characters that a user name has.
pub const MAX_USERNAME: usize = 128;

/// What somebody types to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// Text that is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAUsername {
    /// There is nothing in it.
    #[error("a user name is not blank")]
    Blank,
    /// It has more than [`MAX_USERNAME`] characters.
    #[error("a user name has at most {MAX_USERNAME} characters")]
    TooLong,
    /// It has a character that nobody sees.
    #[error("a user name has no invisible characters, as U+{:04X} is", u32::from(*.0))]
    Invisible(char),
}

impl Username {
    /// The name, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the user is found by: the name in lower case. People and their phones begin names with a capital, and two
    /// users whose names differ by no more than that would be mistaken for each other.
    pub fn name_key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Username {
    type Err = NotAUsername;

    /// Reads a name; spaces around it are forgiven.
    fn from_str(text: &str) -> Result<Self, NotAUsername> {
        let name = text.trim();
        if name.is_empty() {
            return Err(NotAUsername::Blank);
        }
        if name.chars().count() > MAX_USERNAME {
            return Err(NotAUsername::TooLong);
        }
        match name.chars().find(|c| is_invisible(*c)) {
            Some(invisible) => Err(NotAUsername::Invisible(invisible)),
            None => Ok(Self(name.to_owned())),
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether two names that differ by this character alone look the same. Names are compared, so the joiners of some
/// scripts, which other text may have, are among them.
fn is_invisible(c: char) -> bool {
    deceives(c) || is_odd_space(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_capitalised_and_shown_as_it_was_written() {
        let name: Username = " Ålice Smith\t".parse().unwrap();
        assert_eq!((name.as_str(), name.name_key().as_str()), ("Ålice Smith", "ålice smith"));
        assert_eq!("ÅLICE SMITH".parse::<Username>().unwrap().name_key(), name.name_key());
        assert!("é".repeat(128).parse::<Username>().is_ok());
    }

    #[test]
    fn what_could_be_mistaken_for_another_name_is_refused() {
        assert_eq!(" \u{3000}".parse::<Username>(), Err(NotAUsername::Blank));
        assert_eq!("é".repeat(129).parse::<Username>(), Err(NotAUsername::TooLong));
        for hidden in
            ['\0', '\n', '\u{7f}', '\u{a0}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2800}']
        {
            let said = format!("al{hidden}ice").parse::<Username>();
            assert_eq!(said, Err(NotAUsername::Invisible(hidden)));
        }
        assert_eq!(
            NotAUsername::Invisible('\u{ad}').to_string(),
            "a user name has no invisible characters, as U+00AD is"
        );
    }

    #[test]
    fn what_was_given_before_the_mark_is_not_stood_by() {
        let at = Timestamp::from_seconds;
        let mut user = User {
            id: UserId(OrderedId::from_bytes([1; 16])),
            username: "alice".to_owned(),
            claims: Map::new(),
            disabled_at: None,
            not_before: at(100),
        };
        assert!(!user.stands_by(at(99)) && user.stands_by(at(100)));
        user.disabled_at = Some(at(200));
        assert!(!user.stands_by(at(100)), "a disabled user stands by nothing");
    }
}
