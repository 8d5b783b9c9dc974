//! An access token for a client: the signature.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use protocol::jose::{SignatureAlgorithm, SigningKey};
use serde_json::json;

use super::now_ms;

pub(super) fn router() -> anyhow::Result<Router> {
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256)?;
    let key = Arc::new(key);
    Ok(Router::new().route(
        "/token",
        post(move |_body: Bytes| {
            let key = Arc::clone(&key);
            async move {
                let now = now_ms() / 1_000;
                let claims = json!({
                    "iss": "http://localhost:8700/staff", "aud": "https://orders.example", "iat": now, "exp": now + 600,
                    "sub": "06h0fiii0c000eev642oo0s7ig", "client_id": "06h0fiii0c000eev642oo0s7ig",
                    "jti": "ao9RPtiv-qMkNzIGLeeMMA", "scope": "orders:read orders:write",
                });
                match key.sign_jwt("at+jwt", &claims) {
                    Ok(token) => (
                        [(header::CONTENT_TYPE, "application/json")],
                        format!(
                            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600,"scope":"orders:read orders:write"}}"#
                        ),
                    )
                        .into_response(),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }
        }),
    ))
}
