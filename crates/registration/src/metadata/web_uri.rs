//! Addresses of the web: pages for people, and places that this server goes to.

use protocol::description::quoted;
use protocol::uri::stranger_in;
use url::Url;

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
        other if schemes == Schemes::Https => {
            return Err(format!("has the scheme {}: use https", quoted(other)));
        }
        other => return Err(format!("has the scheme {}: use https or http", quoted(other))),
    }
    // The parser would take «https:host» and «https:///host» too, and others would not, or would find another host.
    let authority =
        text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let Some(authority) = authority.filter(|authority| !authority.is_empty()) else {
        return Err("has no host".to_owned());
    };
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Err("has a user name in it: leave it out".to_owned());
    }
    Ok(())
}

/// Whether a string is written with the characters of URIs; what is wrong with it, where it is not.
pub(super) fn characters(text: &str) -> Result<(), String> {
    match stranger_in(text) {
        None => Ok(()),
        Some(c) if !c.is_ascii() => {
            Err("has a character beyond ASCII: write hosts in punycode (xn--) and the rest percent-encoded"
                .to_owned())
        }
        // By number, since some of them cannot be shown in an error_description.
        Some(c) => Err(format!("has the character U+{:04X}, which no URI may have (RFC 3986)", u32::from(c))),
    }
}
