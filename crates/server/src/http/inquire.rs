//! From the address of a request to what comes next, for both endpoints that put questions to people.

use axum::response::Response;
use http::header::HeaderMap;
use identity::session::SessionCookie;
use issuance::authorize::{self, Asked as AskedFor, Endpoint, Inquiry, Next, Person};
use protocol::form::Form;

use super::browser::{Browser, person, preferences, see_other};
use super::{Asked, answer, error_page};
use crate::activity::ActivityKind;
use crate::app::App;
use crate::pages::Preferences;

/// A request that was understood.
pub(super) struct Inquired {
    pub(super) form: Form,
    pub(super) inquiry: Inquiry,
    pub(super) asked_for: AskedFor,
    pub(super) person: Option<Person>,
    pub(super) next: Next,
    pub(super) reader: Preferences,
}

/// Reads a request, and decides. What cannot be gone on with has been answered.
pub(super) async fn inquire(
    endpoint: Endpoint,
    query: &str,
    kind: SessionCookie,
    headers: &HeaderMap,
    (asked, app): (&Asked, &App),
) -> Result<Inquired, Response> {
    let world = app.world(&asked.profile);
    let form = Form::parse_repeating(query.as_bytes())
        .map_err(|wrong| error_page::of_form(&wrong, &preferences(headers, None)))?;
    // Neither waits for the other: both are in the store.
    let (inquiry, person) =
        tokio::join!(Inquiry::read(endpoint, &form, &world), person(headers, kind, asked, app));
    let inquiry = inquiry.map_err(|why| unanswerable(&why, headers, asked, app))?;
    let reader = preferences(headers, inquiry.request.ui_locales.as_deref());
    let asked_for = AskedFor::read(&inquiry, &world)
        .await
        .map_err(|wrong| answer::refused(&inquiry, &wrong, &reader, asked, app))?;
    // The client is known, and so is where it is told what went wrong.
    let of_store = |why| answer::failed(&inquiry, &why, &reader, asked, app);
    let person = person.map_err(of_store)?;
    let next =
        authorize::decide(&inquiry, &asked_for, person.as_ref(), None, &world).await.map_err(of_store)?;
    Ok(Inquired { form, inquiry, asked_for, person, next, reader })
}

/// Keeps a request that waits for its person, and sends the browser to the page that goes on with it.
pub(super) async fn keep(
    endpoint: Endpoint,
    form: &Form,
    reader: &Preferences,
    headers: &HeaderMap,
    (asked, app): (&Asked, &App),
) -> Response {
    if !app.may_keep_request(&asked.profile, asked.peer) {
        return error_page::too_many_requests(reader);
    }
    let browser = Browser::of(headers, asked, app);
    match authorize::keep(endpoint, form, Some(&browser.secret), &app.world(&asked.profile)).await {
        Ok(handle) => browser.remembered(see_other(&answer::page_of(&handle, asked)), asked),
        Err(why) => error_page::of_keeping(&why, reader),
    }
}

/// Nobody but the person can be told.
pub(super) fn unanswerable(
    why: &authorize::Unanswerable,
    headers: &HeaderMap,
    asked: &Asked,
    app: &App,
) -> Response {
    app.activity().refused(
        asked.profile.definitions.profile(),
        ActivityKind::AuthorizationRefused,
        error_page::reason(why),
        (asked.peer, app.clock().now()),
    );
    error_page::of_unanswerable(why, &preferences(headers, None))
}
