//! Signing out: a page that asks, since a link anywhere could lead here, and then the end of the session.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use identity::session::SessionCookie;
use primitives::secret::SecretHash;
use protocol::form::Form;

use super::browser::{Browser, is_from_another_site, person, preferences, with_cookies};
use super::cookies::Cookie;
use super::{Asked, body, error, error_page};
use crate::app::App;
use crate::pages::{SignOut, SignedOut};

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
) -> Response {
    if asked.profile.sign_in.is_none() {
        return error::not_found().await;
    }
    let reader = preferences(&headers, None);
    let person = match person(&headers, SessionCookie::Own, &asked, &app).await {
        Ok(Some(person)) => person,
        Ok(None) => return SignedOut.to_response(&reader),
        Err(why) => return error_page::of_store(&why, &reader),
    };
    let browser = Browser::of(&headers, &asked, &app);
    let page = SignOut {
        account: &person.user.username,
        action: &asked.profile.endpoint("/logout"),
        csrf: &proof(&browser).to_hexadecimal(),
    };
    browser.remembered(page.to_response(&reader), &asked)
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(world) = app.identity_world(&asked.profile) else { return error::not_found().await };
    let reader = preferences(&headers, None);
    if is_from_another_site(&headers) {
        return error_page::wrong_browser(&reader);
    }
    let body = match body::read(&headers, body, "application/x-www-form-urlencoded", &app).await {
        Ok(body) => body,
        Err(refusal) => return error::of_body(refusal),
    };
    let form = match Form::parse(body.bytes()) {
        Ok(form) => form,
        Err(wrong) => return error_page::of_form(&wrong, &reader),
    };
    let said = SecretHash::of(form.get("csrf").unwrap_or_default());
    let expected = proof(&Browser::of(&headers, &asked, &app)).to_hexadecimal();
    if !said.is_of(&expected) {
        return error_page::wrong_browser(&reader);
    }
    match person(&headers, SessionCookie::Own, &asked, &app).await {
        Ok(Some(person)) => {
            if let Err(why) = identity::session::end(&person.session, &world).await {
                return error_page::of_store(&why, &reader);
            }
        }
        // Then it has ended already.
        Ok(None) => {}
        Err(why) => return error_page::of_store(&why, &reader),
    }
    let cleared = [Cookie::Session, Cookie::Frame].map(|cookie| cookie.clear(&asked.profile));
    with_cookies(SignedOut.to_response(&reader), cleared)
}

/// What only a page of ours in this browser can know: the cookie cannot be read by scripts, nor planted by other hosts.
fn proof(browser: &Browser) -> SecretHash {
    SecretHash::of(&format!("sign out {}", *browser.secret))
}
