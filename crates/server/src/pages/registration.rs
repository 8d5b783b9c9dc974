//! The question whether an app may register itself on the device of the user, with their account.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::client::{ClientShown, Link, Name};
use super::destination::Destination;
use super::device::Device;
use super::language::Preferences;
use super::visible::Visible;
use super::{Page, response};

/// Which app, on which device, and where it goes. Whoever was sent here by somebody else should stop here.
#[derive(Clone, Debug)]
pub struct ConfirmRegistration<'a> {
    /// The app that asks.
    pub client: &'a ClientShown<'a>,
    /// Where the user will be sent.
    pub destination: &'a Destination,
    /// What the user sits before.
    pub device: Device,
    /// Who is asked.
    pub account: &'a str,
    /// Where the form is sent.
    pub action: &'a str,
    /// What is sent back in the field `shown`, so that nobody confirms anything but what this page showed.
    pub shown: &'a str,
    /// Whether the answer will be remembered.
    pub remembered: bool,
}

#[derive(Template)]
#[template(path = "confirm_registration.html")]
struct ConfirmRegistrationPage<'a> {
    page: Page,
    client: Name<'a>,
    links: Vec<Link>,
    registered: String,
    by_itself: bool,
    destination: &'a Destination,
    device: String,
    account: Visible<'a>,
    action: &'a str,
    shown: &'a str,
    remembered: bool,
}

impl ConfirmRegistration<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let page = Page::of(reader);
        let html = ConfirmRegistrationPage {
            page,
            client: self.client.name(reader),
            links: self.client.links(reader, page.phrases),
            registered: self.client.registered.in_words(page.phrases),
            by_itself: self.client.registered.by_itself(),
            destination: self.destination,
            device: (page.phrases.device)(self.device),
            account: Visible(self.account),
            action: self.action,
            shown: self.shown,
            remembered: self.remembered,
        };
        response::page(StatusCode::OK, &html)
    }
}
