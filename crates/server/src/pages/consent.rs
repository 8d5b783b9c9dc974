//! The question whether a client may have what it asks for.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use protocol::scope::{OF_IDENTITY, OFFLINE_ACCESS};

use super::client::{ClientShown, Link, Name};
use super::destination::Destination;
use super::language::Preferences;
use super::phrases::Phrases;
use super::visible::Visible;
use super::{Page, response};

/// Who asks for what, and where it goes.
#[derive(Clone, Debug)]
pub struct Consent<'a> {
    /// Who asks.
    pub client: &'a ClientShown<'a>,
    /// Where the user will be sent.
    pub destination: &'a Destination,
    /// What is asked for.
    pub scopes: &'a [ScopeShown<'a>],
    /// Who is asked.
    pub account: &'a str,
    /// Where the form is sent.
    pub action: &'a str,
    /// What is sent back in the field `shown`, so that nobody consents to anything but what this page showed.
    pub shown: &'a str,
    /// Whether the answer will be remembered.
    pub remembered: bool,
}

/// One scope that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeShown<'a> {
    /// The token (RFC 6749 §3.3).
    pub token: &'a str,
    /// What it means, in the words of the operator. Scopes of OpenID Connect have words of their own.
    pub text: Option<&'a str>,
}

/// A scope as it is shown.
enum ScopeWords<'a> {
    Ours(&'static str),
    Operators(Visible<'a>),
    Token(Visible<'a>),
}

impl<'a> ScopeWords<'a> {
    fn of(scope: &ScopeShown<'a>, phrases: &Phrases) -> Self {
        match (scope.token, scope.text) {
            ("openid", _) => Self::Ours(phrases.scope_openid),
            ("profile", _) => Self::Ours(phrases.scope_profile),
            ("email", _) => Self::Ours(phrases.scope_email),
            ("address", _) => Self::Ours(phrases.scope_address),
            ("phone", _) => Self::Ours(phrases.scope_phone),
            ("offline_access", _) => Self::Ours(phrases.scope_offline_access),
            (_, Some(text)) => Self::Operators(Visible(text)),
            (token, None) => Self::Token(Visible(token)),
        }
    }
}

/// Where a scope stands among others: who somebody is comes before what is done in their name, and for how long comes
/// last.
fn place(token: &str) -> usize {
    match OF_IDENTITY.iter().position(|known| *known == token) {
        Some(_) if token == OFFLINE_ACCESS => OF_IDENTITY.len() + 1,
        Some(place) => place,
        None => OF_IDENTITY.len(),
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    page: Page,
    client: Name<'a>,
    links: Vec<Link>,
    registered: String,
    by_itself: bool,
    destination: &'a Destination,
    scopes: Vec<ScopeWords<'a>>,
    account: Visible<'a>,
    action: &'a str,
    shown: &'a str,
    remembered: bool,
}

impl Consent<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let page = Page::of(reader);
        let mut scopes = self.scopes.to_vec();
        scopes.sort_by_key(|scope| place(scope.token));
        let html = ConsentPage {
            page,
            client: self.client.name(reader),
            links: self.client.links(reader, page.phrases),
            registered: self.client.registered.in_words(page.phrases),
            by_itself: self.client.registered.by_itself(),
            destination: self.destination,
            scopes: scopes.iter().map(|scope| ScopeWords::of(scope, page.phrases)).collect(),
            account: Visible(self.account),
            action: self.action,
            shown: self.shown,
            remembered: self.remembered,
        };
        response::page(StatusCode::OK, &html)
    }
}
