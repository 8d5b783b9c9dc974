//! Connections to PostgreSQL: kept in a pool, with every wait bounded.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::values::Failure;
use crate::Figures;

/// How many connections a node keeps, unless its URL says otherwise (`pool_size`).
const POOL_SIZE: usize = 16;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long somebody waits for one to be free. Whoever waited for so long is told to come again.
const WAIT: Duration = Duration::from_secs(3);

/// How long one answer may take, for a server that is there and does not answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How often something is begun anew that PostgreSQL has taken back for the sake of others.
const ATTEMPTS: u32 = 5;

/// What every connection is set to.
///
/// Rows are found by their keys, and there is one plan for that. A plan that was made while a table was small must not
/// read it from end to end when it has grown; so the other ways are made dear. What is decided is decided under READ
/// COMMITTED, whatever the database or the role is set to. The rest bounds every wait on that side too.
const SETTINGS: &str = "
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;
    SET statement_timeout = '9s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s';
    SET client_min_messages = warning";

/// What is wrong with the address of a store.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It is not what PostgreSQL calls a connection URI.
    #[error("{0}")]
    Malformed(String),
    /// The certificates of `sslrootcert` cannot be used.
    #[error("'sslrootcert': {0}")]
    Certificates(String),
}

/// The address of a database: a connection URI of PostgreSQL's (`postgres://user@host:port/database`), without the
/// password, which comes by another way.
///
/// Of TLS it says `sslmode=verify-full` or `sslmode=disable`. Where it says nothing, the machine itself is spoken to as it
/// is, and every other only after its certificate was verified: by the authorities that the system trusts, or by those
/// in the file `sslrootcert`. `pool_size` says how many connections are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Config,
    pub(super) is_encrypted: bool,
    pub(super) authorities: Option<String>,
    pool_size: usize,
}

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It has a password.
        formatter.write_str("PostgresUrl(..)")
    }
}

impl PostgresUrl {
    /// Whether a text wants to be one.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads one.
    ///
    /// # Errors
    /// See [`UrlError`]. What is said has nothing of a password that stands there by mistake.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        // Before anything else: what is wrong with a password would be quoted as what is wrong with the URL.
        let (_, rest) = text.split_once("://").unwrap_or_default();
        if rest.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(UrlError::Malformed("it has a password in it, which never stands there".to_owned()));
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let mut ours = OurOptions::default();
        let theirs: Vec<&str> =
            query.split('&').filter(|option| !option.is_empty() && !ours.take(option)).collect();
        let mut config: Config = format!("{address}?{}", theirs.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| UrlError::Malformed(said(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(UrlError::Malformed("it names no host".to_owned()));
        }
        if !config.get_hostaddrs().is_empty() {
            let text = "'hostaddr' is another name for a host: write the address as the host";
            return Err(UrlError::Malformed(text.to_owned()));
        }
        if config.get_password().is_some() {
            return Err(UrlError::Malformed("it has a password in it, which never stands there".to_owned()));
        }
        if config.get_dbname().is_none() {
            return Err(UrlError::Malformed("it names no database".to_owned()));
        }
        let is_encrypted = match ours.sslmode {
            None => !config.get_hosts().iter().all(is_this_machine),
            Some("disable") => false,
            Some("verify-full") => true,
            Some(_) => {
                let text =
                    "'sslmode' is neither 'verify-full' nor 'disable': what is not verified protects nobody";
                return Err(UrlError::Malformed(text.to_owned()));
            }
        };
        let pool_size = match ours.pool_size.map(str::parse) {
            None => POOL_SIZE,
            Some(Ok(size @ 2..=1_000)) => size,
            Some(_) => return Err(UrlError::Malformed("'pool_size' is no number from 2 to 1000".to_owned())),
        };
        // Of several hosts it is the one that takes writes: a copy is behind, and what was taken back would live on there.
        let each = CONNECT / u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX).max(1);
        config
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(each)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(2)
            .tcp_user_timeout(ANSWER);
        if config.get_application_name().is_none() {
            config.application_name("matricula");
        }
        Ok(Self { authorities: ours.sslrootcert.map(decoded).transpose()?, config, is_encrypted, pool_size })
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// The host and the database, for people.
    pub fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => String::new(),
        };
        let database = self.config.get_dbname().unwrap_or_default();
        format!("the database {database} at {host}")
    }
}

/// The options that are ours to heed.
#[derive(Default)]
struct OurOptions<'a> {
    sslmode: Option<&'a str>,
    sslrootcert: Option<&'a str>,
    pool_size: Option<&'a str>,
}

impl<'a> OurOptions<'a> {
    /// Takes an option if it is one of ours.
    fn take(&mut self, option: &'a str) -> bool {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let place = match name {
            "sslmode" => &mut self.sslmode,
            "sslrootcert" => &mut self.sslrootcert,
            "pool_size" => &mut self.pool_size,
            _ => return false,
        };
        *place = Some(value);
        true
    }
}

/// A value of the query, which may be percent-encoded as all of a URI may be.
fn decoded(value: &str) -> Result<String, UrlError> {
    let bytes = form_urlencoded::parse(format!("v={}", value.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    bytes.ok_or_else(|| UrlError::Malformed("'sslrootcert' is empty".to_owned()))
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

/// An error with what it was caused by. Those of the driver keep the telling part behind them.
fn said(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// The connections of a node.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    figures: Arc<Figures>,
}

impl Connections {
    /// Makes ready for them. None is made yet.
    pub(super) fn new(url: &PostgresUrl) -> Result<Self, UrlError> {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if url.is_encrypted {
            let tls = MakeRustlsConnect::new(tls(url.authorities.as_deref())?);
            Manager::from_config(url.config.clone(), tls, manager_config)
        } else {
            Manager::from_config(url.config.clone(), NoTls, manager_config)
        };
        let set_up = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(url.pool_size)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT))
            .wait_timeout(Some(WAIT))
            .recycle_timeout(Some(CONNECT))
            .post_create(set_up)
            .build()
            .map_err(|error| UrlError::Malformed(error.to_string()))?;
        Ok(Self { pool, figures: Arc::default() })
    }

    /// One that is free.
    pub(super) async fn get(&self) -> Result<Object, Failure> {
        Ok(self.pool.get().await?)
    }

    /// How the store is doing.
    pub(super) fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// Does something in the time that an answer may take.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(ANSWER, work).await {
            Ok(done) => done,
            Err(_elapsed) => {
                // Who comes next must not stand behind what is not answered.
                self.pool.retain(|_, _| false);
                Err(Failure::Silent)
            }
        }
    }

    /// Writes something by itself. As [`Self::retrying`], and counted.
    pub(super) async fn write<T, F>(&self, work: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let written = self.retrying(work).await;
        match &written {
            Ok(_) => self.count(1, begun),
            Err(_) => self.figures.writes_failed.add(),
        }
        written
    }

    /// Counts a transaction of so many writes.
    pub(super) fn count(&self, writes: usize, begun: Instant) {
        self.figures.commit_micros.observe(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.figures.transaction_jobs.observe(u64::try_from(writes).unwrap_or(u64::MAX));
    }

    /// Does something that PostgreSQL may take back for the sake of others, and begins anew where it does. Nothing of it
    /// is there then. Whatever else goes wrong is not repeated: after a connection broke, nobody knows what it did.
    pub(super) async fn retrying<T, F>(&self, work: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempt = 1;
        loop {
            let failure = match self.within(work()).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if !failure.was_for_the_sake_of_others() || attempt == ATTEMPTS {
                return Err(failure);
            }
            // Those that were in each other's way should not meet again.
            tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 7)).await;
            attempt += 1;
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Connections({:?})", self.pool.status())
    }
}

pub(super) fn tls(authorities: Option<&str>) -> Result<ClientConfig, UrlError> {
    let mut trusted = rustls::RootCertStore::empty();
    let refused = |error: &dyn std::fmt::Display| UrlError::Certificates(error.to_string());
    match authorities {
        Some(file) => {
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| refused(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| refused(&error))?;
                trusted.add(certificate).map_err(|error| refused(&error))?;
            }
        }
        // What cannot be read or used is left out: systems have such certificates.
        None => {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if trusted.is_empty() {
        return Err(UrlError::Certificates("there is no certificate to verify the server's by".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_encrypted(url: &str) -> bool {
        PostgresUrl::parse(url).unwrap().is_encrypted
    }

    #[test]
    fn another_machine_is_not_spoken_to_in_the_clear_unless_the_url_says_so() {
        assert!(is_encrypted("postgres://m@db.example/matricula"));
        assert!(is_encrypted("postgres://m@10.0.0.7:5432/matricula"));
        assert!(!is_encrypted("postgres://m@localhost/matricula"));
        assert!(!is_encrypted("postgresql://m@127.0.0.1:5433/matricula"));
        assert!(!is_encrypted("postgres://m@[::1]/matricula"));
        assert!(!is_encrypted("postgres://m@%2Fvar%2Frun%2Fpostgresql/matricula"));
        assert!(is_encrypted("postgres://m@localhost/matricula?sslmode=verify-full"));
        assert!(!is_encrypted("postgres://m@db.example/matricula?sslmode=disable"));
        assert!(!is_encrypted("postgres://m@localhost/matricula?connect_timeout=3&sslmode=disable"));
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for url in [
            "postgres://m:geheim@db.example/matricula",
            "postgres://m:ge?geheim=1@db.example/matricula",
            "postgres://m:ge/geheim@db.example/matricula",
            "postgres://m:a@geheim@db.example/matricula",
            "postgres://m@db.example/matricula?password=geheim",
            "postgres://m:geheim@db.example/matricula?sslmode=require",
            "postgres://m:geheim@db.example/matricula?sslmode=prefer",
            "postgres://m:geheim@db.example/matricula?pool_size=1",
            "postgres://m:geheim@db.example/matricula?pool_size=many",
            "postgres://m:geheim@db.example/matricula?colour=blue",
            "postgres://m:geheim@db.example:port/matricula",
            "postgres://m@localhost/matricula?hostaddr=10.0.0.7",
            "postgres://m:geheim@db.example",
        ] {
            let error = PostgresUrl::parse(url).unwrap_err().to_string();
            assert!(!error.is_empty() && !error.contains("geheim"), "{error}");
        }
        let url = PostgresUrl::parse("postgres://m@db.example/matricula").unwrap().with_password("geheim");
        assert!(!format!("{url:?}").contains("geheim"));
        let url_of_file =
            PostgresUrl::parse("postgres://m@db.example/m?sslrootcert=%2Fetc%2Fa%20b.pem").unwrap();
        assert_eq!(url_of_file.authorities.as_deref(), Some("/etc/a b.pem"));
        assert_eq!(url.place(), "the database matricula at db.example");
    }
}
