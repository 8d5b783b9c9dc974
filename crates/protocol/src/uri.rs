//! The characters of URIs.

/// A character that no URI has (RFC 3986 §2): a space, a control character, a backslash, something beyond ASCII. What
/// parsers forgive here, they forgive differently, so such text is refused before it is parsed.
pub fn stranger_in(text: &str) -> Option<char> {
    text.chars().find(|c| {
        !matches!(c, '!'..='~') || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_made_of_the_characters_of_rfc_3986() {
        assert_eq!(stranger_in("https://a.example:8/b-c_d~e/?f=%20&g=[h]!$'()*+,;=@#i"), None);
        for (text, stranger) in
            [("a b", ' '), ("a\\b", '\\'), ("a\"b", '"'), ("a\tb", '\t'), ("b\u{fc}cher", '\u{fc}')]
        {
            assert_eq!(stranger_in(text), Some(stranger));
        }
    }
}
