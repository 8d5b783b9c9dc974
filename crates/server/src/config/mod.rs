//! The configuration: from a file to something that works, or to everything that is wrong with it.

pub mod document;
mod example;
mod profile;
mod secret;
mod sign_in;
mod store;
mod syntax;
mod unheeded;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use example::EXAMPLE;
use ipnet::IpNet;
use issuance::signing_keys::KeyEncryptionKey;
pub use profile::{NotRestored, ProfileSettings};
use registration::access::Access;
pub use store::{NotAStore, StoreUrl};
use url::Url;

use self::document::ConfigDocument;
pub(crate) use self::document::STORE_PASSWORD_ENV;

/// Something that cannot work, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As in `profiles.staff.resource.identifier`.
    pub at: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.at, self.text)
    }
}

/// Why a configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is no TOML, or has a key that nobody knows.
    #[error("{0}")]
    Syntax(String),
    /// It cannot work.
    #[error("{}", list(.0))]
    Problems(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Bounds on what the network can ask of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at once.
    pub connections: usize,
    /// How long a request may take to arrive.
    pub request: Duration,
    /// How long requests under way may take after a signal to stop.
    pub drain: Duration,
}

/// How long the audit log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRetention {
    /// Outcomes.
    pub events: Duration,
    /// Authentications and refusals.
    pub activity: Duration,
}

/// A configuration in which everything works together.
#[derive(Debug)]
pub struct Configuration {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to tell whoever runs the server of its inside; `None` where nobody is told.
    pub operations: Option<SocketAddr>,
    /// What the world calls the process: what issuers begin with that say nothing else.
    pub public_url: String,
    /// Where everything is kept.
    pub store: StoreUrl,
    /// What signing keys are sealed with.
    pub key_encryption_key: KeyEncryptionKey,
    /// Bounds on the network.
    pub limits: Limits,
    /// Whose word about where a request came from is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How long the audit log is kept.
    pub audit: AuditRetention,
    /// The profiles.
    pub profiles: Vec<ProfileSettings>,
}

impl Configuration {
    /// Reads a file and everything that it refers to.
    ///
    /// # Errors
    /// See [`ConfigError`]; all problems at once.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |error| ConfigError::Unreadable { path: path.to_owned(), error };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads the text of a file that stands in a folder.
    ///
    /// # Errors
    /// See [`ConfigError`]; all problems at once.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let document: ConfigDocument =
            toml::from_str(text).map_err(|error| ConfigError::Syntax(syntax::shown(&error, text)))?;
        let mut problems = Vec::new();
        let listen = read_listen("listen", &document.listen, &mut problems);
        let operations = read_operations(&document, listen, &mut problems);
        let public_url = read_public_url(&document.public_url, &mut problems);
        let store = store::read(&document, folder, &mut problems);
        let key = secret::key_encryption_key(&document, folder, &mut problems);
        let limits = read_limits(&document, &mut problems);
        let trusted_proxies = read_proxies(&document, &mut problems);
        let audit = read_retention(&document, &mut problems);
        let profiles = profile::read_all(&document.profiles, public_url.as_deref(), folder, &mut problems);
        match (listen, public_url, store, key) {
            (Some(listen), Some(public_url), Some(store), Some(key_encryption_key))
                if problems.is_empty() =>
            {
                Ok(Self {
                    listen,
                    operations,
                    public_url,
                    store,
                    key_encryption_key,
                    limits,
                    trusted_proxies,
                    audit,
                    profiles,
                })
            }
            _ => Err(ConfigError::Problems(problems)),
        }
    }
}

impl Configuration {
    /// What works, and an operator should know all the same.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        warnings.extend(self.unnamed_proxy());
        if let Some(address) = self.operations.filter(|address| !address.ip().to_canonical().is_loopback()) {
            warnings.push(format!(
                "operations.listen: {address} is no loopback address, and whoever reaches it is told of the inside of this \
                 server. Let only those in who watch it"
            ));
        }
        for ProfileSettings { issuer, definitions, warnings: own, .. } in &self.profiles {
            warnings.extend(own.iter().cloned());
            if definitions.own_door.as_ref().is_some_and(|door| door.access == Access::Open) {
                warnings.push(format!(
                    "{issuer}: everybody may register clients here, without a token. That is for trying things out and \
                     for ecosystems that are meant to be open."
                ));
            }
            for template in
                definitions.templates.iter().filter(|template| template.access == Some(Access::Open))
            {
                warnings.push(format!(
                    "{issuer}: everybody may register instances of the template '{}', without a token.",
                    template.id
                ));
            }
        }
        warnings
    }

    /// What to say where people come by a proxy that is not named.
    pub(crate) fn unnamed_proxy(&self) -> Option<String> {
        let profile = self.profiles.iter().find(|profile| {
            profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.slows_guessing)
                && profile.issuer.starts_with("https:")
        })?;
        self.trusted_proxies.is_empty().then(|| {
            format!(
                "{}: people sign in behind a proxy that trusted_proxies does not name, so all of them are one network, and \
                 one who guesses passwords slows everybody down",
                profile.issuer
            )
        })
    }
}

/// The longest retention: a hundred years.
const MAX_DAYS: u64 = 36_525;

fn read_retention(document: &ConfigDocument, problems: &mut Vec<Problem>) -> AuditRetention {
    let audit = &document.audit;
    let mut days = |name: &str, days: u64| {
        if !(1..=MAX_DAYS).contains(&days) {
            problem(problems, format!("audit.{name}"), format!("must be 1 to {MAX_DAYS} days"));
        }
        Duration::from_secs(days.saturating_mul(86_400))
    };
    AuditRetention {
        events: days("retention_days", audit.retention_days),
        activity: days("activity_retention_days", audit.activity_retention_days),
    }
}

pub(crate) fn problem(problems: &mut Vec<Problem>, at: impl Into<String>, text: impl Into<String>) {
    problems.push(Problem { at: at.into(), text: text.into() });
}

fn read_listen(at: &str, text: &str, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            problem(problems, at, format!("'{text}' is not an address with a port, as in 127.0.0.1:8080"));
            None
        }
    }
}

fn read_operations(
    document: &ConfigDocument,
    listen: Option<SocketAddr>,
    problems: &mut Vec<Problem>,
) -> Option<SocketAddr> {
    const AT: &str = "operations.listen";
    let address = read_listen(AT, &document.operations.as_ref()?.listen, problems)?;
    // Port 0 is another one each time.
    if Some(address) == listen && address.port() != 0 {
        problem(problems, AT, "is the address that the world asks: choose another port");
    }
    Some(address)
}

/// More than a machine has ports for.
const MAX_CONNECTIONS: u64 = 1_000_000;

/// An hour.
const MAX_SECONDS: u64 = 3_600;

fn read_proxies(document: &ConfigDocument, problems: &mut Vec<Problem>) -> Vec<IpNet> {
    let mut networks = Vec::with_capacity(document.trusted_proxies.len());
    for text in &document.trusted_proxies {
        let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
        match text.parse().ok().or_else(address) {
            Some(network) => networks.push(network),
            None => problem(
                problems,
                "trusted_proxies",
                format!("'{text}' is no network: write 10.0.0.0/8, or one address"),
            ),
        }
    }
    networks
}

fn read_limits(document: &ConfigDocument, problems: &mut Vec<Problem>) -> Limits {
    let limits = &document.limits;
    for (name, stated, (least, most)) in [
        ("connections", limits.connections as u64, (1, MAX_CONNECTIONS)),
        ("request_seconds", limits.request_seconds, (1, MAX_SECONDS)),
        ("drain_seconds", limits.drain_seconds, (0, MAX_SECONDS)),
    ] {
        if !(least..=most).contains(&stated) {
            problem(problems, format!("limits.{name}"), format!("must be {least} to {most}"));
        }
    }
    Limits {
        connections: limits.connections,
        request: Duration::from_secs(limits.request_seconds),
        drain: Duration::from_secs(limits.drain_seconds),
    }
}

/// The origin, without a slash at the end.
fn read_public_url(text: &str, problems: &mut Vec<Problem>) -> Option<String> {
    match profile::origin_and_path(text) {
        Ok((origin, path)) if path.is_empty() => Some(origin),
        Ok(_) => {
            problem(
                problems,
                "public_url",
                "has a path: write scheme and host only, profiles have paths of their own",
            );
            None
        }
        Err(why) => {
            problem(problems, "public_url", why);
            None
        }
    }
}

/// Whether `http` is good enough for a host: only where nothing leaves the machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
