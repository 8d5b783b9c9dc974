//! The assisted token endpoint: a page of a registered origin opens it in a frame, or in a window, and is told the answer
//! in a message (draft-ideskog-assisted-token).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use identity::session::SessionCookie;
use issuance::authorize::{self, Asked as AskedFor, Endpoint, Inquiry, Next};
use protocol::authorization::{AuthorizationError, AuthorizationErrorCode as Code};
use protocol::form::Form;

use super::browser::{Browser, person, preferences, see_other};
use super::{Asked, answer, error_page};
use crate::app::App;

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let world = app.world(&asked.profile);
    let reader = preferences(&headers, None);
    let form = match Form::parse_repeating(query.as_bytes()) {
        Ok(form) => form,
        Err(wrong) => return error_page::of_form(&wrong, &reader),
    };
    let inquiry = match Inquiry::read(Endpoint::AssistedToken, &form, &world).await {
        Ok(inquiry) => inquiry,
        Err(why) => return error_page::of_unanswerable(&why, &reader),
    };
    let asked_for = match AskedFor::read(&inquiry, &world).await {
        Ok(asked_for) => asked_for,
        Err(wrong) => return answer::refused(&inquiry, &wrong, &reader, &asked, &app),
    };
    let is_window = is_window(&headers);
    let kind = if is_window { SessionCookie::Own } else { SessionCookie::Frame };
    let person = match person(&headers, kind, &asked, &app).await {
        Ok(person) => person,
        Err(why) => return error_page::of_store(&why, &reader),
    };
    let next = match authorize::decide(&inquiry, &asked_for, person.as_ref(), None, &world).await {
        Ok(next) => next,
        Err(why) => return error_page::of_store(&why, &reader),
    };
    match (next, person) {
        (Next::Refuse(wrong), _) => answer::refused(&inquiry, &wrong, &reader, &asked, &app),
        (Next::Grant, Some(person)) => {
            let given = authorize::grant(&inquiry, &asked_for, &person, (None, false), &world).await;
            answer::given(given, &inquiry, &reader, &asked, &app)
        }
        // Pages that take input are never framed: whoever frames them could have them clicked.
        (Next::Consent { .. }, _) if !is_window => {
            let text = "the user has to consent: open this address in a window";
            let wrong = AuthorizationError::new(Code::ConsentRequired, text);
            answer::refused(&inquiry, &wrong, &reader, &asked, &app)
        }
        _ if !is_window => {
            let text = "the user has to sign in, or the browser withholds that they have: open this address in a window";
            let wrong = AuthorizationError::new(Code::InteractionRequired, text);
            answer::refused(&inquiry, &wrong, &reader, &asked, &app)
        }
        _ => {
            let browser = Browser::of(&headers, &asked, &app);
            match authorize::keep(Endpoint::AssistedToken, query, Some(&browser.secret), &world).await {
                Ok(handle) => browser.remembered(see_other(&answer::page_of(&handle, &asked)), &asked),
                Err(why) => error_page::of_keeping(&why, &reader),
            }
        }
    }
}

/// Whether this is a window of its own. A browser that does not say so is taken for a frame, in which nobody is asked
/// anything.
fn is_window(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_some_and(|destination| destination == "document")
}
