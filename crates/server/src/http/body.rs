//! Bodies: bounded in size, in time, and all of them together in memory ([`crate::body_memory`]).

use axum::body::Body;
use http::HeaderMap;
use http::header;
use http_body_util::BodyExt;

use crate::app::App;
use crate::body_memory::{Full, Held};

/// The largest body that is looked at, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// How much of a body that is too large is read and thrown away, so that its sender gets to read why.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyRefusal {
    /// Larger than [`MAX_BODY`].
    TooLarge,
    /// Not of the type that the endpoint takes.
    WrongType(&'static str),
    /// Compressed, or wrapped in some other way.
    Encoded,
    /// Too much is arriving at once.
    TooMany,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke.
    Broken,
}

impl BodyRefusal {
    /// The word in the audit log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "body-too-large",
            Self::WrongType(_) => "body-of-another-type",
            Self::Encoded => "body-encoded",
            Self::TooMany => "too-many-bodies",
            Self::TooSlow => "body-too-slow",
            Self::Broken => "body-broken",
        }
    }
}

/// Reads a body of one media type.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    wanted: &'static str,
    app: &App,
) -> Result<Held, BodyRefusal> {
    if !is_of_type(headers, wanted) {
        return Err(BodyRefusal::WrongType(wanted));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(BodyRefusal::Encoded);
    }
    let arriving = collect(headers, body, app.body_memory().begin());
    tokio::time::timeout(app.limits().request, arriving).await.unwrap_or(Err(BodyRefusal::TooSlow))
}

async fn collect(headers: &HeaderMap, mut body: Body, mut collected: Held) -> Result<Held, BodyRefusal> {
    // Whoever asks before sending is told before sending.
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if headers.contains_key(header::EXPECT) && announced.is_some_and(|length| length > MAX_BODY) {
        return Err(BodyRefusal::TooLarge);
    }
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_broken| BodyRefusal::Broken)?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > MAX_DISCARDED {
            break;
        }
        if length <= MAX_BODY {
            collected.take(&data).map_err(|Full| BodyRefusal::TooMany)?;
        }
    }
    if length > MAX_BODY { Err(BodyRefusal::TooLarge) } else { Ok(collected) }
}

/// Whether the body says that it is of this type, in UTF-8 where it says anything of that.
fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let Some(stated) = super::only(headers, &header::CONTENT_TYPE) else { return false };
    let mut parts = stated.split(';').map(str::trim);
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(wanted))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_says_what_it_is() {
        let is_json = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            is_of_type(&headers, "application/json")
        };
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=\"UTF-8\"; x=y"));
        for other in ["text/plain", "application/json; charset=latin1", "application/jsonx", ""] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!is_of_type(&HeaderMap::new(), "application/json"));
    }
}
