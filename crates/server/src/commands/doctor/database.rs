//! The store, where it is a database: whether it answers, is ours, takes writes and keeps them.

use std::time::Duration;

use primitives::clock::Timestamp;
use storage::Examination;
use storage::postgres::{
    DatabaseExamination, MigrationError, OpenError, PostgresStore, PostgresUrl, UrlError,
};

use super::finding::Finding;

const ABOUT: &str = "store";

/// How far its clock may be from ours. What is over is decided by the clocks of the nodes.
const APART: Duration = Duration::from_secs(2);

/// Looks at the database. It is not changed.
pub(super) async fn look(url: &PostgresUrl, now: Timestamp) -> (Vec<Finding>, Option<Examination>) {
    match PostgresStore::examine(url).await {
        Ok(found) => of_database(&url.place(), found, now),
        Err(error) => {
            let text = format!("{}: {error}", url.place());
            (vec![Finding::problem(ABOUT, text, remedy(&error))], None)
        }
    }
}

fn of_database(
    place: &str,
    found: DatabaseExamination,
    now: Timestamp,
) -> (Vec<Finding>, Option<Examination>) {
    let mut findings = vec![match &found.kept {
        None => Finding::ok(
            ABOUT,
            format!("{place} is empty: the first start, or `matricula db migrate`, fills it"),
        ),
        Some(kept) if kept.is_current => {
            Finding::ok(ABOUT, format!("{place} answers, and its schema is this version's"))
        }
        Some(_) => Finding::warning(
            ABOUT,
            format!("the schema of {place} is an older version's"),
            "back it up: `matricula db migrate`, or the next start, brings it up to date, and there is no way back",
        ),
    }];
    if found.is_copy {
        findings.push(Finding::problem(
            ABOUT,
            format!("{place} is a copy of another one, and takes no writes"),
            "name the primary in `store`, or a host name that follows it",
        ));
    }
    if !found.is_durable {
        findings.push(Finding::problem(
            ABOUT,
            format!("{place} acknowledges what is not on its disk yet"),
            "set fsync, full_page_writes and synchronous_commit to on: a crash would bring spent tokens back to life",
        ));
    }
    let apart = Duration::from_millis(found.now.millis().abs_diff(now.millis()));
    if apart > APART {
        findings.push(Finding::warning(
            ABOUT,
            format!("the clock of {place} is {} s away from the one here", apart.as_secs()),
            "let both follow the same time servers: what has expired is told by the clocks of the nodes",
        ));
    }
    (findings, found.kept)
}

fn remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::Url(UrlError::Certificates(_)) => {
            "name the file with the authority's certificate in `sslrootcert`"
        }
        OpenError::Url(UrlError::Malformed(_)) => "write postgres://USER@HOST/DATABASE",
        OpenError::Schema(MigrationError::Newer) => "run the version that made it, or a newer one",
        OpenError::Schema(MigrationError::Changed(_)) => {
            "run the version that made it: this one was built from something else"
        }
        OpenError::Schema(MigrationError::Moving) => "call `matricula db move` again, until it ends well",
        OpenError::Schema(MigrationError::Older) => "bring it up to date with `matricula db migrate`",
        OpenError::Schema(MigrationError::Failed(_)) => {
            "see that it runs, that this machine may reach it, and that user, password and database are right"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_database_that_takes_no_writes_or_loses_them_is_a_problem() {
        let now = Timestamp::from_seconds(1_795_421_565);
        let states = |is_copy, is_durable, ahead| {
            let found = DatabaseExamination { kept: None, is_copy, is_durable, now: now.plus(ahead) };
            let (findings, _) = of_database("the database", found, now);
            findings.iter().map(|finding| finding.state).collect::<Vec<_>>()
        };
        assert_eq!(states(false, true, Duration::ZERO), [State::Ok]);
        assert_eq!(states(true, true, Duration::ZERO), [State::Ok, State::Problem]);
        assert_eq!(states(false, false, Duration::ZERO), [State::Ok, State::Problem]);
        assert_eq!(states(false, true, Duration::from_secs(3)), [State::Ok, State::Warning]);
    }
}
