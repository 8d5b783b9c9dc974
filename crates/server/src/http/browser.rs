//! What the endpoints for people have in common: who is in front of the screen, in which browser, in which language.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use identity::session::SessionCookie;
use issuance::authorize::Person;
use primitives::random::secret_text;
use primitives::store::StoreError;
use zeroize::Zeroizing;

use super::cookies::Cookie;
use super::{Asked, only};
use crate::app::App;
use crate::pages::Preferences;

/// The browser, as its cookie says.
pub(crate) struct Browser {
    /// What its cookie holds.
    pub(crate) secret: Zeroizing<String>,
    /// Whether it was given that just now.
    is_new: bool,
}

impl Browser {
    /// The browser that it says it is, or a new one.
    pub(crate) fn of(headers: &HeaderMap, asked: &Asked, app: &App) -> Self {
        match Cookie::Browser.read(headers, &asked.profile) {
            Some(secret) if secret.len() == 43 => Self { secret: Zeroizing::new(secret), is_new: false },
            _ => Self { secret: secret_text(app.random()), is_new: true },
        }
    }

    /// Tells a new browser who it is.
    pub(crate) fn remembered(&self, response: Response, asked: &Asked) -> Response {
        if !self.is_new {
            return response;
        }
        with_cookies(response, [Cookie::Browser.set(&self.secret, &asked.profile)])
    }
}

/// A response that also sets cookies.
pub(crate) fn with_cookies(
    mut response: Response,
    cookies: impl IntoIterator<Item = Option<HeaderValue>>,
) -> Response {
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Who is in front of the screen, as a cookie says.
pub(crate) async fn person(
    headers: &HeaderMap,
    kind: SessionCookie,
    asked: &Asked,
    app: &App,
) -> Result<Option<Person>, StoreError> {
    let Some(world) = app.identity_world(&asked.profile) else { return Ok(None) };
    let cookie = match kind {
        SessionCookie::Own => Cookie::Session,
        SessionCookie::Frame => Cookie::Frame,
    };
    let Some(value) = cookie.read(headers, &asked.profile) else { return Ok(None) };
    let found = identity::session::find(&value, kind, &world).await?;
    Ok(found.map(|(session, user)| Person { session, user }))
}

/// What the reader reads.
pub(crate) fn preferences(headers: &HeaderMap, ui_locales: Option<&str>) -> Preferences {
    Preferences::of(ui_locales, only(headers, &header::ACCEPT_LANGUAGE))
}

/// Sends the browser somewhere with GET, whatever it came with (RFC 9700 §4.12).
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (
            StatusCode::SEE_OTHER,
            [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ],
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "an address could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether a page of another site has sent this form. Browsers say so; one that does not is bound by its cookie all the
/// same.
pub(crate) fn is_from_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
