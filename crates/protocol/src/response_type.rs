//! Response types (RFC 7591 §2, `response_types`; OAuth 2.0 Multiple Response Type Encoding Practices).

use crate::word::word;

word! {
    /// What the authorization endpoint answers with. Composite names are in the order of their registration; a
    /// client that orders the words differently means the same, see [`ResponseType::read`].
    ResponseType {
        /// An authorization code.
        Code = "code",
        /// An access token in the fragment.
        Token = "token",
        /// An ID token in the fragment.
        IdToken = "id_token",
        /// Both of them.
        IdTokenToken = "id_token token",
        /// Hybrid: code and ID token.
        CodeIdToken = "code id_token",
        /// Hybrid: code and access token.
        CodeToken = "code token",
        /// Hybrid: all three.
        CodeIdTokenToken = "code id_token token",
    }
}

impl ResponseType {
    /// Reads a name whatever the order of its words (RFC 6749 §3.1.1: the order does not matter).
    pub fn read(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        words.join(" ").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter() {
        assert_eq!(ResponseType::read("token code id_token"), Some(ResponseType::CodeIdTokenToken));
        assert_eq!(ResponseType::read("code"), Some(ResponseType::Code));
        assert_eq!(ResponseType::read("code code"), None);
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::read(known.as_str()), Some(*known));
        }
    }
}
