//! A browser, as far as the tour needs one: it keeps cookies, follows redirects as long as they stay with the server, and
//! posts the forms of pages.

use std::collections::BTreeMap;

use anyhow::Context;
use http::header;

use super::caller::{Answer, Caller, form_of};

/// What a phone says of itself.
const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/// The browser of somebody's phone.
#[derive(Debug, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

/// Where a browser came to in the end, and what it went through.
pub(super) struct Visit {
    /// Every answer, in order.
    pub(super) answers: Vec<Answer>,
}

impl Visit {
    /// The last answer: a page, or a redirect to somebody else.
    pub(super) fn last(&self) -> anyhow::Result<&Answer> {
        self.answers.last().context("the browser went nowhere")
    }

    /// The page that is shown; empty where the browser was sent to somebody else.
    pub(super) fn page(&self) -> Page<'_> {
        Page(self.answers.last().map(|answer| answer.html.as_str()).unwrap_or_default())
    }

    /// A parameter of the address that the browser was sent to in the end.
    pub(super) fn sent_with(&self, name: &str) -> String {
        let location = self.answers.last().map(location).unwrap_or_default();
        let query = location.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let mut parameters = url::form_urlencoded::parse(query.as_bytes());
        parameters.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

impl Browser {
    /// Opens an address of the server.
    pub(super) async fn open(&mut self, path: &str, caller: &Caller) -> anyhow::Result<Visit> {
        let answer = caller.browse(path, None, &self.headers()).await?;
        self.follow(answer, caller).await
    }

    /// Fills the form of a page in, and sends it with what is hidden in it.
    pub(super) async fn submit(
        &mut self,
        page: Page<'_>,
        filled: &[(&str, &str)],
        caller: &Caller,
    ) -> anyhow::Result<Visit> {
        let path = caller.path_of(page.action()).context("the page has no form")?.to_owned();
        let mut form = page.hidden();
        form.extend(filled.iter().copied());
        let answer = caller.browse(&path, Some(form_of(&form)), &self.headers()).await?;
        self.follow(answer, caller).await
    }

    async fn follow(&mut self, first: Answer, caller: &Caller) -> anyhow::Result<Visit> {
        self.keep_cookies(&first);
        let mut answers = vec![first];
        while let Some(path) = answers.last().and_then(|answer| caller.path_of(location(answer))) {
            let answer = caller.browse(path, None, &self.headers()).await?;
            self.keep_cookies(&answer);
            answers.push(answer);
        }
        Ok(Visit { answers })
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("user-agent", USER_AGENT.to_owned())];
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("cookie", pairs.join("; ")));
        }
        headers
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        let set = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        for (pair, attributes) in set.filter_map(|set| set.split_once(';')) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn location(answer: &Answer) -> &str {
    answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A page, read as far as a tour needs it. What it looks for has no characters in it that HTML would escape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a>(&'a str);

impl<'a> Page<'a> {
    /// What stands in the title of the window.
    pub(super) fn title(self) -> &'a str {
        between(self.0, "<title>", "</title>").unwrap_or_default()
    }

    /// Whether it has an element of this id.
    pub(super) fn has(self, id: &str) -> bool {
        self.0.contains(&format!("id=\"{id}\""))
    }

    /// The text of the element of this id, where that is all that is in it.
    pub(super) fn text_of(self, id: &str) -> &'a str {
        let from = self.0.find(&format!("id=\"{id}\"")).and_then(|at| self.0.get(at..)).unwrap_or_default();
        between(from, ">", "<").unwrap_or_default()
    }

    fn action(self) -> &'a str {
        between(self.0, "<form method=\"post\" action=\"", "\"").unwrap_or_default()
    }

    fn hidden(self) -> Vec<(&'a str, &'a str)> {
        let inputs = self.0.split("<input type=\"hidden\" ").skip(1);
        inputs
            .filter_map(|input| Some((between(input, "name=\"", "\"")?, between(input, "value=\"", "\"")?)))
            .collect()
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
