//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http::header;
use issuance::client_authentication::AuthenticationError;
use issuance::token::{TokenRefusal, token};
use protocol::form::Form;
use protocol::scope::DCR;
use protocol::token::TokenResponse;

use super::{Asked, body, error, only};
use crate::activity::ActivityKind;
use crate::app::App;

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match read_form(&headers, body, (&app, &asked), ActivityKind::TokenRefused).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let profile = asked.profile.definitions.profile();
    let answer = token(authorization(&headers), &form, &app.world(&asked.profile)).await;
    let now = app.clock().now();
    match answer {
        Ok(answer) => {
            // That an initial access token was handed out is an outcome, and told as one.
            if !answer.token.scope.contains(DCR) {
                app.activity().answered(profile, ActivityKind::TokenIssued, &answer.client_id, now);
            }
            let response = TokenResponse {
                access_token: &answer.token.text,
                token_type: "Bearer",
                expires_in: answer.token.lifetime.as_secs(),
                scope: &answer.token.scope,
                refresh_token: answer.token.refresh_token.as_ref().map(|token| token.as_str()),
                id_token: answer.token.id_token.as_ref().map(|token| token.as_str()),
            };
            error::json(StatusCode::OK, &response)
        }
        Err(refusal) => {
            let (kind, reason) = reason(&refusal);
            app.activity().refused(profile, kind, reason, (asked.peer, now));
            error::of_token(&refusal, profile.as_str())
        }
    }
}

/// A form, as the token and revocation endpoints take it. What is refused is counted as `kind`.
pub(super) async fn read_form(
    headers: &HeaderMap,
    body: Body,
    (app, asked): (&App, &Asked),
    kind: ActivityKind,
) -> Result<Form, Response> {
    let refused = |reason: &'static str| {
        let profile = asked.profile.definitions.profile();
        app.activity().refused(profile, kind, reason, (asked.peer, app.clock().now()));
    };
    let body = body::read(headers, body, "application/x-www-form-urlencoded", app).await;
    let body = body.map_err(|refusal| {
        refused(refusal.as_str());
        error::of_body(refusal)
    })?;
    Form::parse(body.bytes()).map_err(|wrong| {
        refused("malformed-form");
        error::of_form(&wrong)
    })
}

/// The `Authorization` header; one that stands twice, or is no text, is an empty one, which nobody believes.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers
        .contains_key(header::AUTHORIZATION)
        .then(|| only(headers, &header::AUTHORIZATION).unwrap_or_default())
}

/// What the audit log says of a refusal.
fn reason(refusal: &TokenRefusal) -> (ActivityKind, &'static str) {
    match refusal {
        TokenRefusal::Presentation(_) => (ActivityKind::ClientAuthenticationRefused, "not-presented"),
        TokenRefusal::Authentication(error) => of_authentication(error),
        TokenRefusal::Request(_) | TokenRefusal::ParameterMissing(_) => {
            (ActivityKind::TokenRefused, "invalid-request")
        }
        TokenRefusal::InvalidGrant(problem) => (ActivityKind::TokenRefused, problem.as_str()),
        TokenRefusal::UnsupportedGrantType => (ActivityKind::TokenRefused, "unsupported-grant-type"),
        TokenRefusal::UnauthorizedClient(_) => (ActivityKind::TokenRefused, "unauthorized-client"),
        TokenRefusal::InvalidScope(_) => (ActivityKind::TokenRefused, "invalid-scope"),
        TokenRefusal::InvalidTarget(_) => (ActivityKind::TokenRefused, "invalid-target"),
        TokenRefusal::Store(_) | TokenRefusal::Signing(_) => (ActivityKind::TokenRefused, "server-error"),
    }
}

/// What the audit log says of a client that was not believed.
pub(super) fn of_authentication(error: &AuthenticationError) -> (ActivityKind, &'static str) {
    match error {
        AuthenticationError::Disbelieved { why, .. } => {
            (ActivityKind::ClientAuthenticationRefused, why.as_str())
        }
        AuthenticationError::Store(_) => (ActivityKind::ClientAuthenticationRefused, "server-error"),
    }
}
