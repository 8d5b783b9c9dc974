//! The answer of the assisted token: a page that hands a message to the page that opened or frames it.

use std::fmt;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use http::HeaderValue;
use http::header;
use protocol::uri::is_web_origin;
use serde::Serialize;
use serde_json::Value;

use super::language::Preferences;
use super::problem::{Problem, ProblemKind};
use super::response::STYLE_SOURCE;
use super::{Page, response};

/// A message, and who may have it.
#[derive(Clone)]
pub struct Message<'a> {
    /// The origins that may have it, and may frame the page. What is no origin of the web is passed over.
    pub targets: &'a [String],
    /// The message.
    pub message: &'a Value,
    /// What lets the script of this page run, and no other: never used twice. Letters, digits and `+/-_=`.
    pub nonce: &'a str,
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // There may be a token in the message.
        formatter.debug_struct("Message").field("targets", &self.targets).finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    page: Page,
    nonce: &'a str,
    /// Made so that it cannot end the element that it stands in.
    letter: String,
}

/// What the script reads.
#[derive(Serialize)]
struct Letter<'a> {
    targets: &'a [&'a str],
    message: &'a Value,
}

impl Message<'_> {
    /// The page.
    pub fn to_response(&self, reader: &Preferences) -> Response {
        let targets: Vec<&str> =
            self.targets.iter().map(String::as_str).filter(|target| is_web_origin(target)).collect();
        let letter = Letter { targets: &targets, message: self.message };
        let letter = match serde_json::to_string(&letter) {
            Ok(letter) if is_nonce(self.nonce) => embeddable(&letter),
            Ok(_) => {
                tracing::error!("a nonce cannot stand in a policy");
                return Problem { kind: ProblemKind::ServerError, detail: None }.to_response(reader);
            }
            Err(error) => {
                tracing::error!(%error, "a message could not be written");
                return Problem { kind: ProblemKind::ServerError, detail: None }.to_response(reader);
            }
        };
        let ancestors = if targets.is_empty() { "'none'".to_owned() } else { targets.join(" ") };
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{}'; style-src {}; base-uri 'none'; frame-ancestors {ancestors}",
            self.nonce,
            STYLE_SOURCE.as_str()
        );
        let html = MessagePage { page: Page::of(reader), nonce: self.nonce, letter };
        let mut response = response::with_policy(StatusCode::OK, &html, &policy);
        if targets.is_empty() {
            // The older header has no word for «these origins», so it only ever says «nobody».
            response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        response
    }
}

/// CSP Level 3 §2.3.1.
fn is_nonce(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    !text.is_empty() && text.bytes().all(fits)
}

/// JSON that means the same, without the characters by which an element could end or a comment begin, and without
/// those that are line ends to some readers. They stand in strings only, where an escape is as good.
fn embeddable(json: &str) -> String {
    let mut embeddable = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => embeddable.push_str("\\u003c"),
            '>' => embeddable.push_str("\\u003e"),
            '&' => embeddable.push_str("\\u0026"),
            '\u{2028}' => embeddable.push_str("\\u2028"),
            '\u{2029}' => embeddable.push_str("\\u2029"),
            c => embeddable.push(c),
        }
    }
    embeddable
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_cannot_leave_its_element_and_means_the_same() {
        let message =
            json!({"a": "</script><script>alert(1)</script>", "b": "<!--\u{2028}\u{2029}&amp;", "<": 1});
        let embedded = embeddable(&message.to_string());
        assert!(!embedded.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{embedded}");
        assert_eq!(serde_json::from_str::<Value>(&embedded).unwrap(), message);
    }
}
