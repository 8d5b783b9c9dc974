//! The introspection endpoint (RFC 7662 §2).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use issuance::introspect::{IntrospectionRefusal, introspect};

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
    let form = match read_form(&headers, body, (&app, &asked), ActivityKind::IntrospectionRefused).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let profile = asked.profile.definitions.profile();
    match introspect(authorization(&headers), &form, &app.world(&asked.profile)).await {
        Ok((client, response)) => {
            let kind = ActivityKind::IntrospectionAnswered;
            app.activity().answered(profile, kind, client.id(), app.clock().now());
            error::json(StatusCode::OK, &response)
        }
        Err(refusal) => {
            let known = match &refusal {
                IntrospectionRefusal::Authentication(error) => Some(of_authentication(error)),
                IntrospectionRefusal::Presentation(_) => {
                    Some((ActivityKind::ClientAuthenticationRefused, "not-presented"))
                }
                IntrospectionRefusal::PublicClient => {
                    Some((ActivityKind::IntrospectionRefused, "public-client"))
                }
                IntrospectionRefusal::NoToken => Some((ActivityKind::IntrospectionRefused, "no-token")),
                IntrospectionRefusal::Store(_) => None,
            };
            if let Some((kind, reason)) = known {
                app.activity().refused(profile, kind, reason, (asked.peer, app.clock().now()));
            }
            error::of_introspection(&refusal, profile.as_str())
        }
    }
}
