//! The assisted token endpoint: a page of a registered origin opens it in a frame, or in a window, and is told the answer
//! in a message (draft-ideskog-assisted-token).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use identity::session::SessionCookie;
use issuance::authorize::{self, Endpoint, Next};
use protocol::authorization::{AuthorizationError, AuthorizationErrorCode as Code};

use super::inquire::{Inquired, inquire, keep};
use super::{Asked, answer};
use crate::app::App;

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let (query, here) = (uri.query().unwrap_or_default(), (&asked, &*app));
    let is_window = is_window(&headers);
    let kind = if is_window { SessionCookie::Own } else { SessionCookie::Frame };
    let inquired = inquire(Endpoint::AssistedToken, query, kind, &headers, here).await;
    let Inquired { form, inquiry, asked_for, person, next, reader } = match inquired {
        Ok(inquired) => inquired,
        Err(response) => return response,
    };
    match (next, person) {
        (Next::Refuse(wrong), _) => answer::refused(&inquiry, &wrong, &reader, &asked, &app),
        (Next::Grant, Some(person)) => {
            let world = app.world(&asked.profile);
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
        _ => keep(Endpoint::AssistedToken, &form, &reader, &headers, here).await,
    }
}

/// Whether this is a window of its own. A browser that does not say so is taken for a frame, in which nobody is asked
/// anything.
fn is_window(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_some_and(|destination| destination == "document")
}
