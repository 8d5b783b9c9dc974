//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2.1).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use identity::session::SessionCookie;
use issuance::authorize::{self, Endpoint, Inquiry, Next};
use protocol::form::Form;

use super::browser::{preferences, see_other};
use super::inquire::{Inquired, inquire, keep, unanswerable};
use super::{Asked, answer, body, error, error_page};
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
    let world = app.world(&asked.profile);
    let reader = preferences(&headers, None);
    let form = match Form::parse_repeating(body.bytes()) {
        Ok(form) => form,
        Err(wrong) => return error_page::of_form(&wrong, &reader),
    };
    if let Err(why) = Inquiry::read(Endpoint::Authorize, &form, &world).await {
        return unanswerable(&why, &headers, &asked, &app);
    }
    if !app.may_keep_request(&asked.profile, asked.peer) {
        return error_page::too_many_requests(&reader);
    }
    match authorize::keep(Endpoint::Authorize, &form, None, &world).await {
        Ok(handle) => see_other(&answer::page_of(&handle, &asked)),
        Err(why) => error_page::of_keeping(&why, &reader),
    }
}

async fn begin(query: &str, headers: &HeaderMap, asked: &Asked, app: &App) -> Response {
    let here = (asked, app);
    let inquired = inquire(Endpoint::Authorize, query, SessionCookie::Own, headers, here).await;
    let Inquired { form, inquiry, asked_for, person, next, reader } = match inquired {
        Ok(inquired) => inquired,
        Err(response) => return response,
    };
    match (next, person) {
        (Next::Refuse(wrong), _) => answer::refused(&inquiry, &wrong, &reader, asked, app),
        (Next::Grant, Some(person)) => {
            let world = app.world(&asked.profile);
            let given = authorize::grant(&inquiry, &asked_for, &person, (None, false), &world).await;
            answer::given(given, &inquiry, &reader, asked, app)
        }
        _ => keep(Endpoint::Authorize, &form, &reader, headers, here).await,
    }
}
