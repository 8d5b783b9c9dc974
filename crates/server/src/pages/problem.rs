//! What people see where the client cannot be told: it is not known, or it is not safe to send anybody to it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::language::Preferences;
use super::phrases::ProblemPhrases;
use super::visible::Visible;
use super::{Page, response};

/// Something went wrong that the user has to be told.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// What.
    pub kind: ProblemKind<'a>,
    /// The same more exactly, for whoever makes the app. In English.
    pub detail: Option<&'a str>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind<'a> {
    /// RFC 6749 §4.1.2.1: there is no such client, or it was switched off.
    UnknownClient,
    /// RFC 6749 §4.1.2.1: the client did not register the redirect URI.
    RedirectMismatch {
        /// Where it may send people.
        registered_hosts: &'a [String],
        /// Where it wanted to.
        received: &'a str,
    },
    /// The request cannot be read.
    BadRequest,
    /// The request is no longer there.
    Expired,
    /// The request began in another browser.
    WrongBrowser,
    /// Too many requests came from there.
    TooManyRequests,
    /// Something that is needed does not answer.
    Unavailable,
    /// Something is wrong inside.
    ServerError,
}

impl ProblemKind<'_> {
    fn status(self) -> StatusCode {
        match self {
            Self::UnknownClient | Self::RedirectMismatch { .. } | Self::BadRequest | Self::Expired => {
                StatusCode::BAD_REQUEST
            }
            Self::WrongBrowser => StatusCode::FORBIDDEN,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word of the protocols that comes nearest: RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, OpenID Connect Core
    /// §3.1.2.6. It never changes with the language.
    fn error(self) -> &'static str {
        match self {
            Self::UnknownClient => "invalid_client",
            Self::RedirectMismatch { .. } => "invalid_redirect_uri",
            Self::BadRequest | Self::Expired => "invalid_request",
            Self::WrongBrowser => "access_denied",
            Self::TooManyRequests | Self::Unavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// Where a client may send people, and where it wanted to.
struct Mismatch<'a> {
    registered_hosts: Vec<Visible<'a>>,
    received: Visible<'a>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    page: Page,
    words: &'static ProblemPhrases,
    mismatch: Option<Mismatch<'a>>,
    error: &'static str,
    detail: Option<Visible<'a>>,
}

impl Problem<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let page = Page::of(reader);
        let phrases = page.phrases;
        let (words, mismatch) = match self.kind {
            ProblemKind::UnknownClient => (&phrases.unknown_client, None),
            ProblemKind::RedirectMismatch { registered_hosts, received } => (
                &phrases.redirect_mismatch,
                Some(Mismatch {
                    registered_hosts: registered_hosts.iter().map(|host| Visible(host)).collect(),
                    received: Visible(received),
                }),
            ),
            ProblemKind::BadRequest => (&phrases.bad_request, None),
            ProblemKind::Expired => (&phrases.expired, None),
            ProblemKind::WrongBrowser => (&phrases.wrong_browser, None),
            ProblemKind::TooManyRequests => (&phrases.too_many_requests, None),
            ProblemKind::Unavailable => (&phrases.unavailable, None),
            ProblemKind::ServerError => (&phrases.server_error, None),
        };
        let html =
            ProblemPage { page, words, mismatch, error: self.kind.error(), detail: self.detail.map(Visible) };
        response::page(self.kind.status(), &html)
    }
}
