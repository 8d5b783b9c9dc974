//! What people are shown of the client that asks.

use std::fmt;

use protocol::client_metadata::Localized;
use url::Url;

use super::language::{Form, Preferences};
use super::phrases::Phrases;
use super::visible::Visible;

/// A client, as far as people can make use of it. Everything here but `id` and `registered` is what the client says
/// about itself.
#[derive(Clone, Debug)]
pub struct ClientShown<'a> {
    /// Its identifier, which stands where a name is missing (RFC 7591 §2, `client_name`).
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a Localized>,
    /// Its home page.
    pub client_uri: Option<&'a Localized>,
    /// What it does with personal data.
    pub policy_uri: Option<&'a Localized>,
    /// Its terms of service.
    pub tos_uri: Option<&'a Localized>,
    /// Where it comes from.
    pub registered: Registered,
}

/// Where a client comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The operator laid it down.
    ByOperator,
    /// It registered.
    Since {
        /// The day, as `YYYY-MM-DD`.
        date: String,
        /// Which way it came in.
        door: Door,
        /// Who asked for it.
        by: By,
    },
}

/// The way in that a client took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It brought the whole definition.
    Own,
    /// It is an installation of something that the operator has described.
    Template,
}

/// Who registered a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Nobody that is known.
    Anonymous,
    /// A client that was known before.
    Client,
    /// Somebody who had signed in.
    User,
}

impl Registered {
    /// Whether nobody who is known answers for the client.
    pub(super) fn by_itself(&self) -> bool {
        matches!(self, Self::Since { by: By::Anonymous, .. })
    }

    /// Since when it is here and who brought it, in words.
    pub(super) fn in_words(&self, phrases: &Phrases) -> String {
        match self {
            Self::ByOperator => phrases.registered_by_operator.to_owned(),
            Self::Since { date, door, by } => (phrases.registered)(*door, *by, &in_words(date, phrases)),
        }
    }
}

/// A day as people write it; as it came, where it is none.
fn in_words(date: &str, phrases: &Phrases) -> String {
    let mut parts = date.splitn(3, '-');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
    match (number(), number(), number()) {
        (Some(year), Some(month @ 1..), Some(day)) => match phrases.months.get(month - 1) {
            Some(month) => (phrases.date)(day, month, year),
            None => date.to_owned(),
        },
        _ => date.to_owned(),
    }
}

/// A client's name in one language.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) text: Visible<'a>,
    /// The language, where it is known.
    pub(super) tag: Option<&'a str>,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

/// An address that the client gave, which may be followed.
pub(super) struct Link {
    pub(super) label: &'static str,
    pub(super) href: String,
    /// The host, where the link before it did not lead there too.
    pub(super) host: Option<String>,
}

impl<'a> ClientShown<'a> {
    pub(super) fn name(&self, reader: &Preferences) -> Name<'a> {
        let form = self.name.and_then(|name| reader.form(name)).unwrap_or(Form { text: self.id, tag: None });
        Name { text: Visible(form.text), tag: form.tag }
    }

    /// Its addresses, with their hosts in plain sight.
    pub(super) fn links(&self, reader: &Preferences, phrases: &'static Phrases) -> Vec<Link> {
        let mut before = None;
        [
            (phrases.website, self.client_uri),
            (phrases.privacy, self.policy_uri),
            (phrases.terms, self.tos_uri),
        ]
        .into_iter()
        .filter_map(|(label, address)| {
            let (href, host) = address.and_then(|address| reader.pick(address)).and_then(web_address)?;
            let host = Some(host);
            let news = host != before;
            before.clone_from(&host);
            Some(Link { label, href, host: host.filter(|_| news) })
        })
        .collect()
    }
}

/// An address of the web and its host. Nothing else is ever made a link: a `javascript:` would run here.
fn web_address(text: &str) -> Option<(String, String)> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    let host = url.host_str()?.to_owned();
    (url.username().is_empty() && url.password().is_none()).then(|| (url.into(), host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::language::Language;

    #[test]
    fn only_addresses_of_the_web_become_links() {
        for address in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "ftp://shop.example/",
            "mailto:shop@shop.example",
            "//shop.example/",
            "/relative",
            "https://bank.example@evil.example/",
            "https://",
            "",
        ] {
            assert_eq!(web_address(address), None, "{address}");
        }
        assert_eq!(
            web_address("https://shop.example/a\"b"),
            Some(("https://shop.example/a%22b".to_owned(), "shop.example".to_owned()))
        );
    }

    #[test]
    fn every_host_that_a_link_leads_to_is_named_before_it() {
        let [here, there] = ["https://shop.example/", "https://law.example/"].map(Localized::from);
        let client = ClientShown {
            id: "c",
            name: None,
            client_uri: Some(&here),
            policy_uri: Some(&here),
            tos_uri: Some(&there),
            registered: Registered::ByOperator,
        };
        let links = client.links(&Preferences::default(), Phrases::of(Language::English));
        let hosts: Vec<_> = links.iter().map(|link| link.host.as_deref()).collect();
        assert_eq!(hosts, [Some("shop.example"), None, Some("law.example")]);
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let english = Phrases::of(Language::English);
        let german = Phrases::of(Language::German);
        assert_eq!(in_words("2026-03-09", english), "9 March 2026");
        assert_eq!(in_words("2026-03-09", german), "9. M\u{e4}rz 2026");
        for none in ["", "yesterday", "2026-13-01", "2026-00-01", "2026-01"] {
            assert_eq!(in_words(none, english), none);
        }
    }
}
