//! Addresses of the web: pages for people, and places that this server goes to.

use url::{Host, Url};

/// Which schemes are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Schemes {
    /// `https` only: somebody acts on what is there.
    Https,
    /// `https` and `http`: a page that a person may look at.
    HttpsOrHttp,
}

/// Whether a string is an address of that kind; what is wrong with it, where it is not.
pub(super) fn check(text: &str, schemes: Schemes) -> Result<(), String> {
    characters(text)?;
    let url = Url::parse(text).map_err(|error| format!("is not an absolute URI ({error})"))?;
    match url.scheme() {
        "https" => {}
        "http" if schemes == Schemes::HttpsOrHttp => {}
        other if schemes == Schemes::Https => return Err(format!("has the scheme '{other}': use https")),
        other => return Err(format!("has the scheme '{other}': use https or http")),
    }
    if url.host().is_none_or(|host: Host<&str>| matches!(host, Host::Domain(""))) {
        return Err("has no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name in it: leave it out".to_owned());
    }
    Ok(())
}

/// RFC 3986 §2: a URI has no spaces, no control characters, no backslashes, and nothing beyond ASCII. What parsers
/// forgive here, they forgive differently.
pub(super) fn characters(text: &str) -> Result<(), String> {
    match text.chars().find(|c| {
        !matches!(c, '!'..='~') || matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
    }) {
        None => Ok(()),
        Some(c) if !c.is_ascii() => {
            Err("has a character beyond ASCII: write hosts in punycode (xn--) and the rest percent-encoded"
                .to_owned())
        }
        Some(c) => {
            Err(format!("has the character '{}', which no URI may have (RFC 3986)", c.escape_default()))
        }
    }
}
