//! The keys that tokens are verified with (RFC 7517 §5, RFC 8414 §2 `jwks_uri`).

use axum::Extension;
use axum::response::Response;

use super::{Asked, server_metadata};

pub(crate) async fn get(Extension(asked): Extension<Asked>) -> Response {
    server_metadata::public_json(asked.profile.keys.jwks())
}
