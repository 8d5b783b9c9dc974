//! The characters of URIs, and what a web origin is.

use url::Url;

/// A character that no URI has (RFC 3986 §2): a space, a control character, a backslash, something beyond ASCII. What
/// parsers forgive here, they forgive differently, so such text is refused before it is parsed.
pub fn stranger_in(text: &str) -> Option<char> {
    text.chars().find(|c| {
        !matches!(c, '!'..='~') || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
    })
}

/// Whether this is a web origin as browsers write it (RFC 6454 §6.2): scheme, host and port, and nothing that would mean
/// more in a policy or in `postMessage`. Hosts may have a `*` or a `;` in them as far as the parser knows.
pub fn is_web_origin(text: &str) -> bool {
    let means_itself = |b: u8| b.is_ascii_alphanumeric() || b".-_:/[]".contains(&b);
    text.bytes().all(means_itself)
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
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

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for origin in
            ["https://shop.example", "https://shop.example:8443", "http://localhost:3000", "http://[::1]:1"]
        {
            assert!(is_web_origin(origin), "{origin}");
        }
        for other in [
            "*",
            "null",
            "",
            "/",
            "'self'",
            "https://*.example",
            "https://shop.example/",
            "https://shop.example:443",
            "https://Shop.example",
            "https://shop.example;script-src",
            "https://user@shop.example",
            "ftp://shop.example",
            "https://",
        ] {
            assert!(!is_web_origin(other), "{other}");
        }
    }
}
