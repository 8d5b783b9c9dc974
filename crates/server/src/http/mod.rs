//! HTTP: from a request to a use case, and from its outcome to a response.
//!
//! One file per endpoint. None of them decides anything; [`error`] is the only place where an error becomes a response.

mod answer;
mod assisted_token;
mod authorize;
mod body;
mod browser;
mod cookies;
pub mod error;
mod error_page;
mod inquire;
mod interaction;
mod introspect;
mod jwks;
mod peer;
mod questions;
mod register;
mod revoke;
mod server_metadata;
mod sign_out;
mod token;
mod userinfo;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use http::Method;
use http::header::{self, HeaderMap, HeaderName};
use http::uri::PathAndQuery;
use hyper::body::Incoming;
use issuance::profile::Profile;
use tower::ServiceExt;
use tower_http::cors::{Any, CorsLayer};

use crate::app::App;
use crate::figures::{Endpoint, UnderWay};
use crate::request_name::{RequestName, X_REQUEST_ID};

/// What a request is about, before anybody looks into it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The profile that it is for, at the revision that it found.
    pub(crate) profile: Arc<Profile>,
    /// Where it came from.
    pub(crate) peer: IpAddr,
}

/// The headers that apps in browsers send (`docs/interop.md` has who sends which).
const ASKED_FROM_BROWSERS: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("mcp-protocol-version"),
];

/// How long a browser need not ask again whether it may ask.
const PREFLIGHT_LASTS: Duration = Duration::from_secs(3_600);

/// What is the same for everybody, and asks nothing of the store.
const DOCUMENTS: [&str; 2] = ["/.well-known/", "/jwks"];

/// What people see.
const PAGES: [&str; 3] = ["/authorize", "/assisted-token", "/logout"];

/// All endpoints of all profiles.
#[derive(Clone, Debug)]
pub struct Endpoints {
    app: Arc<App>,
    router: Router,
}

impl Endpoints {
    /// The table of endpoints. Paths are those below a profile's issuer.
    pub fn new(app: Arc<App>) -> Self {
        // What apps in browsers ask, from wherever they were loaded: nothing here looks at a cookie, so any origin may
        // (Fetch §3.2). The endpoints for people are not among them.
        let for_apps = Router::new()
            .route("/.well-known/oauth-authorization-server", get(server_metadata::get))
            .route("/.well-known/openid-configuration", get(server_metadata::get))
            .route("/jwks", get(jwks::get))
            .route("/register", post(register::post))
            .route("/revoke", post(revoke::post))
            .route("/token", post(token::post))
            .route("/userinfo", get(userinfo::answer).post(userinfo::answer))
            .method_not_allowed_fallback(error::method_not_allowed)
            .layer(
                CorsLayer::new()
                    .allow_origin(Any)
                    .allow_methods([Method::GET, Method::POST])
                    .allow_headers(ASKED_FROM_BROWSERS)
                    .expose_headers([header::WWW_AUTHENTICATE, header::RETRY_AFTER, X_REQUEST_ID])
                    .max_age(PREFLIGHT_LASTS),
            );
        // What a form was sent to is opened again when a tab comes back, and shows what is due then.
        let for_people = Router::new()
            .route("/authorize", get(authorize::get).post(authorize::post))
            .route("/authorize/{handle}", get(interaction::get))
            .route("/authorize/{handle}/sign-in", get(interaction::get).post(interaction::post_sign_in))
            .route("/authorize/{handle}/account", get(interaction::get).post(interaction::post_account))
            .route("/authorize/{handle}/consent", get(interaction::get).post(interaction::post_consent))
            .route("/assisted-token", get(assisted_token::get))
            .route("/logout", get(sign_out::get).post(sign_out::post));
        let router = for_people
            .route("/introspect", post(introspect::post))
            .merge(for_apps)
            .fallback(error::not_found)
            .method_not_allowed_fallback(error::method_not_allowed)
            .with_state(Arc::clone(&app));
        Self { app, router }
    }

    /// Answers a request: counts it, and gives it a name that the answer and the log have.
    pub async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Response {
        let mut counted = self.app.figures().begin(request.method());
        let name = RequestName::draw(self.app.random(), request.headers());
        let (header, named) = (name.header(), name.clone());
        let answer = async {
            let response = self.route(peer, request, &named, &mut counted).await;
            let (status, micros) = (response.status().as_u16(), counted.answered(response.status()));
            let (method, endpoint) = (counted.verb.as_str(), counted.endpoint.as_str());
            tracing::debug!(method, endpoint, status, micros, "answered");
            response
        };
        let mut response = name.answer(answer).await;
        response.headers_mut().insert(X_REQUEST_ID, header);
        response
    }

    async fn route(
        &self,
        peer: IpAddr,
        request: Request<Incoming>,
        name: &RequestName,
        counted: &mut UnderWay<'_>,
    ) -> Response {
        let mut request = request.map(Body::new);
        let profiles = self.app.profiles();
        let Ok(host) = host(&request) else { return error::bad_host() };
        let Some((profile, rest)) = profiles.locate(host.as_deref(), request.uri().path()) else {
            return error::not_found().await;
        };
        counted.endpoint = Endpoint::of(rest);
        let profile = match self.app.current(profile).await {
            Ok(Some(profile)) => profile,
            Ok(None) => return error::not_found().await,
            // Documents are served as they were last known. Whoever verifies tokens should not be stopped too.
            Err(_) if DOCUMENTS.iter().any(|document| rest.starts_with(document)) => Arc::clone(profile),
            Err(error) if PAGES.iter().any(|page| rest.starts_with(page)) => {
                return error_page::of_store(&error, &browser::preferences(request.headers(), None));
            }
            Err(error) => return error::of_store(&error),
        };
        let peer = peer::address(peer, request.headers(), self.app.trusted_proxies());
        let asked = Asked { profile, peer };
        // The endpoint is what remains when the profile is taken off.
        let rest = match request.uri().query() {
            Some(query) => format!("{rest}?{query}"),
            None => rest.to_owned(),
        };
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = PathAndQuery::try_from(rest).ok();
        *request.uri_mut() = http::Uri::from_parts(parts).unwrap_or_default();
        request.extensions_mut().insert(asked);
        let changes_something = request.method() == Method::POST;
        let answering = self.router.clone().oneshot(request);
        if !changes_something {
            return answering.await.unwrap_or_else(|never| match never {});
        }
        // Whoever hangs up has asked all the same: what was begun is not left half-way, and not taken back.
        match tokio::spawn(name.clone().answer(answering)).await {
            Ok(answered) => answered.unwrap_or_else(|never| match never {}),
            Err(error) => error::internal(&error),
        }
    }
}

/// RFC 9112 §3.2: the host that a request is for, which HTTP/1.0 need not say. It chooses the profile, so whatever could
/// be read in two ways is refused.
fn host<B>(request: &Request<B>) -> Result<Option<String>, BadHost> {
    if let Some(authority) = request.uri().authority() {
        return Ok(Some(authority.as_str().to_owned()));
    }
    let mut stated = request.headers().get_all(header::HOST).iter();
    match (stated.next(), stated.next()) {
        (None, _) if request.version() < http::Version::HTTP_11 => Ok(None),
        (Some(host), None) => {
            let host = host.to_str().map_err(|_not_text| BadHost)?;
            let authority: http::uri::Authority = host.parse().map_err(|_malformed| BadHost)?;
            // Somebody's name, or a port that is none, is no part of a host.
            let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("@");
            let is_port =
                port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
            if is_port { Ok(Some(host.to_owned())) } else { Err(BadHost) }
        }
        _ => Err(BadHost),
    }
}

/// The host cannot be told.
#[derive(Debug, PartialEq, Eq)]
struct BadHost;

/// The value of a header that stands once and is text.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
