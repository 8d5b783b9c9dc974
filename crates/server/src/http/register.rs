//! The client registration endpoint (RFC 7591 §3).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http::header;
use issuance::access_token;
use issuance::world::World;
use protocol::bearer;
use protocol::client_information::{ClientInformation, IssuedSecret};
use registration::access::{Bearer, IdentifyError, InitialAccessToken};
use registration::client::NewClient;
use registration::register::{RegisterError, Registration, register};

use super::{Asked, body, error, only};
use crate::activity::ActivityKind;
use crate::app::App;

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let profile = asked.profile.definitions.profile().clone();
    if !asked.profile.definitions.registers_clients() {
        return error::of_registration(&RegisterError::Off, profile.as_str());
    }
    let body = match body::read(&headers, body, "application/json", &app).await {
        Ok(body) => body,
        Err(refusal) => {
            let kind = ActivityKind::RegistrationRefused;
            app.activity().refused(&profile, kind, refusal.as_str(), (asked.peer, app.clock().now()));
            return error::of_body(refusal);
        }
    };
    let world = app.world(&asked.profile);
    let request = Registration { bearer: bearer(&headers, &world).await, body: body.bytes() };
    match register(request, &world.registration()).await {
        Ok(client) => created(&client),
        Err(refusal) => {
            let now = app.clock().now();
            app.activity().refused(
                &profile,
                ActivityKind::RegistrationRefused,
                reason(&refusal),
                (asked.peer, now),
            );
            error::of_registration(&refusal, profile.as_str())
        }
    }
}

/// RFC 7591 §3.2.1.
fn created(client: &NewClient) -> Response {
    let secret = client.secret().map(|(secret, expires_at)| IssuedSecret {
        client_secret: secret.reveal(),
        client_secret_expires_at: expires_at.map_or(0, primitives::clock::Timestamp::seconds),
    });
    let information = ClientInformation {
        client_id: &client.id().to_string(),
        client_id_issued_at: client.id().made_at().seconds(),
        secret,
        metadata: client.metadata(),
    };
    error::json(StatusCode::CREATED, &information)
}

/// What the `Authorization` header has to say.
async fn bearer(headers: &HeaderMap, world: &World<'_>) -> Bearer {
    match headers.get_all(header::AUTHORIZATION).iter().count() {
        0 => return Bearer::Absent,
        1 => {}
        _ => return Bearer::Several,
    }
    match only(headers, &header::AUTHORIZATION) {
        // RFC 6750 §3.1: another scheme is as good as no token.
        Some(other) if !other.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) => {
            Bearer::Absent
        }
        Some(header) => match bearer::token_of(header) {
            Some(token) => match InitialAccessToken::parse(token) {
                Some(token) => Bearer::InitialAccessToken(token),
                None => match access_token::read(token, world).await {
                    Ok(Some(_)) => Bearer::OtherAccessToken,
                    Ok(None) => Bearer::Unrecognised,
                    Err(error) => Bearer::Unreadable(error),
                },
            },
            None => Bearer::Unrecognised,
        },
        None => Bearer::Unrecognised,
    }
}

/// The word in the audit log.
fn reason(refusal: &RegisterError) -> &'static str {
    match refusal {
        RegisterError::Off => "off",
        RegisterError::TokenMissing => "token-missing",
        RegisterError::Token(IdentifyError::SeveralTokens) => "several-tokens",
        RegisterError::Token(IdentifyError::InvalidToken) => "token-not-good",
        RegisterError::Token(IdentifyError::InsufficientScope) => "token-without-dcr",
        RegisterError::WrongOrigin(_) => "token-of-wrong-origin",
        RegisterError::NotJson(_) => "not-json",
        RegisterError::Rejected(rejection) => rejection.to_wire().error.as_str(),
        RegisterError::Token(IdentifyError::Store(_))
        | RegisterError::Store(_)
        | RegisterError::Unwritable(_) => "server-error",
    }
}
