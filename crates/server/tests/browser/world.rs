//! The demo world in a process of its own, with its users, and an app of one of them.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustix::process::Signal;
use serde_json::{Value, json};
use url::Url;

use crate::child::Process;
use crate::chromium::Chromium;
use crate::site::Site;

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server, and the site where its clients are.
pub(crate) struct World {
    process: Process,
    pub(crate) site: Site,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A client as its owner knows it.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) json: Value,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
}

impl World {
    /// The demo world, in which pages of the site may ask for assisted tokens.
    pub(crate) async fn start() -> Self {
        let site = Site::start().await;
        let process = Process::start_changed(|world| {
            assert!(world.contains("http://127.0.0.1:8702"));
            world.replace("http://127.0.0.1:8702", &site.origin)
        });
        let world = Self { process, site, client: Client::builder(TokioExecutor::new()).build_http() };
        for username in ["alice", "bob"] {
            world.add_user(username);
        }
        world
    }

    fn add_user(&self, username: &str) {
        let claims = json!({ "name": format!("{username} of the tests") });
        let mut child = Command::new(env!("CARGO_BIN_EXE_matricula"))
            .args(["user", "add", username, "--claims", &claims.to_string()])
            .args(["--store", &format!("sqlite:{}", self.process.store().display())])
            .env_remove("MATRICULA_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{username}-password").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Changes the configuration as an editor and a SIGHUP would.
    pub(crate) fn reload(&mut self, profile: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.process.config()).unwrap();
        assert!(text.contains(old), "the configuration has no '{old}'");
        std::fs::write(self.process.config(), text.replace(old, new)).unwrap();
        self.process.signal(Signal::HUP);
        self.process.wait_for_log(&format!("reloaded {profile}"));
    }

    /// An address below an issuer.
    pub(crate) fn at(&self, profile: &str, path: &str) -> String {
        format!("http://localhost:{}/{profile}{path}", self.process.port)
    }

    /// An authorization request for a code, as far as it is always the same.
    pub(crate) fn code_request(&self, profile: &str, client_id: &str, more: &[(&str, &str)]) -> String {
        let redirect_uri = self.site.callback();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", &redirect_uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a-state"),
        ];
        parameters.extend_from_slice(more);
        self.request(profile, "/authorize", &parameters)
    }

    /// An address with parameters.
    pub(crate) fn request(&self, profile: &str, path: &str, parameters: &[(&str, &str)]) -> String {
        Url::parse_with_params(&self.at(profile, path), parameters).unwrap().into()
    }

    async fn send(&self, request: http::request::Builder, body: String) -> Answer {
        let response = self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, json: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Asks for tokens as a client.
    pub(crate) async fn token(&self, profile: &str, client: &Registered, form: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(self.at(profile, "/token"))
            .header("content-type", "application/x-www-form-urlencoded");
        let mut form = form.to_vec();
        match &client.secret {
            Some(secret) => {
                let basic = STANDARD.encode(format!("{}:{secret}", client.id));
                request = request.header("authorization", format!("Basic {basic}"));
            }
            None => form.push(("client_id", &client.id)),
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(request, body).await
    }

    /// Redeems the code in the address that a browser came to.
    pub(crate) async fn redeem(&self, profile: &str, client: &Registered, address: &Url) -> Value {
        assert_eq!(parameter(address, "state").as_deref(), Some("a-state"));
        assert_eq!(parameter(address, "iss"), Some(self.at(profile, "")));
        let code = parameter(address, "code").unwrap_or_else(|| panic!("there is no code in {address}"));
        let redirect_uri = self.site.callback();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", &redirect_uri),
        ];
        let answer = self.token(profile, client, &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// Registers, with a token or without.
    pub(crate) async fn register(&self, profile: &str, token: Option<&str>, body: &Value) -> Registered {
        let mut request =
            Request::post(self.at(profile, "/register")).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.send(request, body.to_string()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Registered::of(answer.json)
    }

    pub(crate) async fn userinfo(&self, profile: &str, token: &str) -> Value {
        let request =
            Request::get(self.at(profile, "/userinfo")).header("authorization", format!("Bearer {token}"));
        let answer = self.send(request, String::new()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// A client of the profile in which everybody may register.
    pub(crate) async fn stranger(&self) -> Registered {
        let body = json!({
            "client_name": "Printer", "application_type": "native", "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": ["http://127.0.0.1/callback"],
            "scope": "openid orders:read profile",
        });
        self.register("open", None, &body).await
    }

    /// Somebody who is not signed in yet installs the app: signs in through it, and registers it.
    pub(crate) async fn install(&self, browser: &Chromium, username: &str) -> Registered {
        browser.open(&self.code_request("customers", "shop-app", &[("scope", "dcr")])).await;
        browser.signs_in_as(username).await;
        browser.sends("#allow").await;
        let address = browser.comes_to(&self.site.callback()).await;
        let tokens = self.redeem("customers", &shop_app(), &address).await;
        let token = tokens["access_token"].as_str().unwrap();
        self.register("customers", Some(token), &json!({ "software_id": "shop-install" })).await
    }
}

impl Registered {
    pub(crate) fn of(json: Value) -> Self {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        Self { id: text("client_id").unwrap(), secret: text("client_secret"), json }
    }
}

/// The app as it comes from the shop: an id, and nothing to prove it with.
pub(crate) fn shop_app() -> Registered {
    Registered { id: "shop-app".to_owned(), secret: None, json: Value::Null }
}

/// What the query of an address says, if it does so once.
pub(crate) fn parameter(address: &Url, name: &str) -> Option<String> {
    let mut values = address.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.into_owned()),
        _ => None,
    }
}

/// What a signed token says. Who signed it is looked at elsewhere.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
