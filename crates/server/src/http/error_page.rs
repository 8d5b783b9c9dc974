//! The only place where an error becomes a page: what a person is told where no client can be.

use axum::response::Response;
use http::header::{self, HeaderValue};
use issuance::authorize::{KeepError, Unanswerable};
use primitives::store::StoreError;
use protocol::form::FormError;

use super::error;
use crate::pages::{Preferences, Problem, ProblemKind};

fn page(kind: ProblemKind<'_>, detail: Option<&str>, reader: &Preferences) -> Response {
    Problem { kind, detail }.to_response(reader)
}

/// Nobody but the person can be told: the client, or the address that it wants the answer at, is not known.
pub(super) fn of_unanswerable(why: &Unanswerable, reader: &Preferences) -> Response {
    let text = why.to_string();
    match why {
        Unanswerable::NotServed => error::nothing_here(),
        Unanswerable::Parameter(_) | Unanswerable::NoOrigin => {
            page(ProblemKind::BadRequest, Some(&text), reader)
        }
        Unanswerable::UnknownClient => page(ProblemKind::UnknownClient, None, reader),
        Unanswerable::RedirectMismatch { registered, received } => {
            page(ProblemKind::RedirectMismatch { registered_hosts: registered, received }, None, reader)
        }
        Unanswerable::Store(why) => of_store(why, reader),
    }
}

/// The word in the audit log.
pub(super) fn reason(why: &Unanswerable) -> &'static str {
    match why {
        Unanswerable::NotServed => "not-served",
        Unanswerable::UnknownClient => "unknown-client",
        Unanswerable::Parameter(_) => "client-or-redirect-uri-missing",
        Unanswerable::RedirectMismatch { .. } => "redirect-mismatch",
        Unanswerable::NoOrigin => "no-origin",
        Unanswerable::Store(_) => "server-error",
    }
}

/// Parameters that cannot be read.
pub(super) fn of_form(wrong: &FormError, reader: &Preferences) -> Response {
    page(ProblemKind::BadRequest, Some(&wrong.to_string()), reader)
}

/// A request that was not kept until its person could answer it.
pub(super) fn of_keeping(why: &KeepError, reader: &Preferences) -> Response {
    match why {
        KeepError::TooLong => page(ProblemKind::BadRequest, Some(&why.to_string()), reader),
        KeepError::Store(why) => of_store(why, reader),
    }
}

/// Too many requests that wait for a person came from one network.
pub(super) fn too_many_requests(reader: &Preferences) -> Response {
    let mut response = page(ProblemKind::TooManyRequests, None, reader);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The request has been answered, or has waited for too long.
pub(super) fn expired(reader: &Preferences) -> Response {
    page(ProblemKind::Expired, None, reader)
}

/// The request was begun somewhere else.
pub(super) fn wrong_browser(reader: &Preferences) -> Response {
    page(ProblemKind::WrongBrowser, None, reader)
}

/// The store did not answer.
pub(super) fn of_store(why: &StoreError, reader: &Preferences) -> Response {
    match why {
        StoreError::Overloaded => {
            tracing::warn!(error = %why, "a page was turned away");
            page(ProblemKind::Unavailable, None, reader)
        }
        StoreError::Unavailable(_) => {
            tracing::error!(error = %why, "a page could not be served");
            page(ProblemKind::Unavailable, None, reader)
        }
        StoreError::Corrupt(_) => internal(why, reader),
    }
}

/// Something is wrong inside.
pub(super) fn internal(error: &dyn std::error::Error, reader: &Preferences) -> Response {
    tracing::error!(%error, "something is wrong inside");
    page(ProblemKind::ServerError, None, reader)
}
