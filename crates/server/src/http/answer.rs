//! What an authorization request comes to: a redirect, a message to a page, or a page for its person.

use axum::response::Response;
use issuance::authorize::{self, Answer, AnswerError, Handle, Inquiry};
use primitives::random::secret_text;
use primitives::store::StoreError;
use protocol::authorization::{AuthorizationError, AuthorizationErrorCode};

use super::browser::see_other;
use super::{Asked, error_page};
use crate::activity::ActivityKind;
use crate::app::App;
use crate::pages::{Message, Preferences};

/// The address of the page that goes on with a request.
pub(super) fn page_of(handle: &Handle, asked: &Asked) -> String {
    asked.profile.endpoint(&format!("/authorize/{}", handle.reveal()))
}

/// The client is told what is wrong.
pub(super) fn refused(
    inquiry: &Inquiry,
    wrong: &AuthorizationError,
    reader: &Preferences,
    asked: &Asked,
    app: &App,
) -> Response {
    let now = app.clock().now();
    app.activity().refused(
        asked.profile.definitions.profile(),
        ActivityKind::AuthorizationRefused,
        wrong.error.as_str(),
        (asked.peer, now),
    );
    sent(&authorize::refuse(inquiry, wrong, &app.world(&asked.profile)), reader, app)
}

/// The client is given what it asked for, or its person is told why not.
pub(super) fn given(
    answer: Result<Answer, AnswerError>,
    inquiry: &Inquiry,
    reader: &Preferences,
    asked: &Asked,
    app: &App,
) -> Response {
    match answer {
        Ok(answer) => {
            let (profile, now) = (asked.profile.definitions.profile(), app.clock().now());
            app.activity().answered(profile, ActivityKind::AuthorizationAnswered, inquiry.client.id(), now);
            sent(&answer, reader, app)
        }
        Err(AnswerError::RequestGone) => error_page::expired(reader),
        Err(AnswerError::Store(why)) => failed(inquiry, &why, reader, asked, app),
    }
}

/// The client is told that the server failed (RFC 6749 §4.1.2.1).
pub(super) fn failed(
    inquiry: &Inquiry,
    why: &StoreError,
    reader: &Preferences,
    asked: &Asked,
    app: &App,
) -> Response {
    tracing::error!(error = %why, "an authorization request could not be served");
    let wrong = match why {
        StoreError::Overloaded | StoreError::Unavailable(_) => AuthorizationError::new(
            AuthorizationErrorCode::TemporarilyUnavailable,
            "the server cannot answer now: try again in a second",
        ),
        StoreError::Corrupt(_) => AuthorizationError::new(
            AuthorizationErrorCode::ServerError,
            "something is wrong inside the server, and has been noted",
        ),
    };
    refused(inquiry, &wrong, reader, asked, app)
}

pub(super) fn sent(answer: &Answer, reader: &Preferences, app: &App) -> Response {
    match answer {
        Answer::Redirect(location) => see_other(location),
        Answer::Message { origins, message } => {
            let nonce = secret_text(app.random());
            Message { targets: origins, message, nonce: &nonce }.to_response(reader)
        }
    }
}
