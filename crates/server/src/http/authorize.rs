//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2.1).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use identity::session::SessionCookie;
use issuance::authorize::{self, Asked as AskedFor, Endpoint, Inquiry, Next};
use protocol::form::Form;

use super::browser::{Browser, person, preferences, see_other};
use super::{Asked, answer, body, error, error_page};
use crate::activity::ActivityKind;
use crate::app::App;

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    begin(uri.query().unwrap_or_default(), &headers, &asked, &app).await
}

/// A request that was posted came without the cookies of this site, since another one sent it. So it is kept, and looked
/// at when the browser has come back by itself.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body::read(&headers, body, "application/x-www-form-urlencoded", &app).await {
        Ok(body) => body,
        Err(refusal) => return error::of_body(refusal),
    };
    // What is no text cannot be a form either, and is refused as one.
    let parameters = String::from_utf8_lossy(body.bytes());
    let world = app.world(&asked.profile);
    let reader = preferences(&headers, None);
    let form = match Form::parse_repeating(body.bytes()) {
        Ok(form) => form,
        Err(wrong) => return error_page::of_form(&wrong, &reader),
    };
    if let Err(why) = Inquiry::read(Endpoint::Authorize, &form, &world).await {
        return unanswerable(&why, &headers, &asked, &app);
    }
    match authorize::keep(Endpoint::Authorize, &parameters, None, &world).await {
        Ok(handle) => see_other(&answer::page_of(&handle, &asked)),
        Err(why) => error_page::of_keeping(&why, &reader),
    }
}

async fn begin(query: &str, headers: &HeaderMap, asked: &Asked, app: &App) -> Response {
    let world = app.world(&asked.profile);
    let form = match Form::parse_repeating(query.as_bytes()) {
        Ok(form) => form,
        Err(wrong) => return error_page::of_form(&wrong, &preferences(headers, None)),
    };
    // Neither waits for the other: both are in the store.
    let (inquiry, person) = tokio::join!(
        Inquiry::read(Endpoint::Authorize, &form, &world),
        person(headers, SessionCookie::Own, asked, app)
    );
    let inquiry = match inquiry {
        Ok(inquiry) => inquiry,
        Err(why) => return unanswerable(&why, headers, asked, app),
    };
    let reader = preferences(headers, inquiry.request.ui_locales.as_deref());
    let asked_for = match AskedFor::read(&inquiry, &world).await {
        Ok(asked_for) => asked_for,
        Err(wrong) => return answer::refused(&inquiry, &wrong, &reader, asked, app),
    };
    let person = match person {
        Ok(person) => person,
        Err(why) => return error_page::of_store(&why, &reader),
    };
    let next = match authorize::decide(&inquiry, &asked_for, person.as_ref(), None, &world).await {
        Ok(next) => next,
        Err(why) => return error_page::of_store(&why, &reader),
    };
    match (next, person) {
        (Next::Refuse(wrong), _) => answer::refused(&inquiry, &wrong, &reader, asked, app),
        (Next::Grant, Some(person)) => {
            let given = authorize::grant(&inquiry, &asked_for, &person, (None, false), &world).await;
            answer::given(given, &inquiry, &reader, asked, app)
        }
        _ => {
            let browser = Browser::of(headers, asked, app);
            match authorize::keep(Endpoint::Authorize, query, Some(&browser.secret), &world).await {
                Ok(handle) => browser.remembered(see_other(&answer::page_of(&handle, asked)), asked),
                Err(why) => error_page::of_keeping(&why, &reader),
            }
        }
    }
}

fn unanswerable(why: &authorize::Unanswerable, headers: &HeaderMap, asked: &Asked, app: &App) -> Response {
    let profile = asked.profile.definitions.profile();
    let reason = error_page::reason(why);
    app.activity().refused(
        profile,
        ActivityKind::AuthorizationRefused,
        reason,
        (asked.peer, app.clock().now()),
    );
    error_page::of_unanswerable(why, &preferences(headers, None))
}
