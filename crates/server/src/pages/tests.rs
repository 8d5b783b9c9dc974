//! What holds for every page: of what strangers wrote nothing works, in every language everything is there, and a
//! browser is told the same.

use axum::response::Response;
use protocol::client_metadata::Localized;
use serde_json::{Value, json};

use super::client::{By, ClientShown, Door, Registered};
use super::consent::{Consent, ScopeShown};
use super::destination::Destination;
use super::device::device_of;
use super::language::{Language, Preferences};
use super::message::Message;
use super::problem::{Problem, ProblemKind};
use super::registration::ConfirmRegistration;
use super::response::{STYLE, STYLE_SOURCE};
use super::sign_in::{ChooseAccount, SignIn, SignInProblem};
use super::sign_out::{SignOut, SignedOut};

/// What others have written that comes onto pages.
struct Texts {
    name: String,
    client_uri: String,
    text: String,
    action: String,
    hosts: Vec<String>,
    targets: Vec<String>,
    message: Value,
}

impl Texts {
    fn harmless() -> Self {
        Self {
            name: "Shop".to_owned(),
            client_uri: "https://shop.example/".to_owned(),
            text: "alice".to_owned(),
            action: "/customers/authorize/go".to_owned(),
            hosts: vec!["shop.example".to_owned()],
            targets: vec!["https://shop.example".to_owned(), "https://app.shop.example:8443".to_owned()],
            message: json!({"access_token": "secret"}),
        }
    }

    /// All of them are the same bad text.
    fn hostile(text: &str) -> Self {
        Self {
            name: text.to_owned(),
            client_uri: text.to_owned(),
            text: text.to_owned(),
            action: text.to_owned(),
            hosts: vec![text.to_owned()],
            targets: vec![text.to_owned()],
            message: json!({ text: [text] }),
        }
    }
}

/// A page that was made, by its name.
type Named = (String, Response);

/// Every page in every state, with these texts in every place that takes one.
fn every_page(texts: &Texts, reader: &Preferences) -> Vec<Named> {
    let Texts { name, client_uri, text, action, hosts, targets, message } = texts;
    let name = Localized::from(name.as_str());
    let address = Localized::from(client_uri.as_str());
    let mut pages: Vec<Named> = Vec::new();
    let origins = [
        Registered::ByOperator,
        Registered::Since { date: "2026-03-09".to_owned(), door: Door::Own, by: By::Anonymous },
        Registered::Since { date: "2026-03-09".to_owned(), door: Door::Template, by: By::User },
    ];
    let destinations = [
        Destination::Host(text.clone()),
        Destination::ThisDevice(text.clone()),
        Destination::Scheme(text.clone()),
    ];
    for (index, (registered, destination)) in origins.into_iter().zip(&destinations).enumerate() {
        let client = &ClientShown {
            id: text,
            name: (index > 0).then_some(&name),
            client_uri: Some(&address),
            policy_uri: Some(&address),
            tos_uri: Some(&address),
            registered,
        };
        let remembered = index == 0;
        let username = (index > 0).then_some(text.as_str());
        let problem = match index {
            0 => None,
            1 => Some(SignInProblem::WrongCredentials),
            _ => Some(SignInProblem::TooManyAttempts { wait_seconds: 120 }),
        };
        let sign_in = SignIn { client, destination, action, username, problem, cancel: index > 0 };
        pages.push((format!("sign-in-{index}"), sign_in.to_response(reader)));
        let choose = ChooseAccount { client, destination, action, account: text };
        pages.push((format!("choose-account-{index}"), choose.to_response(reader)));
        let scopes = &[
            ScopeShown { token: "openid", text: None },
            ScopeShown { token: "profile", text: None },
            ScopeShown { token: "email", text: None },
            ScopeShown { token: "address", text: None },
            ScopeShown { token: "phone", text: None },
            ScopeShown { token: "offline_access", text: None },
            ScopeShown { token: "orders:read", text: Some(text) },
            ScopeShown { token: text, text: None },
        ];
        let scopes: &[ScopeShown<'_>] = if index == 2 { &[] } else { scopes };
        let consent = Consent { client, destination, scopes, account: text, action, shown: text, remembered };
        pages.push((format!("consent-{index}"), consent.to_response(reader)));
        let device = device_of(Some(text));
        let (account, shown) = (text, text);
        let confirm = ConfirmRegistration { client, destination, device, account, action, shown, remembered };
        pages.push((format!("confirm-registration-{index}"), confirm.to_response(reader)));
    }
    for (name, kind) in [
        ("unknown-client", ProblemKind::UnknownClient),
        ("redirect-mismatch", ProblemKind::RedirectMismatch { registered_hosts: hosts, received: text }),
        ("redirect-mismatch-none", ProblemKind::RedirectMismatch { registered_hosts: &[], received: text }),
        ("bad-request", ProblemKind::BadRequest),
        ("expired", ProblemKind::Expired),
        ("wrong-browser", ProblemKind::WrongBrowser),
        ("too-many-requests", ProblemKind::TooManyRequests),
        ("unavailable", ProblemKind::Unavailable),
        ("server-error", ProblemKind::ServerError),
    ] {
        pages.push((name.to_owned(), Problem { kind, detail: Some(text) }.to_response(reader)));
    }
    let sign_out = SignOut { account: text, action, csrf: text };
    pages.push(("sign-out".to_owned(), sign_out.to_response(reader)));
    pages.push(("signed-out".to_owned(), SignedOut.to_response(reader)));
    pages.push(("message".to_owned(), Message { targets, message, nonce: "bm9uY2U=" }.to_response(reader)));
    pages
}

fn reader(language: Language) -> Preferences {
    Preferences::of(Some(language.tag()), None)
}

async fn html(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Everything but the stylesheet, which says nothing about anybody.
async fn html_without_style(response: Response) -> String {
    html(response).await.replace(STYLE, "")
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next()?.to_str().unwrap();
    assert!(values.next().is_none(), "{name} stands twice");
    Some(value)
}

#[tokio::test]
async fn no_text_of_a_stranger_becomes_markup() {
    for hostile in [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script><!--",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "</bdi></title><svg onload=alert(1)>",
    ] {
        let texts = Texts::hostile(hostile);
        let harmless = Texts::harmless();
        for language in Language::ALL {
            let pages = every_page(&texts, &reader(language));
            let same = every_page(&harmless, &reader(language));
            for ((name, page), (_, model)) in pages.into_iter().zip(same) {
                let (page, model) = (html_without_style(page).await, html_without_style(model).await);
                // What is in the letter of a message is JSON, where only its end matters.
                let outside = match page.split_once("id=\"letter\">") {
                    Some((before, rest)) => format!("{before}{}", rest.split_once("</script>").unwrap().1),
                    None => page.clone(),
                };
                assert!(!outside.contains(hostile), "{name} with {hostile}: {page}");
                // Addresses that are none leave their links out; but for them each page has the very same elements.
                let without_links = |html: &str| {
                    let html = html.replace("<ul class=\"links\">", "");
                    tags(&html)
                        .into_iter()
                        .filter(|tag| {
                            !matches!(tag.as_str(), "ul" | "/ul" | "li" | "/li" | "a" | "/a" | "bdi" | "/bdi")
                        })
                        .collect::<Vec<_>>()
                };
                assert_eq!(without_links(&page), without_links(&model), "{name} with {hostile}");
                // Quotes are escaped too, so no attribute was added either.
                assert!(
                    !outside.contains(" onerror=alert(1)>") && !outside.contains("onfocus='"),
                    "{name}: {page}"
                );
            }
        }
    }
}

/// The names of the elements, in order.
fn tags(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split([' ', '>', '\n']).next().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn every_text_of_a_stranger_is_shown_escaped_where_it_belongs() {
    let texts = Texts::hostile("\"<i>'&");
    for (name, page) in every_page(&texts, &Preferences::default()) {
        let page = html_without_style(page).await;
        let shown = page.matches("&#34;&#60;i&#62;&#39;&#38;").count();
        let least = match name.as_str() {
            "signed-out" | "message" => 0,
            // Who asks, where to, and where the form is sent.
            name if name.starts_with("sign-in") => 2,
            name if name.starts_with("choose-account") => 4,
            name if name.starts_with("confirm") => 4,
            "consent-0" | "consent-1" => 7,
            "consent-2" | "sign-out" => 3,
            _ => 1,
        };
        assert!(shown >= least, "{name}: {shown} of {least}: {page}");
    }
}

#[tokio::test]
async fn no_text_of_a_stranger_turns_the_direction() {
    let texts = Texts::hostile("a\u{202e}b\u{2066}c\u{200f}d");
    for (name, page) in every_page(&texts, &Preferences::default()) {
        if name == "message" {
            // It is not shown: the page that gets it reads what was sent.
            continue;
        }
        let page = html_without_style(page).await;
        // Where the form goes and what comes back with it are not shown, and are ours.
        let shown: String = page
            .split('<')
            .filter(|element| !element.starts_with("form ") && !element.contains("type=\"hidden\""))
            .collect();
        assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{name}: {page}");
    }
}

#[tokio::test]
async fn an_address_that_would_run_is_no_link() {
    for address in ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", " javascript:alert(1)"]
    {
        let texts = Texts { client_uri: address.to_owned(), ..Texts::harmless() };
        for (name, page) in every_page(&texts, &Preferences::default()) {
            assert!(!html_without_style(page).await.contains("<a "), "{name} with {address}");
        }
    }
    for (name, page) in every_page(&Texts::harmless(), &Preferences::default()) {
        let page = html_without_style(page).await;
        let expected = if name.starts_with("consent") || name.starts_with("confirm") { 3 } else { 0 };
        let links = page
            .matches(
                "<a href=\"https://shop.example/\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">",
            )
            .count();
        assert_eq!((links, page.matches("<a ").count()), (expected, expected), "{name}");
    }
}

#[tokio::test]
async fn every_page_is_there_in_every_language() {
    let in_english = every_page(&Texts::harmless(), &reader(Language::English));
    let in_german = every_page(&Texts::harmless(), &reader(Language::German));
    for ((name, english), (_, german)) in in_english.into_iter().zip(in_german) {
        let (english, german) = (html(english).await, html(german).await);
        assert!(english.contains("<html lang=\"en\" dir=\"ltr\">"), "{name}");
        assert!(german.contains("<html lang=\"de\" dir=\"ltr\">"), "{name}");
        let heading = |page: &str| between(page, "<h1>", "</h1>").to_owned();
        assert_ne!(heading(&english), heading(&german), "{name}");
        for leftover in [" the ", " your ", "Please", "Cancel"] {
            assert!(!german.replace(STYLE, "").contains(leftover), "{name} has '{leftover}': {german}");
        }
    }
}

fn between<'h>(html: &'h str, start: &str, end: &str) -> &'h str {
    html.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap().0
}

#[tokio::test]
async fn every_page_can_be_used_without_scripts_or_eyes() {
    for (name, page) in every_page(&Texts::harmless(), &Preferences::default()) {
        let status = page.status();
        let page = html(page).await;
        assert!(page.starts_with("<!doctype html>\n<html lang="), "{name}");
        assert_eq!(page.matches("<main>").count(), 1, "{name}");
        assert_eq!(page.matches("<h1>").count(), 1, "{name}");
        assert!(!between(&page, "<title>", "</title>").is_empty(), "{name}");
        assert!(page.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"));
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{name}");
        assert_eq!(page.contains("<script"), name == "message", "{name}");
        for input in page.split("<input ").skip(1).filter(|input| !input.starts_with("type=\"hidden\"")) {
            let id = between(input, "id=\"", "\"");
            assert!(page.contains(&format!("<label for=\"{id}\">")), "{name}: {id}");
            assert_eq!(input.contains("aria-describedby=\"problem\""), !status.is_success(), "{name}: {id}");
            // Who has to wait has mistyped nothing.
            assert_eq!(input.contains("aria-invalid=\"true\""), status == 403, "{name}: {id}");
        }
        if name.starts_with("sign-in") {
            assert_eq!(page.contains("id=\"problem\" role=\"alert\""), !status.is_success(), "{name}");
        }
        if page.contains("<form") {
            assert!(page.contains("<form method=\"post\" action=\"/customers/authorize/go\">"), "{name}");
        }
    }
}

#[tokio::test]
async fn forms_send_what_they_are_read_for() {
    let sent = |name: &'static str, fields: &'static [&'static str]| async move {
        let pages = every_page(&Texts::harmless(), &Preferences::default());
        let (_, page) = pages.into_iter().find(|(found, _)| found == name).unwrap();
        let page = html(page).await;
        for field in fields {
            assert!(page.contains(field), "{name} has no {field}: {page}");
        }
    };
    sent(
        "sign-in-1",
        &[
            "id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\"",
            "value=\"alice\"",
            "id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\"",
            "<button class=\"first\" id=\"sign-in\" type=\"submit\">",
            "<button id=\"cancel\" type=\"submit\" name=\"decision\" value=\"cancel\" formnovalidate>",
        ],
    )
    .await;
    sent(
        "choose-account-1",
        &[
            "id=\"continue\" type=\"submit\" name=\"decision\" value=\"continue\"",
            "id=\"other-account\" type=\"submit\" name=\"decision\" value=\"other\"",
            "id=\"cancel\" type=\"submit\" name=\"decision\" value=\"cancel\"",
        ],
    )
    .await;
    for name in ["consent-1", "confirm-registration-1"] {
        sent(
            name,
            &[
                "<input type=\"hidden\" name=\"shown\" value=\"alice\">",
                "id=\"allow\" type=\"submit\" name=\"decision\" value=\"allow\"",
                "id=\"deny\" type=\"submit\" name=\"decision\" value=\"deny\"",
            ],
        )
        .await;
    }
    sent("sign-out", &["<input type=\"hidden\" name=\"csrf\" value=\"alice\">", "id=\"sign-out\""]).await;
}

#[tokio::test]
async fn a_client_that_registered_itself_is_not_vouched_for() {
    for (name, page) in every_page(&Texts::harmless(), &Preferences::default()) {
        let cautioned = html(page)
            .await
            .contains("This app registered itself; nobody has checked what it says about itself.");
        assert_eq!(cautioned, matches!(name.as_str(), "consent-1" | "confirm-registration-1"), "{name}");
    }
}

#[tokio::test]
async fn scopes_are_said_in_words_where_there_are_any() {
    let pages = every_page(&Texts::harmless(), &reader(Language::German));
    let (_, page) = pages.into_iter().find(|(name, _)| name == "consent-1").unwrap();
    let page = html(page).await;
    for words in [
        "<li>Ihre E-Mail-Adresse sehen</li>",
        "<li><bdi>alice</bdi></li>",
        "<li>Die Berechtigung <code>alice</code> nutzen</li>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn a_name_in_another_language_says_so() {
    let name = Localized { plain: None, tagged: [("ja".to_owned(), "\u{5e97}".to_owned())].into() };
    let client = &ClientShown {
        id: "c",
        name: Some(&name),
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        registered: Registered::ByOperator,
    };
    let choose = ChooseAccount {
        client,
        destination: &Destination::ThisDevice("127.0.0.1".to_owned()),
        action: "/",
        account: "alice",
    };
    let page = html(choose.to_response(&Preferences::default())).await;
    assert!(page.contains("to continue to <bdi class=\"name\" lang=\"ja\">\u{5e97}</bdi>"), "{page}");
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let style = STYLE_SOURCE.as_str();
    for (name, page) in every_page(&Texts::harmless(), &Preferences::default()) {
        let policy = if name == "message" {
            format!(
                "default-src 'none'; script-src 'nonce-bm9uY2U='; style-src {style}; base-uri 'none'; frame-ancestors https://shop.example https://app.shop.example:8443"
            )
        } else {
            format!(
                "default-src 'none'; style-src {style}; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
            )
        };
        for (header_name, value) in [
            ("content-type", Some("text/html; charset=utf-8")),
            ("cache-control", Some("no-store")),
            ("content-security-policy", Some(policy.as_str())),
            ("referrer-policy", Some("no-referrer")),
            ("x-content-type-options", Some("nosniff")),
            ("cross-origin-resource-policy", Some("same-origin")),
            (
                "permissions-policy",
                Some("camera=(), display-capture=(), geolocation=(), microphone=(), payment=()"),
            ),
            ("x-frame-options", (name != "message").then_some("DENY")),
            ("cross-origin-opener-policy", None),
            ("retry-after", (name == "sign-in-2").then_some("120")),
        ] {
            assert_eq!(header(&page, header_name), value, "{header_name} of {name}");
        }
        let html = html(page).await;
        assert_eq!(html.matches("<style>").count(), 1, "{name}");
        assert_eq!(between(&html, "<style>", "</style>"), STYLE, "{name}");
    }
}

#[tokio::test]
async fn every_problem_has_its_status_and_its_word() {
    let pages = every_page(&Texts::harmless(), &reader(Language::German));
    let mut seen = 0;
    for (name, page) in pages {
        let (status, error) = match name.as_str() {
            "unknown-client" => (400, "invalid_client"),
            "redirect-mismatch" => (400, "invalid_redirect_uri"),
            "bad-request" | "expired" => (400, "invalid_request"),
            "wrong-browser" => (403, "access_denied"),
            "too-many-requests" => (429, "temporarily_unavailable"),
            "unavailable" => (503, "temporarily_unavailable"),
            "server-error" => (500, "server_error"),
            _ => continue,
        };
        seen += 1;
        assert_eq!(page.status(), status, "{name}");
        assert!(html(page).await.contains(&format!("<code id=\"error\">{error}</code>")), "{name}");
    }
    assert_eq!(seen, 8);
}

#[tokio::test]
async fn a_message_goes_to_the_origins_that_may_have_it_and_to_no_other() {
    let message = &json!({"state": "</script><!-- \u{2028}", "__proto__": {"a": 1}});
    let targets =
        &["https://shop.example".to_owned(), "*".to_owned(), "https://evil.example; script-src *".to_owned()];
    let response = Message { targets, message, nonce: "n" }.to_response(&Preferences::default());
    assert!(
        header(&response, "content-security-policy")
            .unwrap()
            .ends_with("frame-ancestors https://shop.example")
    );
    let page = html_without_style(response).await;
    let letter = between(&page, "<script type=\"application/json\" id=\"letter\">", "</script>");
    assert!(!letter.contains(['<', '>', '&', '\u{2028}']), "{letter}");
    let letter: Value = serde_json::from_str(letter).unwrap();
    assert_eq!(letter, json!({"targets": ["https://shop.example"], "message": message}));
    assert_eq!(page.matches("<script").count(), 2);
}

#[tokio::test]
async fn a_message_for_nobody_is_framed_by_nobody() {
    let response =
        Message { targets: &[], message: &json!({}), nonce: "n" }.to_response(&Preferences::default());
    assert_eq!(header(&response, "x-frame-options"), Some("DENY"));
    assert!(header(&response, "content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
}

#[test]
fn a_nonce_that_would_say_more_in_a_policy_is_not_taken() {
    for nonce in ["", "'", "a' 'unsafe-inline", "a;b", "a\nb", "\u{e9}"] {
        let response =
            Message { targets: &[], message: &json!({}), nonce }.to_response(&Preferences::default());
        assert_eq!(response.status(), 500, "{nonce}");
    }
}

#[test]
fn what_is_secret_is_not_in_the_log() {
    let sign_out = SignOut { account: "alice", action: "/", csrf: "hidden-1" };
    let message = Message { targets: &[], message: &json!("hidden-2"), nonce: "hidden-3" };
    assert!(!format!("{sign_out:?} {message:?}").contains("hidden"));
}

/// WCAG 2.2 §1.4.3 and §1.4.11: text stands out 4.5 times, and what can be used 3 times.
#[test]
fn everything_can_be_read_by_day_and_by_night() {
    let (light, dark) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
    for (theme, style) in [("light", light), ("dark", dark)] {
        for (text, ground, least) in [
            ("ink", "sheet", 4.5),
            ("quiet", "sheet", 4.5),
            ("link", "sheet", 4.5),
            ("seal-ink", "seal", 4.5),
            ("seal-ink", "seal-deep", 4.5),
            ("care-ink", "care", 4.5),
            ("alarm-ink", "alarm", 4.5),
            ("edge", "sheet", 3.0),
            ("alarm-edge", "sheet", 3.0),
            ("seal", "sheet", 3.0),
            ("focus", "sheet", 3.0),
        ] {
            let contrast = contrast(colour(style, text), colour(style, ground));
            assert!(contrast >= least, "{text} on {ground}, {theme}: {contrast:.2}");
        }
    }
}

/// A custom property of the stylesheet, as red, green and blue.
fn colour(style: &str, name: &str) -> [f64; 3] {
    let hex = between(style, &format!("--{name}: #"), ";");
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let [red, green, blue] = colour
            .map(|part| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}
