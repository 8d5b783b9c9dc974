//! `matricula doctor`: whether it can work here, and what to do where it cannot.
//!
//! Everything is looked at, and nothing is changed: a server may be running meanwhile.

mod clock;
mod database;
mod finding;
mod keys;
mod network;
mod store;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use primitives::clock::Clock;

use self::finding::{Finding, State};
use super::say;
use super::serve::runtime;
use crate::clock::SystemClock;
use crate::config::document::ConfigDocument;
use crate::config::{ConfigError, Configuration, StoreUrl};

const CONFIGURATION: &str = "configuration";

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Print lines of JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self { config, json } = self;
        let runtime = runtime()?;
        let findings = runtime.block_on(look(&config));
        // A name that nobody resolves may be asked for still.
        runtime.shutdown_background();
        for finding in &findings {
            if json {
                say(finding.to_json());
            } else {
                say(finding);
            }
        }
        match findings.iter().filter(|finding| finding.state == State::Problem).count() {
            0 => Ok(()),
            problems => bail!("{problems} problem(s)"),
        }
    }
}

async fn look(file: &Path) -> Vec<Finding> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let read = Configuration::read(file);
    // What the configuration does not say for longer than it takes to read it: where the key is.
    let document =
        std::fs::read_to_string(file).ok().and_then(|text| toml::from_str::<ConfigDocument>(&text).ok());
    let (configuration, document) = match (read, document) {
        (Ok(configuration), Some(document)) => (configuration, document),
        (Err(error), _) => return of_error(&error),
        (Ok(_), None) => {
            let text = format!("{} changes while it is read", file.display());
            return vec![Finding::problem(CONFIGURATION, text, "call this again when it is written")];
        }
    };
    let mut findings = look_at_configuration(&configuration, file);
    let (of_store, examination) = match &configuration.store {
        StoreUrl::Sqlite(path) => store::look(path),
        StoreUrl::Postgres(url) => database::look(url, SystemClock.now()).await,
    };
    let newest = examination.as_ref().and_then(|found| found.newest);
    findings.push(clock::look(SystemClock.now(), newest));
    findings.push(keys::look_at_file(&document, folder));
    let sealed = examination.map(|found| found.signing_keys).unwrap_or_default();
    findings.extend(keys::look_at_seals(&configuration, sealed).await);
    findings.extend(of_store);
    findings.extend(network::look_at_names(&configuration).await);
    findings.extend(network::look_at_server(&configuration).await);
    findings.extend(network::look_at_proxies(&configuration));
    findings
}

/// What stands in the way of looking at anything else.
fn of_error(error: &ConfigError) -> Vec<Finding> {
    let problem = |text: String, remedy| Finding::problem(CONFIGURATION, text, remedy);
    match error {
        ConfigError::Unreadable { .. } => {
            vec![problem(error.to_string(), "name a file that is there, as a user who may read it")]
        }
        ConfigError::Syntax(_) => {
            vec![problem(error.to_string(), "mend that line; `matricula config schema` describes every key")]
        }
        ConfigError::Problems(problems) => {
            let mended = "mend it; nothing else was looked at, since the server does not start with this";
            problems.iter().map(|found| problem(found.to_string(), mended)).collect()
        }
    }
}

fn look_at_configuration(configuration: &Configuration, file: &Path) -> Vec<Finding> {
    let count = configuration.profiles.len();
    let mut findings =
        vec![Finding::ok(CONFIGURATION, format!("{} can work, with {count} profile(s)", file.display()))];
    // That one is told with the proxies.
    let warnings = configuration.warnings();
    let warnings = warnings.iter().filter(|warning| Some(*warning) != configuration.unnamed_proxy().as_ref());
    findings.extend(warnings.map(|warning| {
        Finding::warning(CONFIGURATION, warning.trim_end_matches('.'), "change it, unless it is meant so")
    }));
    findings
}
