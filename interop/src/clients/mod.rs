//! The libraries for Rust.

mod oauth2;
mod openidconnect;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use ::openidconnect::http::Uri;
use ::openidconnect::http::uri::Scheme;
use ::openidconnect::reqwest::{self, redirect};
use ::openidconnect::{AsyncHttpClient, HttpClientError, HttpRequest, HttpResponse};
use anyhow::{Context, bail, ensure};
use url::Url;

use crate::World;
use crate::person::Person;
use crate::report::Report;

/// All of them.
pub(crate) const ALL: &[Client] = &[
    Client { name: "oauth2", run: |world, person, report| Box::pin(oauth2::run(world, person, report)) },
    Client {
        name: "openidconnect",
        run: |world, person, report| Box::pin(openidconnect::run(world, person, report)),
    },
];

type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// A client that is part of this program.
pub(crate) struct Client {
    /// The library that it is about.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) run: for<'a> fn(&'a World, &'a Person, &'a mut Report) -> Running<'a>,
}

impl Client {
    /// The version of its library, which is the one in the lock file.
    pub(crate) fn version(&self) -> anyhow::Result<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("Cargo.lock");
        let lock = std::fs::read_to_string(path).context("Cargo.lock")?;
        let package = format!("name = \"{}\"\nversion = \"", self.name);
        let (_, rest) = lock.split_once(&package).context("it is not in Cargo.lock")?;
        rest.split_once('"').map(|(version, _)| version.to_owned()).context("it has no version")
    }
}

/// Where the client is told the answer. Nobody listens there: the person stops before.
const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";

/// What they ask for.
const SCOPES: [&str; 4] = ["profile", "email", "offline_access", "orders:read"];

/// As both libraries ask for it: following redirects would let a server send the client anywhere.
fn http() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().redirect(redirect::Policy::none()).build()?)
}

/// What stands where TLS would: both libraries revoke by https and by nothing else, localhost included.
struct AsIfByTls(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for AsIfByTls {
    type Error = HttpClientError<reqwest::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + Sync + 'c>>;

    fn call(&'c self, mut request: HttpRequest) -> Self::Future {
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        self.0.call(request)
    }
}

/// The address with which it is asked.
fn as_if_by_tls(url: &str) -> String {
    url.replacen("http:", "https:", 1)
}

/// What came to the redirect URI.
struct Callback {
    code: String,
    state: String,
    iss: String,
}

impl Callback {
    fn read(url: &Url) -> anyhow::Result<Self> {
        ensure!(url.as_str().starts_with(REDIRECT_URI), "it was sent elsewhere: {url}");
        let value = |name: &str| {
            let found = url.query_pairs().find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned()).with_context(|| format!("{url} has no {name}"))
        };
        Ok(Self { code: value("code")?, state: value("state")?, iss: value("iss")? })
    }

    /// RFC 9207 §2.4, which neither library knows.
    fn check_issuer(&self, issuer: &str) -> anyhow::Result<()> {
        if self.iss == issuer { Ok(()) } else { bail!("the answer is of {}", self.iss) }
    }
}
