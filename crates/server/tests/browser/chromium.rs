//! A browser with a profile of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::extensions::query::ElementQueryable;
use thirtyfour::session::http::{Body, HttpClient};
use thirtyfour::{By, Capabilities, Cookie, WebDriver, WebElement};
use url::Url;

/// How long anything may take, on a machine that has other work too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether a page is there.
const GLANCE: Duration = Duration::from_millis(20);

/// What keeps it to itself: no display, no services of its maker, and no name or address but this machine's.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    // As root there is no sandbox; what is opened here is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    // So it ends when its driver does, however that ends.
    "--remote-debugging-pipe",
];

/// Chromium, and what drives it. Both end with it.
pub(crate) struct Chromium {
    driver: WebDriver,
    _chromedriver: Chromedriver,
    _profile: TempDir,
}

/// A document that the browser asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) method: String,
    pub(crate) url: String,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({}), &[]).await
    }

    /// Starts it with preferences of its user, and further arguments.
    pub(crate) async fn start_with(preferences: Value, more: &[&str]) -> Self {
        let profile = TempDir::new().unwrap();
        let chromedriver = Chromedriver::start(profile.path());
        let mut arguments: Vec<String> = ARGUMENTS.iter().chain(more).map(ToString::to_string).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let members: Map<String, Value> = serde_json::from_value(capabilities).unwrap();
        let started = WebDriver::builder(&chromedriver.address, Capabilities::from(members))
            .client(Wire::default())
            .connect()
            .await;
        let driver = started.unwrap_or_else(|error| {
            panic!("Chromium did not start ({error}): `cargo xtask test` installs Debian's chromium and chromium-driver")
        });
        Self { driver, _chromedriver: chromedriver, _profile: profile }
    }

    /// Types an address.
    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// Waits for something on the page.
    pub(crate) async fn sees(&self, css: &str) -> WebElement {
        let found = self.driver.query(By::Css(css)).wait(PATIENCE, GLANCE).first().await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}\n{}", self.address().await, self.text().await),
        }
    }

    /// The text of something on the page.
    pub(crate) async fn reads(&self, css: &str) -> String {
        self.sees(css).await.text().await.unwrap()
    }

    /// Whether there is something on the page now.
    pub(crate) async fn has(&self, css: &str) -> bool {
        !self.driver.find_all(By::Css(css)).await.unwrap().is_empty()
    }

    pub(crate) async fn clicks(&self, css: &str) {
        self.sees(css).await.click().await.unwrap();
    }

    /// Clicks what sends a form, and waits until the page that it was on is gone.
    pub(crate) async fn sends(&self, css: &str) {
        let page = self.sees("html").await;
        self.clicks(css).await;
        let begun = Instant::now();
        while page.tag_name().await.is_ok() {
            assert!(begun.elapsed() < PATIENCE, "{css} leads nowhere");
        }
    }

    pub(crate) async fn types(&self, css: &str, text: &str) {
        let field = self.sees(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What a person can read on the page.
    pub(crate) async fn text(&self) -> String {
        match self.driver.find(By::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    pub(crate) async fn title(&self) -> String {
        self.driver.title().await.unwrap()
    }

    /// What stands in the address bar.
    pub(crate) async fn address(&self) -> Url {
        self.driver.current_url().await.unwrap()
    }

    /// Waits until the address bar says that it has come there.
    pub(crate) async fn comes_to(&self, beginning: &str) -> Url {
        let begun = Instant::now();
        loop {
            let address = self.address().await;
            if address.as_str().starts_with(beginning) {
                return address;
            }
            let text = self.text().await;
            assert!(begun.elapsed() < PATIENCE, "it stays at {address} and not at {beginning}\n{text}");
        }
    }

    /// Fills in the sign-in page that is shown, and sends it.
    pub(crate) async fn signs_in_as(&self, username: &str) {
        self.types("#username", username).await;
        self.types("#password", &format!("{username}-password")).await;
        self.sends("#sign-in").await;
    }

    /// Goes on in the frame of the page.
    pub(crate) async fn enters_frame(&self) {
        self.sees("iframe").await.enter_frame().await.unwrap();
    }

    pub(crate) async fn leaves_frame(&self) {
        self.driver.enter_default_frame().await.unwrap();
    }

    /// Goes on in the other one of two windows, when it is there.
    pub(crate) async fn goes_to_other_window(&self) {
        let this = self.driver.window().await.unwrap();
        let begun = Instant::now();
        loop {
            let windows = self.driver.windows().await.unwrap();
            if let Some(other) = windows.into_iter().find(|window| *window != this) {
                return self.driver.switch_to_window(other).await.unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "there is no other window");
        }
    }

    /// Waits until the window that it was in has closed itself, and goes on in the one that is left.
    pub(crate) async fn is_left_with_one_window(&self) {
        let begun = Instant::now();
        loop {
            let windows = self.driver.windows().await.unwrap();
            if let [only] = windows.as_slice() {
                return self.driver.switch_to_window(only.clone()).await.unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "{} windows are open", windows.len());
        }
    }

    /// The cookies that the page at the address bar would be sent, by name.
    pub(crate) async fn cookies(&self) -> Vec<Cookie> {
        let mut cookies = self.driver.get_all_cookies().await.unwrap();
        cookies.sort_by(|a, b| a.name.cmp(&b.name));
        cookies
    }

    pub(crate) async fn forgets_cookies(&self) {
        self.driver.delete_all_cookies().await.unwrap();
    }

    pub(crate) async fn runs(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// The documents that it asked for since this was asked last, those that it was redirected from among them, without
    /// pages of its own.
    pub(crate) async fn visits(&self) -> Vec<Visit> {
        let entries = self.driver.get_log("performance").await.unwrap();
        let events = entries.iter().map(|entry| serde_json::from_str::<Value>(&entry.message).unwrap());
        events
            .map(|mut event| event["message"].take())
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .filter(|event| event["params"]["type"] == "Document")
            .map(|event| {
                let request = &event["params"]["request"];
                let text = |name: &str| request[name].as_str().unwrap().to_owned();
                Visit {
                    method: text("method"),
                    url: text("url") + request["urlFragment"].as_str().unwrap_or_default(),
                }
            })
            .filter(|visit| visit.url.starts_with("http"))
            .collect()
    }

    /// What the browser complained of since this was asked last.
    pub(crate) async fn complaints(&self) -> String {
        let entries = self.driver.get_log("browser").await.unwrap();
        entries.into_iter().map(|entry| entry.message + "\n").collect()
    }

    /// The driver, for what is done in one place only.
    pub(crate) fn driver(&self) -> &WebDriver {
        &self.driver
    }
}

/// `chromedriver`, on a port that it found.
struct Chromedriver {
    process: Child,
    address: String,
}

impl Chromedriver {
    /// It takes a port that is free in IPv6, and ends where somebody else has the same one in IPv4, as a server of another
    /// test may: then it is started again. Whatever else it complains of is told.
    fn start(home: &Path) -> Self {
        for _ in 0..10 {
            match Self::try_start(home) {
                Ok(started) => return started,
                Err(said) => {
                    assert!(said.contains("port not available"), "chromedriver ended, having said: {said}");
                }
            }
        }
        panic!("chromedriver found no port in ten attempts")
    }

    /// What it said, where it ended before it listened.
    fn try_start(home: &Path) -> Result<Self, String> {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn();
        let mut process = started.unwrap_or_else(|error| {
            panic!("there is no chromedriver ({error}): `cargo xtask test` installs Debian's chromium and chromium-driver")
        });
        let mut says = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said = String::new();
        let port = says.find_map(|line| {
            said = format!("{said}{line}\n");
            Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let Some(port) = port else {
            process.wait().unwrap();
            return Err(said);
        };
        // Whatever else it says goes where nobody waits for it.
        std::thread::spawn(move || says.for_each(drop));
        Ok(Self { process, address: format!("http://127.0.0.1:{port}") })
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // It may have ended long ago.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// How the driver is talked to: with the client that everything else here is talked to with.
struct Wire(Client<HttpConnector, Full<Bytes>>);

impl Default for Wire {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

#[async_trait]
impl HttpClient for Wire {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let failed = |error: String| WebDriverError::HttpError(error);
        let request = request.map(|body| match body {
            Body::Empty => Full::default(),
            Body::Json(json) => Full::from(json.to_string()),
        });
        let response = self.0.request(request).await.map_err(|error| failed(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failed(error.to_string()))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self::default())
    }
}
