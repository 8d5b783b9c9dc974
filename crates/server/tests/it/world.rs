//! A server to talk to, a clock to turn, and clients to talk with.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use primitives::clock::{Clock, Timestamp};
use protocol::jose::{SigningKey, encode_base64url};
use serde_json::{Value, json};
use server::app::{App, Outside, Reloaded, StartError};
use server::config::Configuration;
use server::free_port::free_port;
use server::operations::{self, Inside};
use server::random::SystemRandomness;
use server::{demo, run};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::kept::Kept;

/// Tests begin at this moment.
pub(crate) const NOW: u64 = 1_795_421_565;

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn forward(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl HandClock {
    pub(crate) fn back(&self, by: Duration) {
        self.0.fetch_sub(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<HandClock>,
    /// What it keeps.
    pub(crate) kept: Kept,
    caller: Caller,
    folder: TempDir,
    text: String,
    stop: Option<oneshot::Sender<()>>,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl Server {
    /// The demo world.
    pub(crate) async fn demo() -> Self {
        Self::with(|world| world).await
    }

    /// The demo world, changed.
    pub(crate) async fn with(change: impl FnOnce(String) -> String) -> Self {
        let folder = TempDir::new().unwrap();
        let kept = Kept::nothing_yet(folder.path()).await;
        Self::on(folder, kept, change).await
    }

    /// The demo world on SQLite, whatever the engine of the other tests, with the file.
    pub(crate) async fn on_file() -> (Self, std::path::PathBuf) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("matricula.db");
        (Self::on(folder, Kept::File(file.clone()), |world| world).await, file)
    }

    /// A node on PostgreSQL, whatever the engine of the other tests.
    pub(crate) async fn node() -> Self {
        Self::on_kept(Kept::schema().await).await
    }

    /// A server on a store.
    pub(crate) async fn on_kept(kept: Kept) -> Self {
        Self::on(TempDir::new().unwrap(), kept, |world| world).await
    }

    /// Another node on the same store.
    pub(crate) async fn beside(&self) -> Self {
        Self::on_kept(self.kept.clone()).await
    }

    async fn on(folder: TempDir, kept: Kept, change: impl FnOnce(String) -> String) -> Self {
        demo::furnish(folder.path()).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", free_port().unwrap())).await.unwrap();
        let text = change(demo::world(listener.local_addr().unwrap().port(), &kept.url()));
        Self::start(folder, kept, listener, text).await
    }

    async fn start(folder: TempDir, kept: Kept, listener: TcpListener, text: String) -> Self {
        let configuration = Configuration::parse(&text, folder.path()).unwrap();
        let clock = Arc::new(HandClock(AtomicU64::new(NOW * 1_000)));
        let outside =
            Outside { clock: Arc::clone(&clock) as Arc<dyn Clock>, random: Arc::new(SystemRandomness) };
        let app = Arc::new(App::start(configuration, outside).await.unwrap());
        demo::populate(&app).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running =
            tokio::spawn(run::serve(Arc::clone(&app), listener, async move { drop(stopped.await) }));
        let caller = Caller::of(address);
        Self { app, clock, kept, caller, folder, text, stop: Some(stop), running: Some(running) }
    }

    /// Stops the server as a signal would, and starts another one on the same store.
    pub(crate) async fn restarted(mut self) -> Self {
        self.stop().await;
        let Self { caller, folder, kept, text, clock, app, .. } = self;
        drop(app);
        let again = Self::start(folder, kept, TcpListener::bind(caller.address).await.unwrap(), text).await;
        again.clock.0.store(clock.0.load(Ordering::Relaxed), Ordering::Relaxed);
        again
    }

    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        self.running.take().unwrap().await.unwrap();
    }

    /// Changes the configuration as an editor and a SIGHUP would.
    pub(crate) async fn reload(&mut self, old: &str, new: &str) -> Result<Vec<Reloaded>, StartError> {
        let text = self.text_with(old, new);
        let reloaded = self.app.reload(&Configuration::parse(&text, self.folder.path()).unwrap()).await?;
        self.text = text;
        Ok(reloaded)
    }

    /// The configuration, changed; nobody is told of it.
    pub(crate) fn text_with(&self, old: &str, new: &str) -> String {
        assert!(self.text.contains(old), "the configuration has no '{old}'");
        self.text.replace(old, new)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn issuer(&self, profile: &str) -> String {
        format!("http://localhost:{}/{profile}", self.address().port())
    }

    /// What whoever runs the server asks, as long as the answer is held.
    pub(crate) async fn operations(&self) -> Operations {
        let inside = Arc::<Inside>::default();
        inside.started(Arc::clone(&self.app));
        Operations::of(inside).await
    }
}

/// The other listener, with a server behind it or none.
pub(crate) struct Operations {
    caller: Caller,
    running: tokio::task::JoinHandle<()>,
}

impl Operations {
    pub(crate) async fn of(inside: Arc<Inside>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = Caller::of(listener.local_addr().unwrap());
        Self { caller, running: tokio::spawn(operations::serve(inside, listener)) }
    }
}

impl std::ops::Deref for Operations {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl std::ops::Deref for Server {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// Whoever talks to a server by HTTP, in this process or in another one.
pub(crate) struct Caller {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The same, by HTTP/2 and nothing else.
    pub(crate) fn speaking_http2(self) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).http2_only(true).build_http(), ..self }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request as it is.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post_form(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(Method::POST, path, &all, body).await
    }

    /// Registers with a body as it is.
    pub(crate) async fn register_raw(
        &self,
        profile: &str,
        token: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        self.send(Method::POST, &format!("/{profile}/register"), &headers, body).await
    }

    pub(crate) async fn register(&self, profile: &str, token: Option<&str>, body: &Value) -> Answer {
        self.register_raw(profile, token, body.to_string()).await
    }

    /// Asks for a token by client credentials, with a secret in the header.
    pub(crate) async fn token(&self, profile: &str, client: (&str, &str), scope: Option<&str>) -> Answer {
        let basic = basic(client);
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.post_form(&format!("/{profile}/token"), &[("authorization", &basic)], &form).await
    }

    /// A token to register one client with.
    pub(crate) async fn dcr(&self) -> String {
        let answer = self.token("staff", ENROLLER, Some("dcr")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("access_token")
    }

    /// Registers an instance of a template.
    pub(crate) async fn instance(&self, template: &str) -> Registered {
        let answer =
            self.register("staff", Some(&self.dcr().await), &json!({ "software_id": template })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Registered::of(&answer)
    }

    /// Registers a client of its own through the open door.
    pub(crate) async fn open_client(&self, body: &Value) -> Registered {
        let answer = self.register("open", None, body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Registered::of(&answer)
    }
}

pub(crate) const ENROLLER: (&str, &str) = ("enroller", "enroller-secret");

pub(crate) fn basic((id, secret): (&str, &str)) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

/// A client as its owner knows it.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) json: Value,
}

impl Registered {
    pub(crate) fn of(answer: &Answer) -> Self {
        let json = answer.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self { id: text("client_id"), secret: text("client_secret"), json }
    }

    pub(crate) fn credential(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn error(&self) -> String {
        self.text("error")
    }

    pub(crate) fn description(&self) -> String {
        self.text("error_description")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks what every error has: JSON, not stored, a description of harmless characters.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, error: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.error().as_str()), (status, error), "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        let description = self.description();
        assert!(!description.is_empty());
        let harmless = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(harmless), "{description}");
        self
    }
}

/// An assertion of a client's (RFC 7523), good for a minute.
pub(crate) fn assertion(key: &SigningKey, client_id: &str, audience: &str) -> String {
    assertion_with(key, client_id, audience, json!({}))
}

/// An assertion with some claims changed; a null takes one away.
pub(crate) fn assertion_with(key: &SigningKey, client_id: &str, audience: &str, changed: Value) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let jti = encode_base64url(COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let mut claims =
        json!({"iss": client_id, "sub": client_id, "aud": audience, "iat": NOW, "exp": NOW + 60, "jti": jti});
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    key.sign_jwt("JWT", &claims).unwrap()
}
