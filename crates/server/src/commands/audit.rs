//! `matricula audit`: what happened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use registration::clock::{Clock, Timestamp};
use registration::store::StoreError;
use serde_json::{Value, json};
use storage::AuditEntry;
use storage::sqlite::SqliteStore;

use super::say;
use crate::clock::SystemClock;

/// How often a follower looks for news.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Print the newest entries of the audit log. A server may be using the store meanwhile.
    Tail {
        /// The store: `sqlite:PATH`.
        #[arg(long)]
        store: String,
        /// How many entries.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: u32,
        /// Go on with what happens from now on.
        #[arg(long, short)]
        follow: bool,
        /// Print lines of JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Tail { store, lines, follow, json } = self;
        let Some(path) = store.strip_prefix("sqlite:").map(PathBuf::from) else {
            bail!("'{store}' is not a store that is known: use sqlite:PATH");
        };
        tail(&path, lines, follow, if json { as_json } else { as_text })
    }
}

fn tail(path: &Path, lines: u32, follow: bool, shown: fn(&AuditEntry) -> String) -> anyhow::Result<()> {
    if !path.exists() {
        bail!("{} does not exist", path.display());
    }
    let look = SqliteStore::look(path).context("the store did not open")?;
    let entries = look(Timestamp::from_millis(0), lines)?;
    entries.iter().for_each(|entry| say(shown(entry)));
    if follow { go_on(&look, entries, shown) } else { Ok(()) }
}

/// Shows what happens from now on. What was shown is not shown again, unless it has been counted up since.
fn go_on(
    look: &impl Fn(Timestamp, u32) -> Result<Vec<AuditEntry>, StoreError>,
    mut told: Vec<AuditEntry>,
    shown: fn(&AuditEntry) -> String,
) -> anyhow::Result<()> {
    let mut since = told.last().map_or_else(|| SystemClock.now(), |entry| entry.at);
    loop {
        std::thread::sleep(FOLLOW_EVERY);
        let news = look(since, u32::MAX)?;
        for entry in news.iter().filter(|entry| !told.contains(entry)) {
            say(shown(entry));
        }
        since = news.last().map_or(since, |entry| entry.at.max(since));
        told = news;
    }
}

fn as_text(entry: &AuditEntry) -> String {
    let AuditEntry { at, profile, kind, client_id, subject, network, count, detail } = entry;
    let mut line = format!("{at} {profile} {kind}");
    for (name, value) in [("client", client_id), ("user", subject), ("from", network)] {
        if let Some(value) = value {
            line.push_str(&format!(" {name}={value}"));
        }
    }
    if *count > 1 {
        line.push_str(&format!(" times={count}"));
    }
    if detail != "{}" {
        line.push_str(&format!(" {detail}"));
    }
    line
}

fn as_json(entry: &AuditEntry) -> String {
    let AuditEntry { at, profile, kind, client_id, subject, network, count, detail } = entry;
    // The detail was written by this program; where it is no JSON all the same, it is shown as it is.
    let detail = serde_json::from_str(detail).unwrap_or_else(|_not_json| Value::String(detail.clone()));
    json!({
        "at": at.to_string(), "profile": profile, "event": kind, "client_id": client_id, "subject": subject,
        "network": network, "count": count, "detail": detail,
    })
    .to_string()
}
