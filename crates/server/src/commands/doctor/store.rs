//! The store: whether it is there, opens, is ours, and has room to grow.

use std::path::Path;

use rustix::fs::{Access, access, statvfs};
use storage::Examination;
use storage::sqlite::{OpenError, SqliteStore};

use super::finding::Finding;

const ABOUT: &str = "store";

const MEGABYTE: u64 = 1_000_000;

/// Below this it may be over at any moment: the write-ahead log alone may take 64 MB.
const TOO_LITTLE: u64 = 100 * MEGABYTE;

/// Below this it is time to make room.
const LITTLE: u64 = 1_000 * MEGABYTE;

/// Looks at the file. It is neither made nor changed.
pub(super) fn look(path: &Path) -> (Vec<Finding>, Option<Examination>) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut findings, found) = look_at_file(path, folder);
    findings.push(match statvfs(folder) {
        Ok(found) => of_room(found.f_bavail.saturating_mul(found.f_frsize), folder),
        Err(error) => Finding::warning(
            ABOUT,
            format!("how much room there is in {} cannot be told: {error}", folder.display()),
            "look with df",
        ),
    });
    (findings, found)
}

fn look_at_file(path: &Path, folder: &Path) -> (Vec<Finding>, Option<Examination>) {
    let shown = path.display();
    let mut findings = Vec::new();
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        findings.push(Finding::problem(
            ABOUT,
            format!("this user may not write to {}, where SQLite keeps its files", folder.display()),
            "call this as the server's own user; if that is who you are, give it the folder (chown)",
        ));
    }
    // An empty file is taken for one that is not there yet.
    match std::fs::metadata(path) {
        Ok(file) if file.len() > 0 => {}
        Ok(_) => {
            findings.push(Finding::ok(ABOUT, format!("{shown} is empty: the first start fills it")));
            return (findings, None);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if findings.is_empty() {
                findings
                    .push(Finding::ok(ABOUT, format!("{shown} is not there yet: the first start makes it")));
            }
            return (findings, None);
        }
        Err(_) => {}
    }
    if access(path, Access::WRITE_OK).is_err() {
        findings.push(Finding::problem(
            ABOUT,
            format!("this user may not write to {shown}"),
            "call this as the server's own user; if that is who you are, give it the file (chown)",
        ));
    }
    match SqliteStore::examine(path) {
        Ok(found) if found.is_current => {
            findings.push(Finding::ok(ABOUT, format!("{shown} opens, and its schema is this version's")));
            (findings, Some(found))
        }
        Ok(found) => {
            findings.push(Finding::warning(
                ABOUT,
                format!("the schema of {shown} is an older version's"),
                "back it up: the next start of this version brings it up to date, and there is no way back",
            ));
            (findings, Some(found))
        }
        Err(error) => {
            findings.push(Finding::problem(ABOUT, error.to_string(), remedy(&error)));
            (findings, None)
        }
    }
}

fn remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::Io { .. } => "call this as the server's own user, and look who may read the file",
        OpenError::NotAStore(_) => "name another file in `store`, or move this one away",
        OpenError::Newer(_) => "run the version that made it, or a newer one",
        OpenError::Changed(..) => "run the version that made it: this one was built from something else",
        OpenError::InUse(_) => "stop the other server",
        OpenError::Older(_) => "start the server once",
        OpenError::Sqlite { .. } => {
            "look at the disk and at the rights; if the file is damaged, restore a backup"
        }
    }
}

fn of_room(bytes: u64, folder: &Path) -> Finding {
    let text = format!("{} MB are free in {}", bytes / MEGABYTE, folder.display());
    if bytes < TOO_LITTLE {
        Finding::problem(
            ABOUT,
            text,
            "make room now: where nothing can be written, nobody registers or signs in",
        )
    } else if bytes < LITTLE {
        Finding::warning(ABOUT, text, "make room, or give the store a larger disk")
    } else {
        Finding::ok(ABOUT, text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_a_problem_and_one_that_is_getting_there_a_warning() {
        for (bytes, state) in [
            (0, State::Problem),
            (99_999_999, State::Problem),
            (100_000_000, State::Warning),
            (999_999_999, State::Warning),
            (1_000_000_000, State::Ok),
            (u64::MAX, State::Ok),
        ] {
            assert_eq!(of_room(bytes, Path::new("/")).state, state, "{bytes}");
        }
    }
}
