//! Alice, who signs in and consents: the one part of every flow that no library plays.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use openidconnect::reqwest::{self, header, redirect};
use serde::Deserialize;
use url::Url;

const USERNAME: &str = "alice";
const PASSWORD: &str = "alice-password";

/// Further than this no flow goes.
const MOST_STEPS: usize = 12;

/// What she says when a client asks for her consent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    #[default]
    Allow,
    Deny,
}

/// Alice at her computer.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    server: Url,
    http: reqwest::Client,
}

/// What a program asks for.
#[derive(Debug, Deserialize)]
struct Drive {
    url: String,
    #[serde(default)]
    decision: Decision,
}

impl Person {
    /// Whoever uses the server at this address.
    pub(crate) fn of(server: &str) -> anyhow::Result<Self> {
        // The address of the client is where she stops: nobody need listen there.
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build()?;
        Ok(Self { server: Url::parse(server)?, http })
    }

    /// Lets programs ask her, at the address that this returns.
    pub(crate) async fn listen(self) -> anyhow::Result<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/drive", listener.local_addr()?);
        let router = Router::new().route("/drive", get(drive)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// Opens an authorization URL in a fresh browser, and returns where that was sent in the end.
    pub(crate) async fn drive(&self, url: &str, decision: Decision) -> anyhow::Result<Url> {
        let (mut browser, mut next) = (Cookies::default(), Step::Get(Url::parse(url)?));
        for _ in 0..MOST_STEPS {
            let (request, at) = match &next {
                Step::Get(url) => (self.http.get(url.clone()), url.clone()),
                Step::Post(url, form) => (self.http.post(url.clone()).form(form), url.clone()),
            };
            let response = request.header(header::COOKIE, browser.header()).send().await?;
            browser.keep(response.headers());
            if let Some(location) = response.headers().get(header::LOCATION) {
                let location = at.join(location.to_str()?)?;
                if location.origin() != self.server.origin() {
                    return Ok(location);
                }
                next = Step::Get(location);
                continue;
            }
            let status = response.status();
            let page = response.text().await?;
            if !status.is_success() {
                bail!("{at} is {status}: {page}");
            }
            next = fill_in(&page, &at, decision)?;
        }
        bail!("it goes on and on after {url}")
    }
}

async fn drive(State(person): State<Person>, Query(asked): Query<Drive>) -> (StatusCode, String) {
    match person.drive(&asked.url, asked.decision).await {
        Ok(url) => (StatusCode::OK, url.into()),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")),
    }
}

enum Step {
    Get(Url),
    Post(Url, Vec<(&'static str, String)>),
}

/// What is on the page decides what she does.
fn fill_in(page: &str, at: &Url, decision: Decision) -> anyhow::Result<Step> {
    let action =
        attribute(page, "<form method=\"post\" action=\"").context("there is no form on the page")?;
    let form = if page.contains("name=\"password\"") {
        if page.contains("id=\"problem\"") {
            bail!("she was not let in: {page}");
        }
        vec![("username", USERNAME.to_owned()), ("password", PASSWORD.to_owned())]
    } else if let Some(shown) = attribute(page, "name=\"shown\" value=\"") {
        let decision = match decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
        };
        vec![("shown", shown.to_owned()), ("decision", decision.to_owned())]
    } else {
        bail!("a page that she does not know: {page}")
    };
    Ok(Step::Post(at.join(action)?, form))
}

/// What follows, up to the next quote.
fn attribute<'p>(page: &'p str, before: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(before)?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The cookies of one browser. They are `Secure`, and localhost is as good as that in browsers too.
#[derive(Default)]
struct Cookies(BTreeMap<String, String>);

impl Cookies {
    fn keep(&mut self, headers: &header::HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}
