//! What a request is called: in the `X-Request-Id` of its answer, and in the lines of the log that it causes.
//!
//! A name costs 16 random bytes and one small allocation. It stands beside the task that answers the request, and whoever
//! formats a line of the log looks there ([`crate::logging`]): a request that nothing is logged of makes no span, and
//! formats nothing.

use std::fmt;

use http::HeaderValue;
use http::header::{HeaderMap, HeaderName};
use primitives::random::Randomness;
use protocol::jose::encode_base64url;

/// The header with the name of a request.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that we take down from others.
const MAX_THEIRS: usize = 64;

tokio::task_local! {
    /// The request that the task is answering.
    static REQUEST: RequestName;
}

/// The names of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestName {
    ours: HeaderValue,
    /// What whoever asked calls it. Anybody can write anything there, so it names nothing here, and is only told.
    theirs: Option<HeaderValue>,
}

impl RequestName {
    /// Names a request.
    pub(crate) fn draw(random: &dyn Randomness, headers: &HeaderMap) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        // Letters, digits, `-` and `_` can always stand in a header.
        let ours = HeaderValue::try_from(encode_base64url(bytes));
        let ours = ours.unwrap_or_else(|_never| HeaderValue::from_static("-"));
        Self { ours, theirs: theirs(headers).cloned() }
    }

    /// The value of the header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.ours.clone()
    }

    /// Works under this name.
    pub(crate) async fn answer<T>(self, work: impl Future<Output = T>) -> T {
        REQUEST.scope(self, work).await
    }
}

/// What whoever asked calls the request, where it can stand in a log as it is.
fn theirs(headers: &HeaderMap) -> Option<&HeaderValue> {
    let value = headers.get(X_REQUEST_ID)?;
    let bytes = value.as_bytes();
    let is_harmless = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    (is_harmless && (1..=MAX_THEIRS).contains(&bytes.len())).then_some(value)
}

/// The members of a line of the log that say which request it is about; none where it is about none.
pub(crate) fn members(mut told: impl FnMut(&'static str, &str) -> fmt::Result) -> fmt::Result {
    let tell = |request: &RequestName| {
        told("request", request.ours.to_str().unwrap_or_default())?;
        let theirs = request.theirs.as_ref().and_then(|theirs| theirs.to_str().ok());
        theirs.map_or(Ok(()), |theirs| told("client_request", theirs))
    };
    REQUEST.try_with(tell).unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(value: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        theirs(&headers).is_some()
    }

    #[test]
    fn a_name_of_others_is_taken_down_only_where_it_is_short_and_harmless() {
        for good in ["7", "a.b_c-D9", &"x".repeat(64)] {
            assert!(taken(good.as_bytes()), "{good}");
        }
        for bad in [&b""[..], b"a b", b"a=b", b"a\"b", b"{}", b"\xc3\xa9", b"a\tb", &[b'x'; 65]] {
            assert!(!taken(bad), "{bad:?}");
        }
        assert!(theirs(&HeaderMap::new()).is_none());
    }
}
