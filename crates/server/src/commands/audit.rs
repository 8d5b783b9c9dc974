//! `matricula audit`: what happened.

use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use primitives::clock::{Clock, Timestamp};
use primitives::store::StoreError;
use serde_json::{Value, json};
use storage::AuditEntry;
use storage::sqlite::SqliteStore;

use super::is_heard;
use super::serve::runtime;
use super::store::{AtStore, open_beside};
use crate::clock::SystemClock;
use crate::config::StoreUrl;

/// How often a follower looks for news.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// How long ago something may have happened that is written only now.
const LOOK_BACK: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Print the newest entries of the audit log. A server may be using the store meanwhile.
    Tail {
        #[command(flatten)]
        at: AtStore,
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
        let Self::Tail { at, lines, follow, json } = self;
        let shown = if json { as_json } else { as_text };
        match at.url()? {
            // A file is looked at and nothing else, also one that this program may not write.
            StoreUrl::Sqlite(path) => {
                let look = SqliteStore::look(&path).context("the store did not open")?;
                tail(look, lines, follow, shown)
            }
            url @ StoreUrl::Postgres(_) => {
                let runtime = runtime()?;
                let store = runtime.block_on(open_beside(&url))?;
                let look = |since, at_most| runtime.block_on(store.audit_since(since, at_most));
                tail(look, lines, follow, shown)
            }
        }
    }
}

fn tail(
    look: impl Fn(Timestamp, u32) -> Result<Vec<AuditEntry>, StoreError>,
    lines: u32,
    follow: bool,
    shown: fn(&AuditEntry) -> String,
) -> anyhow::Result<()> {
    let entries = look(Timestamp::from_millis(0), lines)?;
    let mut goes_on = entries.iter().all(|entry| is_heard(shown(entry)));
    let since = entries.last().map_or_else(|| SystemClock.now(), |entry| entry.at);
    // What is older than what was printed was not asked for.
    let told =
        look(since.minus(LOOK_BACK), u32::MAX)?.into_iter().filter(|entry| entry.at <= since).collect();
    let mut follower = Follower { since, told };
    while follow && goes_on {
        goes_on = follower.news(&look)?.iter().all(|entry| is_heard(shown(entry)));
        std::thread::sleep(FOLLOW_EVERY);
    }
    Ok(())
}

/// Whoever follows the log, and what it has been told already.
struct Follower {
    since: Timestamp,
    told: Vec<AuditEntry>,
}

impl Follower {
    /// What is new. It is not always the newest: activity is written up to a second after it happened, and outcomes in the
    /// order of their transactions. An entry that has been counted up since is new.
    fn news(
        &mut self,
        look: impl Fn(Timestamp, u32) -> Result<Vec<AuditEntry>, StoreError>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let found = look(self.since.minus(LOOK_BACK), u32::MAX)?;
        let news: Vec<_> = found.iter().filter(|entry| !self.told.contains(entry)).cloned().collect();
        self.since = found.last().map_or(self.since, |entry| entry.at.max(self.since));
        self.told = found;
        Ok(news)
    }
}

fn as_text(entry: &AuditEntry) -> String {
    let AuditEntry { at, profile, directory, kind, client_id, subject, network, count, detail } = entry;
    let place = match (profile, directory) {
        (Some(profile), _) => profile.clone(),
        (None, Some(directory)) => format!("users:{directory}"),
        (None, None) => "-".to_owned(),
    };
    let mut line = format!("{at} {place} {kind}");
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
    let AuditEntry { at, profile, directory, kind, client_id, subject, network, count, detail } = entry;
    // The detail was written by this program; where it is no JSON all the same, it is shown as it is.
    let detail = serde_json::from_str(detail).unwrap_or_else(|_not_json| Value::String(detail.clone()));
    json!({
        "at": at.to_string(), "profile": profile, "directory": directory, "event": kind, "client_id": client_id, "subject": subject,
        "network": network, "count": count, "detail": detail,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seconds: u64, kind: &str, count: u64) -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_seconds(seconds),
            profile: Some("staff".to_owned()),
            directory: None,
            kind: kind.to_owned(),
            client_id: None,
            subject: None,
            network: None,
            count,
            detail: "{}".to_owned(),
        }
    }

    #[test]
    fn a_line_says_where_it_happened() {
        let mut entry = entry(1_795_421_565, "user-added", 1);
        assert_eq!(as_text(&entry), "2026-11-23T08:12:45Z staff user-added");
        (entry.profile, entry.directory) = (None, Some("main".to_owned()));
        assert_eq!(as_text(&entry), "2026-11-23T08:12:45Z users:main user-added");
        let json: Value = serde_json::from_str(&as_json(&entry)).unwrap();
        assert_eq!((&json["profile"], &json["directory"]), (&Value::Null, &json!("main")));
    }

    #[test]
    fn a_follower_hears_of_everything_once_also_of_what_is_written_late() {
        let mut follower = Follower { since: Timestamp::from_seconds(100), told: vec![] };
        let mut log = vec![];
        let mut heard = |new: Vec<AuditEntry>| {
            log.extend(new);
            log.sort_by_key(|entry| entry.at);
            let look = |since: Timestamp, _at_most| {
                Ok(log.iter().filter(|entry| entry.at >= since).cloned().collect())
            };
            let news = follower.news(look).unwrap();
            news.into_iter().map(|entry| (entry.kind, entry.count)).collect::<Vec<_>>()
        };
        assert_eq!(heard(vec![entry(103, "registered", 1)]), [("registered".to_owned(), 1)]);
        assert_eq!(heard(vec![entry(102, "refused", 1)]), [("refused".to_owned(), 1)]);
        assert_eq!(heard(vec![]), []);
        assert_eq!(heard(vec![entry(104, "refused", 2)]), [("refused".to_owned(), 2)]);
    }
}
