//! A client of the server, as anybody could write it.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";

/// An answer, with the request that it is to, as it is shown.
pub(super) struct Answer {
    pub(super) request: Vec<String>,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Null where the body is empty or no JSON.
    pub(super) json: Value,
    /// The page, where the body is one.
    pub(super) html: String,
    pub(super) took: Duration,
}

impl Answer {
    /// A member of the body that is text; empty where there is none.
    pub(super) fn text(&self, member: &str) -> &str {
        self.json.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// A member of the body that is a number; 0 where there is none.
    pub(super) fn number(&self, member: &str) -> u64 {
        self.json.get(member).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// Sends requests to one server.
#[derive(Debug)]
pub(super) struct Caller {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    pub(super) fn new(base: String) -> Self {
        Self { base, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Posts a form, with a secret in the Authorization header where there is one.
    pub(super) async fn post_form(
        &self,
        path: &str,
        client: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut headers = vec![("content-type", FORM.to_owned())];
        if let Some((id, secret)) = client {
            headers.push(("authorization", basic(id, secret)));
        }
        self.send(Method::POST, path, &headers, form_of(form)).await
    }

    /// Posts JSON, with a token where there is one.
    pub(super) async fn post_json(
        &self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let Some(token) = token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        self.send(Method::POST, path, &headers, body.to_string()).await
    }

    /// Asks with an access token.
    pub(super) async fn get_with(&self, path: &str, token: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, &[("authorization", format!("Bearer {token}"))], String::new()).await
    }

    /// What a browser sends: a form is posted, and where there is none the address is opened.
    pub(super) async fn browse(
        &self,
        path: &str,
        form: Option<String>,
        headers: &[(&'static str, String)],
    ) -> anyhow::Result<Answer> {
        let mut headers = headers.to_vec();
        match form {
            None => self.send(Method::GET, path, &headers, String::new()).await,
            Some(form) => {
                headers.push(("content-type", FORM.to_owned()));
                self.send(Method::POST, path, &headers, form).await
            }
        }
    }

    /// The path of an address that is the server's.
    pub(super) fn path_of<'a>(&self, address: &'a str) -> Option<&'a str> {
        address.strip_prefix(&self.base)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: String,
    ) -> anyhow::Result<Answer> {
        let mut shown = vec![format!("{method} {path}")];
        shown.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if !body.is_empty() {
            shown.push(body.clone());
        }
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let begun = Instant::now();
        let response =
            self.client.request(request).await.with_context(|| format!("{path} did not answer"))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let is = |wanted: &str| {
            let stated = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            stated.is_some_and(|stated| stated.starts_with(wanted))
        };
        let json = if is("application/json") { serde_json::from_slice(&body)? } else { Value::Null };
        let html = if is("text/html") { String::from_utf8_lossy(&body).into_owned() } else { String::new() };
        Ok(Answer {
            request: shown,
            status: parts.status,
            headers: parts.headers,
            json,
            html,
            took: begun.elapsed(),
        })
    }
}

fn basic(id: &str, secret: &str) -> String {
    // Identifiers and secrets of this server need no encoding before they are joined (RFC 6749 §2.3.1).
    format!("Basic {}", base64_standard(format!("{id}:{secret}").as_bytes()))
}

fn base64_standard(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A form as it is sent.
pub(super) fn form_of(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Text as it stands in a form, or in the query of an address.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
