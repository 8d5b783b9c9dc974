//! The userinfo endpoint (OpenID Connect Core §5.3.1).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http::header;
use issuance::userinfo::{UserinfoRefusal, userinfo};
use protocol::bearer;

use super::{Asked, error, only};
use crate::activity::ActivityKind;
use crate::app::App;

/// GET and POST alike; the token stands in the header (RFC 6750 §2.1).
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
) -> Response {
    let profile = asked.profile.definitions.profile();
    if asked.profile.sign_in.is_none() {
        return error::not_found().await;
    }
    let refused = |reason: &'static str| {
        let kind = ActivityKind::UserinfoRefused;
        app.activity().refused(profile, kind, reason, (asked.peer, app.clock().now()));
    };
    let token = match headers.contains_key(header::AUTHORIZATION) {
        true => only(&headers, &header::AUTHORIZATION).and_then(bearer::token_of),
        false => {
            refused("token-missing");
            return error::no_token(profile.as_str());
        }
    };
    let claims = match token {
        Some(token) => userinfo(token, &app.world(&asked.profile)).await,
        None => Err(UserinfoRefusal::InvalidToken),
    };
    match claims {
        Ok(claims) => error::json(StatusCode::OK, &claims),
        Err(refusal) => {
            refused(match &refusal {
                UserinfoRefusal::InvalidToken => "token-not-good",
                UserinfoRefusal::InsufficientScope => "token-without-openid",
                UserinfoRefusal::Store(_) => "server-error",
            });
            error::of_userinfo(&refusal, profile.as_str())
        }
    }
}
