//! Authorization server metadata (RFC 8414 §3.2, OpenID Connect Discovery §4.2).

use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use http::HeaderValue;
use http::header;
use issuance::server_metadata::server_metadata;
use serde::Serialize;

use super::{Asked, error};

pub(crate) async fn get(Extension(asked): Extension<Asked>) -> Response {
    public_json(&server_metadata(&asked.profile))
}

/// JSON that is the same for everybody. A minute of caching takes the load off, and a change is seen soon.
pub(super) fn public_json(body: &impl Serialize) -> Response {
    let mut response = error::json(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    response
}
