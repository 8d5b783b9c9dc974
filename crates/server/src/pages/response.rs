//! From a page to a response, with everything that a browser is told to be careful about.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{self, HeaderName};

/// The stylesheet of every page.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The stylesheet as a source of a policy (CSP Level 3 §2.3.1): it may stand in the page, and no other.
pub(super) static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, STYLE.as_bytes()))));

/// What a page may do: show itself, and nothing that came from elsewhere.
///
/// There is no `form-action`, on purpose: Chromium applies it to the redirects after a form was sent too, and the last
/// of them leads to the client. A form that somebody slipped in is kept out by escaping, not by this.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STYLE_SOURCE.as_str();
    format!("default-src 'none'; style-src {style}; img-src 'self'; base-uri 'none'; frame-ancestors 'none'")
});

/// A page that nobody may frame.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    let mut response = with_policy(status, page, &POLICY);
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A page under a policy of its own, which says who may frame it.
///
/// There is no `Cross-Origin-Opener-Policy`, on purpose: in a popup, the page of the assisted token answers its opener.
pub(super) fn with_policy(status: StatusCode, page: &impl Template, policy: &str) -> Response {
    let (body, policy) = match (page.render(), HeaderValue::from_str(policy)) {
        (Ok(body), Ok(policy)) => (body, policy),
        (Err(error), _) => return unwritable(&error),
        // Without its policy no page is let out.
        (_, Err(error)) => return unwritable(&error),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
        (
            PERMISSIONS_POLICY,
            HeaderValue::from_static(
                "camera=(), display-capture=(), geolocation=(), microphone=(), payment=()",
            ),
        ),
    ];
    (status, headers, body).into_response()
}

fn unwritable(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a page could not be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
