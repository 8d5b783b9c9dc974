//! The pages of a pending request: signing in, choosing an account, consent. Each form is posted to an address below the
//! page's own, and answered by sending the browser back to the page, which shows what is due next.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use identity::session::SessionCookie;
use identity::sign_in::{Attempt, SignInRefusal, sign_in};
use issuance::authorize::{
    self, Asked as AskedFor, Inquiry, Next, PendingRequest, Person, Progress, ResumeError,
};
use protocol::form::Form;
use zeroize::Zeroizing;

use super::browser::{Browser, is_from_another_site, person, preferences, see_other, with_cookies};
use super::cookies::Cookie;
use super::questions::{self, Question};
use super::{Asked, answer, body, error, error_page};
use crate::activity::ActivityKind;
use crate::app::App;
use crate::pages::{Preferences, SignInProblem};

/// What the query says when the person would rather sign in as somebody else.
const OTHER_ACCOUNT: &str = "account=other";

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let visit = match Visit::begin(&handle, &headers, &asked, &app).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    let response = visit.show(uri.query() == Some(OTHER_ACCOUNT)).await;
    visit.browser.remembered(response, &asked)
}

pub(crate) async fn post_sign_in(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (visit, form) = match Visit::with_form(&handle, &headers, body, &asked, &app).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if form.get("decision") == Some("cancel") {
        return visit.deny().await;
    }
    visit.sign_in(&form).await
}

pub(crate) async fn post_account(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (visit, form) = match Visit::with_form(&handle, &headers, body, &asked, &app).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match (form.get("decision"), &visit.person) {
        (Some("continue"), Some(person)) => visit.note(Progress::Chose(person.session.id)).await,
        (Some("other"), _) => see_other(&format!("{}?{OTHER_ACCOUNT}", visit.page)),
        (Some("cancel"), _) => visit.deny().await,
        _ => visit.again(),
    }
}

pub(crate) async fn post_consent(
    State(app): State<Arc<App>>,
    Extension(asked): Extension<Asked>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (visit, form) = match Visit::with_form(&handle, &headers, body, &asked, &app).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    match form.get("decision") {
        Some("allow") => visit.allow(form.get("shown").unwrap_or_default()).await,
        Some("deny") => visit.deny().await,
        _ => visit.again(),
    }
}

/// A pending request that is looked at, in its own browser.
struct Visit<'a> {
    pending: PendingRequest,
    inquiry: Inquiry,
    person: Option<Person>,
    browser: Browser,
    reader: Preferences,
    page: String,
    headers: &'a HeaderMap,
    asked: &'a Asked,
    app: &'a App,
}

impl<'a> Visit<'a> {
    async fn begin(
        handle: &str,
        headers: &'a HeaderMap,
        asked: &'a Asked,
        app: &'a App,
    ) -> Result<Self, Response> {
        let browser = Browser::of(headers, asked, app);
        let world = app.world(&asked.profile);
        let (pending, inquiry) = authorize::resume(handle, Some(&browser.secret), &world)
            .await
            .map_err(|why| Self::not_resumed(why, &browser, headers, asked))?;
        let reader = preferences(headers, inquiry.request.ui_locales.as_deref());
        let person = person(headers, SessionCookie::Own, asked, app)
            .await
            .map_err(|why| error_page::of_store(&why, &reader))?;
        let page = asked.profile.endpoint(&format!("/authorize/{handle}"));
        Ok(Self { pending, inquiry, person, browser, reader, page, headers, asked, app })
    }

    fn not_resumed(why: ResumeError, browser: &Browser, headers: &HeaderMap, asked: &Asked) -> Response {
        let reader = preferences(headers, None);
        match why {
            ResumeError::Moved(handle) => {
                browser.remembered(see_other(&answer::page_of(&handle, asked)), asked)
            }
            ResumeError::Gone => error_page::expired(&reader),
            ResumeError::WrongBrowser => error_page::wrong_browser(&reader),
            ResumeError::Unanswerable(why) => error_page::of_unanswerable(&why, &reader),
            ResumeError::Store(why) => error_page::of_store(&why, &reader),
        }
    }

    async fn with_form(
        handle: &str,
        headers: &'a HeaderMap,
        body: Body,
        asked: &'a Asked,
        app: &'a App,
    ) -> Result<(Self, Form), Response> {
        if is_from_another_site(headers) {
            return Err(error_page::wrong_browser(&preferences(headers, None)));
        }
        let body = body::read(headers, body, "application/x-www-form-urlencoded", app).await;
        let body = body.map_err(error::of_body)?;
        let form = Form::parse(body.bytes());
        let form = form.map_err(|wrong| error_page::of_form(&wrong, &preferences(headers, None)))?;
        Ok((Self::begin(handle, headers, asked, app).await?, form))
    }

    /// Shows what is due, or gives the answer.
    async fn show(&self, signs_in_as_another: bool) -> Response {
        let world = self.app.world(&self.asked.profile);
        let asked_for = match AskedFor::read(&self.inquiry, &world).await {
            Ok(asked_for) => asked_for,
            Err(wrong) => return self.refuse(&wrong).await,
        };
        if signs_in_as_another {
            return self.question().sign_in(None);
        }
        let (person, progress) = (self.person.as_ref(), Some(&self.pending));
        let next = match authorize::decide(&self.inquiry, &asked_for, person, progress, &world).await {
            Ok(next) => next,
            Err(why) => return error_page::of_store(&why, &self.reader),
        };
        match (next, person) {
            (Next::SignIn, _) | (Next::ChooseAccount | Next::Consent { .. } | Next::Grant, None) => {
                self.question().sign_in(None)
            }
            (Next::ChooseAccount, Some(person)) => self.question().choose_account(person),
            (Next::Consent { is_remembered }, Some(person)) => {
                self.question().consent(&asked_for, person, is_remembered)
            }
            (Next::Grant, Some(person)) => self.grant(&asked_for, person, false).await,
            (Next::Refuse(wrong), _) => self.refuse(&wrong).await,
        }
    }

    fn question(&self) -> Question<'_> {
        Question {
            inquiry: &self.inquiry,
            page: &self.page,
            reader: &self.reader,
            headers: self.headers,
            profile: &self.asked.profile,
        }
    }

    async fn sign_in(&self, form: &Form) -> Response {
        let profile = &self.asked.profile;
        let Some(world) = self.app.identity_world(profile) else { return error::not_found().await };
        let username = form.get("username").unwrap_or_default();
        let (device, session) =
            (Cookie::Device.read(self.headers, profile), Cookie::Session.read(self.headers, profile));
        let attempt = Attempt {
            username,
            password: Zeroizing::new(form.get("password").unwrap_or_default().to_owned()),
            from: self.asked.peer,
            device: device.as_deref(),
            session: session.as_deref(),
            wants_frame_secret: profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.assisted_token),
        };
        let signed_in = match sign_in(attempt, &world).await {
            Ok(signed_in) => signed_in,
            Err(refusal) => return self.not_signed_in(&refusal, username),
        };
        let response = self.note(Progress::SignedIn(signed_in.session.id)).await;
        let frame = signed_in.frame_secret.as_ref();
        with_cookies(
            response,
            [
                Cookie::Session.set(signed_in.session_secret.reveal(), profile),
                frame.and_then(|secret| Cookie::Frame.set(secret.reveal(), profile)),
                Cookie::Device.set(signed_in.device.reveal(), profile),
            ],
        )
    }

    fn not_signed_in(&self, refusal: &SignInRefusal, username: &str) -> Response {
        let (problem, reason) = match refusal {
            SignInRefusal::WrongCredentials => (SignInProblem::WrongCredentials, "wrong-credentials"),
            SignInRefusal::TooManyAttempts { retry_after } => {
                // Rounded up: whoever waits exactly that long is let in.
                let wait_seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                (SignInProblem::TooManyAttempts { wait_seconds }, "too-many-attempts")
            }
            SignInRefusal::Store(why) => return error_page::of_store(why, &self.reader),
            SignInRefusal::Hashing(why) => return error_page::internal(why, &self.reader),
        };
        let (profile, now) = (self.asked.profile.definitions.profile(), self.app.clock().now());
        self.app.activity().refused(profile, ActivityKind::SignInRefused, reason, (self.asked.peer, now));
        self.question().sign_in(Some((username, problem)))
    }

    /// The person has said yes to what they were shown, if that is what they would be shown now.
    async fn allow(&self, shown: &str) -> Response {
        let world = self.app.world(&self.asked.profile);
        let (Ok(asked_for), Some(person)) = (AskedFor::read(&self.inquiry, &world).await, &self.person)
        else {
            return self.again();
        };
        let progress = Some(&self.pending);
        match authorize::decide(&self.inquiry, &asked_for, Some(person), progress, &world).await {
            Ok(Next::Consent { is_remembered })
                if questions::is_shown(shown, &self.inquiry, &asked_for, person) =>
            {
                self.grant(&asked_for, person, is_remembered).await
            }
            // The client, its template, or who is signed in have changed meanwhile: the person sees what is now.
            Ok(_) => self.again(),
            Err(why) => error_page::of_store(&why, &self.reader),
        }
    }

    async fn grant(&self, asked_for: &AskedFor, person: &Person, remember: bool) -> Response {
        let world = self.app.world(&self.asked.profile);
        let at_once = (Some(self.pending.id), remember);
        let given = authorize::grant(&self.inquiry, asked_for, person, at_once, &world).await;
        answer::given(given, &self.inquiry, &self.reader, self.asked, self.app)
    }

    async fn deny(&self) -> Response {
        let world = self.app.world(&self.asked.profile);
        let (profile, now) = (self.asked.profile.definitions.profile(), self.app.clock().now());
        self.app.activity().refused(
            profile,
            ActivityKind::AuthorizationRefused,
            "access_denied",
            (self.asked.peer, now),
        );
        match authorize::deny(&self.inquiry, self.pending.id, &world).await {
            Ok(denied) => answer::sent(&denied, &self.reader, self.app),
            Err(authorize::AnswerError::RequestGone) => error_page::expired(&self.reader),
            Err(authorize::AnswerError::Store(why)) => error_page::of_store(&why, &self.reader),
        }
    }

    /// The client is told what is wrong, once.
    async fn refuse(&self, wrong: &protocol::authorization::AuthorizationError) -> Response {
        let profile = self.asked.profile.definitions.profile();
        match self.app.world(&self.asked.profile).authorizations.drop_request(profile, self.pending.id).await
        {
            Ok(_) => answer::refused(&self.inquiry, wrong, &self.reader, self.asked, self.app),
            Err(why) => error_page::of_store(&why, &self.reader),
        }
    }

    async fn note(&self, progress: Progress) -> Response {
        let profile = self.asked.profile.definitions.profile();
        let world = self.app.world(&self.asked.profile);
        match world.authorizations.note_progress(profile, self.pending.id, progress).await {
            Ok(()) => self.again(),
            Err(why) => error_page::of_store(&why, &self.reader),
        }
    }

    fn again(&self) -> Response {
        see_other(&self.page).into_response()
    }
}
