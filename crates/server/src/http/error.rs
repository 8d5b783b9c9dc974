//! The only place where an error becomes a response for a program: JSON, and not stored. What people see instead is in
//! `error_page`.
//!
//! Reason and answer are different things: each kind of reason is matched here, exhaustively, to what goes on the wire.
//! What went wrong inside is logged in full and told as `server_error`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{self, HeaderName};
use issuance::client_authentication::AuthenticationError;
use issuance::introspect::IntrospectionRefusal;
use issuance::revoke::RevocationRefusal;
use issuance::token::TokenRefusal;
use issuance::userinfo::UserinfoRefusal;
use primitives::store::StoreError;
use protocol::bearer::Challenge;
use protocol::client_authentication::PresentationError;
use protocol::description::Description;
use protocol::form::FormError;
use protocol::registration_error::RegistrationError;
use protocol::revocation::{RevocationError, RevocationErrorCode};
use protocol::scope::{DCR, OPENID};
use protocol::token::{TokenError, TokenErrorCode};
use registration::access::IdentifyError;
use registration::register::RegisterError;
use serde::Serialize;

use super::body::{BodyRefusal, MAX_BODY};

/// After how many seconds a client may try again when the server could not serve it.
const RETRY_AFTER: &str = "1";

/// An error that none of the protocols has a word for.
#[derive(Debug, Serialize)]
struct PlainError {
    error: &'static str,
    error_description: Description,
}

/// JSON that nobody may keep (RFC 6749 §5.1, RFC 7591 §3.2.1).
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (
            status,
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ],
            body,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a response could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn plain(status: StatusCode, error: &'static str, text: impl Into<Description>) -> Response {
    json(status, &PlainError { error, error_description: text.into() })
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    match HeaderValue::from_str(value) {
        Ok(value) => {
            response.headers_mut().insert(name, value);
        }
        Err(error) => tracing::error!(%error, "a header could not be written"),
    }
    response
}

/// There is nothing of that name here: no such profile, or no such endpoint in it.
pub(crate) async fn not_found() -> Response {
    nothing_here()
}

/// The same, at once.
pub(crate) fn nothing_here() -> Response {
    plain(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}

/// RFC 9112 §3.2: the host that a request is for cannot be told.
pub(crate) fn bad_host() -> Response {
    plain(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        "send one Host header, with a host and at most a port in it",
    )
}

/// The endpoint is there, and this is not how to ask it.
pub(crate) async fn method_not_allowed() -> Response {
    plain(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        "this endpoint does not take this method: see the Allow header",
    )
}

/// A body that was not taken.
pub(crate) fn of_body(refusal: BodyRefusal) -> Response {
    match refusal {
        BodyRefusal::TooLarge => plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            format!("the body is larger than {MAX_BODY} bytes"),
        ),
        BodyRefusal::WrongType(wanted) => plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_request",
            format!("the body must be {wanted} in UTF-8, and the Content-Type header must say so"),
        ),
        BodyRefusal::Encoded => plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_request",
            "the body has a Content-Encoding: send it as it is",
        ),
        BodyRefusal::TooMany => temporarily_unavailable("too much is arriving: try again in a second"),
        BodyRefusal::TooSlow => {
            plain(StatusCode::REQUEST_TIMEOUT, "invalid_request", "the body did not arrive in time")
        }
        BodyRefusal::Broken => plain(StatusCode::BAD_REQUEST, "invalid_request", "the body did not arrive"),
    }
}

/// The store did not answer. Never a protocol answer: whoever asked has done nothing wrong.
pub(crate) fn of_store(error: &StoreError) -> Response {
    match error {
        StoreError::Overloaded => {
            tracing::warn!(%error, "a request was turned away");
            temporarily_unavailable("too much is going on: try again in a second")
        }
        StoreError::Unavailable(_) => {
            tracing::error!(%error, "a request could not be served");
            temporarily_unavailable("the server cannot answer now: try again in a second")
        }
        StoreError::Corrupt(_) => internal(error),
    }
}

fn temporarily_unavailable(text: &str) -> Response {
    let response = plain(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
    with_header(response, header::RETRY_AFTER, RETRY_AFTER)
}

pub(super) fn internal(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "something is wrong inside");
    plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "something is wrong inside the server, and has been noted",
    )
}

fn challenge(status: StatusCode, challenge: &Challenge, realm: &str) -> Response {
    with_header(json(status, &challenge.body()), header::WWW_AUTHENTICATE, &challenge.header(realm))
}

/// RFC 7591 §3.2.2 and RFC 6750 §3. `realm` is the name of the profile.
pub(crate) fn of_registration(error: &RegisterError, realm: &str) -> Response {
    match error {
        RegisterError::Off => plain(
            StatusCode::NOT_FOUND,
            "not_found",
            "clients do not register here: ask who runs this server",
        ),
        RegisterError::TokenMissing => challenge(StatusCode::UNAUTHORIZED, &Challenge::NoToken, realm),
        RegisterError::Token(IdentifyError::SeveralTokens) => {
            let text = Description::from(error.to_string());
            challenge(StatusCode::BAD_REQUEST, &Challenge::InvalidRequest(text), realm)
        }
        RegisterError::Token(IdentifyError::InvalidToken) => {
            let text = Description::from(error.to_string());
            challenge(StatusCode::UNAUTHORIZED, &Challenge::InvalidToken(text), realm)
        }
        RegisterError::Token(IdentifyError::InsufficientScope) | RegisterError::WrongOrigin(_) => {
            let text = Description::from(error.to_string());
            challenge(StatusCode::FORBIDDEN, &Challenge::InsufficientScope(DCR, text), realm)
        }
        RegisterError::NotJson(_) => {
            json(StatusCode::BAD_REQUEST, &RegistrationError::of_body(error.to_string()))
        }
        RegisterError::Rejected(rejection) => json(StatusCode::BAD_REQUEST, &rejection.to_wire()),
        RegisterError::Token(IdentifyError::Store(error)) | RegisterError::Store(error) => of_store(error),
        RegisterError::Unwritable(error) => internal(error),
    }
}

fn token_error(error: TokenErrorCode, text: impl Into<Description>) -> Response {
    json(StatusCode::BAD_REQUEST, &TokenError { error, error_description: text.into() })
}

/// RFC 6749 §5.2: one answer for every client that was not believed, with the challenge that HTTP asks for.
fn invalid_client(realm: &str, text: impl Into<Description>) -> Response {
    let body = TokenError { error: TokenErrorCode::InvalidClient, error_description: text.into() };
    let realm = format!("Basic realm=\"{}\"", Description::new(realm));
    with_header(json(StatusCode::UNAUTHORIZED, &body), header::WWW_AUTHENTICATE, &realm)
}

fn of_presentation(error: PresentationError, realm: &str) -> Response {
    match error {
        PresentationError::Missing | PresentationError::NotBasic => invalid_client(realm, error.to_string()),
        PresentationError::SeveralMethods
        | PresentationError::TwoClients
        | PresentationError::AssertionType => token_error(TokenErrorCode::InvalidRequest, error.to_string()),
    }
}

fn of_authentication(error: &AuthenticationError, realm: &str) -> Response {
    match error {
        AuthenticationError::Disbelieved { .. } => invalid_client(realm, error.to_string()),
        AuthenticationError::Store(error) => of_store(error),
    }
}

/// RFC 6749 §3.2: a form that cannot be read.
pub(crate) fn of_form(error: &FormError) -> Response {
    token_error(TokenErrorCode::InvalidRequest, error.to_string())
}

/// RFC 6749 §5.2. `realm` is the name of the profile.
pub(crate) fn of_token(refusal: &TokenRefusal, realm: &str) -> Response {
    let text = refusal.to_string();
    match refusal {
        TokenRefusal::Presentation(error) => of_presentation(*error, realm),
        TokenRefusal::Authentication(error) => of_authentication(error, realm),
        TokenRefusal::Request(error) => token_error(
            match error {
                protocol::token::TokenRequestError::NoGrantType => TokenErrorCode::InvalidRequest,
                protocol::token::TokenRequestError::Scope(_) => TokenErrorCode::InvalidScope,
            },
            text,
        ),
        TokenRefusal::ParameterMissing(_) => token_error(TokenErrorCode::InvalidRequest, text),
        TokenRefusal::InvalidGrant(_) => token_error(TokenErrorCode::InvalidGrant, text),
        TokenRefusal::UnsupportedGrantType => token_error(TokenErrorCode::UnsupportedGrantType, text),
        TokenRefusal::UnauthorizedClient(_) => token_error(TokenErrorCode::UnauthorizedClient, text),
        TokenRefusal::InvalidScope(_) => token_error(TokenErrorCode::InvalidScope, text),
        TokenRefusal::InvalidTarget(_) => token_error(TokenErrorCode::InvalidTarget, text),
        TokenRefusal::Store(error) => of_store(error),
        TokenRefusal::Signing(error) => internal(error),
    }
}

/// RFC 7009 §2.2.1. `realm` is the name of the profile.
pub(crate) fn of_revocation(refusal: &RevocationRefusal, realm: &str) -> Response {
    let revocation_error = |error| {
        let body = RevocationError { error, error_description: refusal.to_string().into() };
        json(StatusCode::BAD_REQUEST, &body)
    };
    match refusal {
        RevocationRefusal::Presentation(error) => of_presentation(*error, realm),
        RevocationRefusal::Authentication(error) => of_authentication(error, realm),
        RevocationRefusal::NoToken => revocation_error(RevocationErrorCode::InvalidRequest),
        RevocationRefusal::Store(error) => of_store(error),
    }
}

/// RFC 7662 §2.3. `realm` is the name of the profile.
pub(crate) fn of_introspection(refusal: &IntrospectionRefusal, realm: &str) -> Response {
    match refusal {
        IntrospectionRefusal::Presentation(error) => of_presentation(*error, realm),
        IntrospectionRefusal::Authentication(error) => of_authentication(error, realm),
        IntrospectionRefusal::PublicClient => invalid_client(realm, refusal.to_string()),
        IntrospectionRefusal::NoToken => token_error(TokenErrorCode::InvalidRequest, refusal.to_string()),
        IntrospectionRefusal::Store(error) => of_store(error),
    }
}

/// RFC 6750 §3.1: a token is needed, and none came. `realm` is the name of the profile.
pub(crate) fn no_token(realm: &str) -> Response {
    challenge(StatusCode::UNAUTHORIZED, &Challenge::NoToken, realm)
}

/// OpenID Connect Core §5.3.3, RFC 6750 §3. `realm` is the name of the profile.
pub(crate) fn of_userinfo(refusal: &UserinfoRefusal, realm: &str) -> Response {
    let text = Description::from(refusal.to_string());
    match refusal {
        UserinfoRefusal::InvalidToken => {
            challenge(StatusCode::UNAUTHORIZED, &Challenge::InvalidToken(text), realm)
        }
        UserinfoRefusal::InsufficientScope => {
            challenge(StatusCode::FORBIDDEN, &Challenge::InsufficientScope(OPENID, text), realm)
        }
        UserinfoRefusal::Store(error) => of_store(error),
    }
}
