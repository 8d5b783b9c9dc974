//! Where somebody signs in, or says that they have.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use http::HeaderValue;
use http::header;

use super::client::{ClientShown, Name};
use super::destination::Destination;
use super::language::Preferences;
use super::visible::Visible;
use super::{Page, response};

/// The form for username and password.
#[derive(Clone, Debug)]
pub struct SignIn<'a> {
    /// For whom.
    pub client: &'a ClientShown<'a>,
    /// Where the user will be sent.
    pub destination: &'a Destination,
    /// Where the form is sent.
    pub action: &'a str,
    /// What the field says already.
    pub username: Option<&'a str>,
    /// Why the form is shown again.
    pub problem: Option<SignInProblem>,
    /// Whether the user can go back to the client without signing in.
    pub cancel: bool,
}

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// There is no such user, or the password is another. Nobody is told which.
    WrongCredentials,
    /// There were too many attempts.
    TooManyAttempts {
        /// After how many seconds there may be another.
        wait_seconds: u64,
    },
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    page: Page,
    client: Name<'a>,
    destination: &'a Destination,
    action: &'a str,
    username: Option<Visible<'a>>,
    problem: Option<String>,
    /// Whether what is wrong is what was typed.
    mistyped: bool,
    cancel: bool,
}

impl SignIn<'_> {
    /// The page. RFC 9110 §15.5.4: credentials that are not sufficient are a 403; nobody is asked for a header.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let page = Page::of(reader);
        let (status, problem) = match self.problem {
            None => (StatusCode::OK, None),
            Some(SignInProblem::WrongCredentials) => {
                (StatusCode::FORBIDDEN, Some(page.phrases.wrong_credentials.to_owned()))
            }
            Some(SignInProblem::TooManyAttempts { wait_seconds }) => {
                (StatusCode::TOO_MANY_REQUESTS, Some((page.phrases.too_many_attempts)(wait_seconds)))
            }
        };
        let html = SignInPage {
            page,
            client: self.client.name(reader),
            destination: self.destination,
            action: self.action,
            username: self.username.map(Visible),
            problem,
            mistyped: self.problem == Some(SignInProblem::WrongCredentials),
            cancel: self.cancel,
        };
        let mut response = response::page(status, &html);
        if let Some(SignInProblem::TooManyAttempts { wait_seconds }) = self.problem {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_seconds));
        }
        response
    }
}

/// The question whether to go on with the account that is signed in.
#[derive(Clone, Debug)]
pub struct ChooseAccount<'a> {
    /// For whom.
    pub client: &'a ClientShown<'a>,
    /// Where the user will be sent.
    pub destination: &'a Destination,
    /// Where the form is sent.
    pub action: &'a str,
    /// Who is signed in.
    pub account: &'a str,
}

#[derive(Template)]
#[template(path = "choose_account.html")]
struct ChooseAccountPage<'a> {
    page: Page,
    client: Name<'a>,
    destination: &'a Destination,
    action: &'a str,
    account: Visible<'a>,
}

impl ChooseAccount<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let html = ChooseAccountPage {
            page: Page::of(reader),
            client: self.client.name(reader),
            destination: self.destination,
            action: self.action,
            account: Visible(self.account),
        };
        response::page(StatusCode::OK, &html)
    }
}
