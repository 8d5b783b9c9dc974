//! The revocation endpoint (RFC 7009 §2).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http::header;
use issuance::revoke::{RevocationRefusal, revoke};

use super::token::{authorization, of_authentication, read_form};
use super::{Asked, error};
use crate::activity::ActivityKind;
use crate::app::App;

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match read_form(&headers, body, (&app, &asked), ActivityKind::RevocationRefused).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let profile = asked.profile.definitions.profile();
    match revoke(authorization(&headers), &form, &app.world(&asked.profile)).await {
        Ok(client) => {
            app.activity().answered(
                profile,
                ActivityKind::RevocationAnswered,
                client.id(),
                app.clock().now(),
            );
            // RFC 7009 §2.2: the body is not looked at.
            (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response()
        }
        Err(refusal) => {
            let known = match &refusal {
                RevocationRefusal::Authentication(error) => Some(of_authentication(error)),
                RevocationRefusal::Presentation(_) => {
                    Some((ActivityKind::ClientAuthenticationRefused, "not-presented"))
                }
                RevocationRefusal::NoToken => Some((ActivityKind::RevocationRefused, "no-token")),
                RevocationRefusal::Store(_) => None,
            };
            if let Some((kind, reason)) = known {
                app.activity().refused(profile, kind, reason, (asked.peer, app.clock().now()));
            }
            error::of_revocation(&refusal, profile.as_str())
        }
    }
}
