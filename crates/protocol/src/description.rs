//! The `error_description` of every error that we send (RFC 6749 §5.2, RFC 6750 §3, RFC 7591 §3.2.2).

use std::fmt;

use serde::{Serialize, Serializer};

/// The longest description that is sent, in characters.
pub const MAX_LENGTH: usize = 1_000;

/// A word that a stranger sent, short enough to leave room for what is to be said of it.
pub fn quoted(word: &str) -> String {
    match word.char_indices().nth(MAX_QUOTED) {
        None => format!("'{word}'"),
        Some((end, _)) => format!("'{}...'", word.get(..end).unwrap_or_default()),
    }
}

/// The longest word that is quoted in full, in characters.
const MAX_QUOTED: usize = 64;

/// Text that may stand in an `error_description`: characters `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2), bounded.
///
/// Whatever a stranger sent can be quoted in one: what has no place in it becomes `?`, so that neither a header nor
/// a terminal nor a log line can be written through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Makes any text fit.
    pub fn new(text: &str) -> Self {
        let mut safe: String = text
            .chars()
            .take(MAX_LENGTH + 1)
            .map(|c| match c {
                '"' => '\'',
                '\\' => '/',
                ' '..='~' => c,
                _ => '?',
            })
            .collect();
        if safe.len() > MAX_LENGTH {
            safe.truncate(MAX_LENGTH - 4);
            safe.push_str(" ...");
        }
        Self(safe)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Description {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Description {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Description {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_smuggled_through_a_description() {
        let hostile = "a\"b\\c\r\nSet-Cookie: x\u{202e}\u{7f}é";
        assert_eq!(Description::new(hostile).as_str(), "a'b/c??Set-Cookie: x???");
    }

    #[test]
    fn what_a_stranger_sent_is_quoted_in_short() {
        assert_eq!(quoted("telepathy"), "'telepathy'");
        assert_eq!(quoted(&"\u{e9}".repeat(65)), format!("'{}...'", "\u{e9}".repeat(64)));
    }

    #[test]
    fn a_description_is_bounded() {
        let long = Description::new(&"x".repeat(5_000));
        assert_eq!(long.as_str().len(), MAX_LENGTH);
        assert!(long.as_str().ends_with(" ..."));
    }
}
