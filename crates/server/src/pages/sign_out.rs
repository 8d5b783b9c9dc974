//! Where somebody signs out, and has.

use std::fmt;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::language::Preferences;
use super::visible::Visible;
use super::{Page, response};

/// The question whether to sign out.
#[derive(Clone)]
pub struct SignOut<'a> {
    /// Who is signed in.
    pub account: &'a str,
    /// Where the form is sent.
    pub action: &'a str,
    /// What is sent back in the field `csrf`, so that no other site can answer for the user.
    pub csrf: &'a str,
}

impl fmt::Debug for SignOut<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignOut")
            .field("account", &self.account)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage<'a> {
    page: Page,
    account: Visible<'a>,
    action: &'a str,
    csrf: &'a str,
}

impl SignOut<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let html = SignOutPage {
            page: Page::of(reader),
            account: Visible(self.account),
            action: self.action,
            csrf: self.csrf,
        };
        response::page(StatusCode::OK, &html)
    }
}

/// Nobody is signed in any more.
#[derive(Clone, Copy, Debug)]
pub struct SignedOut;

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    page: Page,
}

impl SignedOut {
    /// The page.
    pub fn to_response(self, reader: &Preferences) -> Response {
        response::page(StatusCode::OK, &SignedOutPage { page: Page::of(reader) })
    }
}
