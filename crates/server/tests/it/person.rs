//! Somebody with a browser: cookies are kept, forms are filled in, redirects are looked at before they are followed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use http::{Method, header};
use protocol::jose::encode_base64url;
use serde_json::{Value, json};

use crate::world::{Answer, Caller, Registered, basic};

/// What the tests prove their codes with.
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-";

/// Where apps on the device listen, in these tests.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:49152/callback";

pub(crate) const ALICE: (&str, &str) = ("alice", "alice-password");
pub(crate) const BOB: (&str, &str) = ("bob", "bob-password");

pub(crate) fn challenge() -> String {
    encode_base64url(digest(&SHA256, VERIFIER.as_bytes()))
}

/// An authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) profile: &'static str,
    parameters: Vec<(String, String)>,
}

impl Ask {
    /// One with a code and PKCE, to the callback on the device.
    pub(crate) fn code(profile: &'static str, client_id: &str, scope: &str) -> Self {
        let parameters = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "the-state"),
            ("code_challenge", &challenge()),
            ("code_challenge_method", "S256"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { profile, parameters: parameters.to_vec() }
    }

    /// The request of an app that wants to register.
    pub(crate) fn dcr() -> Self {
        Self::code("customers", "shop-app", "dcr")
    }

    /// The same, with a parameter that is another one; an empty one is left out.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.parameters.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same, with a parameter once more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn form(&self) -> Vec<(&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.form()).finish();
        format!("/{}/authorize?{query}", self.profile)
    }
}

/// Somebody with a browser.
pub(crate) struct Person<'s> {
    server: &'s Caller,
    cookies: RefCell<BTreeMap<String, String>>,
    pub(crate) headers: RefCell<Vec<(&'static str, String)>>,
}

impl<'s> Person<'s> {
    pub(crate) fn of(server: &'s Caller) -> Self {
        Self { server, cookies: RefCell::default(), headers: RefCell::default() }
    }

    /// Opens an address of the server's, or a path of it.
    pub(crate) async fn get(&self, address: &str) -> Answer {
        self.send(Method::GET, address, &[]).await
    }

    /// Sends a form.
    pub(crate) async fn post(&self, address: &str, form: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, address, form).await
    }

    async fn send(&self, method: Method, address: &str, form: &[(&str, &str)]) -> Answer {
        let origin = format!("http://localhost:{}", self.server.address().port());
        let path = address.strip_prefix(&origin).unwrap_or(address);
        assert!(path.starts_with('/'), "not an address of this server: {address}");
        let jar: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let own = self.headers.borrow().clone();
        let mut headers: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if !jar.is_empty() {
            headers.push(("cookie", &jar));
        }
        let mut body = String::new();
        if method == Method::POST {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        }
        let answer = self.server.send(method, path, &headers, body).await;
        self.keep(&answer);
        answer
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            // RFC 6265bis §4.1.3.2: a browser takes no `__Host-` cookie without these.
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for wanted in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite="] {
                assert!(cookie.contains(wanted), "{cookie}");
            }
            assert!(!cookie.contains("Domain="), "{cookie}");
            let (pair, rest) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn plant(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn ask(&self, ask: &Ask) -> Answer {
        self.get(&ask.path()).await
    }

    /// Opens the page that a request leads to; its address, and what it shows.
    pub(crate) async fn page(&self, ask: &Ask) -> (String, String) {
        let answer = self.ask(ask).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let page = answer.header("location").to_owned();
        assert!(page.contains("/authorize/mar_"), "no page was due: {page}");
        let shown = self.get(&page).await;
        (page, shown.html())
    }

    /// Fills in the form of the sign-in page.
    pub(crate) async fn sign_in(&self, page: &str, (name, password): (&str, &str)) -> Answer {
        self.post(&format!("{page}/sign-in"), &[("username", name), ("password", password)]).await
    }

    /// Says yes to what the page shows.
    pub(crate) async fn allow(&self, page: &str) -> Answer {
        let html = self.get(page).await.html();
        let shown = hidden(&html, "shown");
        self.post(&format!("{page}/consent"), &[("decision", "allow"), ("shown", &shown)]).await
    }

    /// Answers whatever is asked, and says where that leads to.
    pub(crate) async fn answer_all(&self, ask: &Ask, user: (&str, &str)) -> String {
        let mut answer = self.ask(ask).await;
        for _ in 0..8 {
            assert_eq!(answer.status, 303, "{answer:?}");
            let location = answer.header("location").to_owned();
            if !location.contains("/authorize/mar_") {
                return location;
            }
            let shown = self.get(&location).await;
            answer = match shown.status.as_u16() {
                303 => shown,
                _ if shown.html().contains("id=\"password\"") => self.sign_in(&location, user).await,
                _ => self.allow(&location).await,
            };
        }
        panic!("the questions do not end");
    }

    /// Signs in by way of an app that wants to register, and registers it.
    pub(crate) async fn install(&self, user: (&str, &str)) -> Registered {
        let location = self.answer_all(&Ask::dcr(), user).await;
        let token = self.server.redeem("customers", Who::Public("shop-app"), &location).await;
        assert_eq!(token.status, 200, "{token:?}");
        let token = token.text("access_token");
        let body = json!({"software_id": "shop-install"});
        let answer = self.server.register("customers", Some(&token), &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Registered::of(&answer)
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(html: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let rest = html.split(&field).nth(1).unwrap_or_else(|| panic!("no field '{name}' in {html}"));
    rest.split('"').next().unwrap().to_owned()
}

/// What a JWT says.
pub(crate) fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap_or_else(|| panic!("not a JWT: {jwt}"));
    serde_json::from_slice(&protocol::jose::decode_base64url(payload).unwrap()).unwrap()
}

/// A parameter of an address.
pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    let of = |text: Option<&str>| {
        url::form_urlencoded::parse(text.unwrap_or_default().as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    of(url.query()).or_else(|| of(url.fragment()))
}

/// How a client says who it is at the token endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'a> {
    Public(&'a str),
    Secret((&'a str, &'a str)),
}

impl Caller {
    /// Sends a form as a client.
    pub(crate) async fn post_as(&self, path: &str, who: Who<'_>, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        match who {
            Who::Public(id) => {
                form.push(("client_id", id));
                self.post_form(path, &[], &form).await
            }
            Who::Secret(credential) => {
                let basic = basic(credential);
                self.post_form(path, &[("authorization", &basic)], &form).await
            }
        }
    }

    /// Gives the code of an answer back for what it is good for.
    pub(crate) async fn redeem(&self, profile: &str, who: Who<'_>, location: &str) -> Answer {
        let code = parameter(location, "code").unwrap_or_else(|| panic!("no code in {location}"));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post_as(&format!("/{profile}/token"), who, &form).await
    }

    pub(crate) async fn refresh(&self, profile: &str, who: Who<'_>, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post_as(&format!("/{profile}/token"), who, &form).await
    }

    /// What the API is told of a token.
    pub(crate) async fn introspect(&self, profile: &str, token: &str) -> Value {
        let api = Who::Secret(("orders-api", "orders-api-secret"));
        let answer = self.post_as(&format!("/{profile}/introspect"), api, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// A web application of somebody's, registered through the open door.
    pub(crate) async fn web_app(&self) -> Registered {
        self.open_client(&json!({
            "client_name": "Acme", "redirect_uris": [CALLBACK], "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"],
        }))
        .await
    }
}

impl Answer {
    /// What the ID token of an answer of the token endpoint says.
    pub(crate) fn id_token_claims(&self) -> Value {
        claims(&self.text("id_token"))
    }

    /// A page, with what every page has.
    #[track_caller]
    pub(crate) fn html(&self) -> String {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let policy = self.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors"), "{policy}");
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// An error page, and nothing that leads anywhere.
    #[track_caller]
    pub(crate) fn error_page(&self, status: u16, error: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.headers.get(header::LOCATION).is_none());
        let html = self.html();
        assert!(html.contains(&format!("id=\"error\">{error}<")), "{html}");
        html
    }

    /// An error that the client is told, with what every answer has.
    #[track_caller]
    pub(crate) fn told(&self, error: &str, issuer: &str) -> String {
        assert_eq!(self.status, 303, "{self:?}");
        let location = self.header("location");
        assert!(location.starts_with(CALLBACK), "{location}");
        let of = |name: &str| parameter(location, name);
        assert_eq!(of("error").as_deref(), Some(error), "{location}");
        assert_eq!(of("state").as_deref(), Some("the-state"));
        assert_eq!(of("iss").as_deref(), Some(issuer), "RFC 9207");
        assert_eq!(of("code"), None);
        of("error_description").unwrap()
    }
}
