//! Where everything is kept.

use std::path::{Path, PathBuf};

use storage::postgres::PostgresUrl;

use super::document::ConfigDocument;
use super::{Problem, problem, secret};

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// In an SQLite file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(Box<PostgresUrl>),
}

/// A text that is no [`StoreUrl`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAStore(String);

impl StoreUrl {
    /// Reads one. Relative paths begin at the folder.
    ///
    /// # Errors
    /// [`NotAStore`], without the text where that may have a password in it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, NotAStore> {
        if PostgresUrl::is_one(text) {
            let url = PostgresUrl::parse(text);
            return url.map(Box::new).map(Self::Postgres).map_err(|error| NotAStore(error.to_string()));
        }
        match text.split_once(':') {
            // SQLite would take some names for something else than files.
            Some(("sqlite", path)) if path.starts_with(':') || path.starts_with("file:") => {
                Err(NotAStore("is not the path of a file: write sqlite:PATH".to_owned()))
            }
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(folder.join(path))),
            _ => Err(NotAStore(format!(
                "'{text}' is not a store that is known: use sqlite:PATH or postgres://USER@HOST/DATABASE"
            ))),
        }
    }
}

pub(super) fn read(
    document: &ConfigDocument,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<StoreUrl> {
    match StoreUrl::parse(&document.store, folder) {
        Ok(StoreUrl::Sqlite(path)) => {
            let parent =
                path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if path.is_dir() {
                problem(problems, "store", format!("{} is a folder: name a file in it", path.display()));
            } else if !parent.is_dir() {
                problem(problems, "store", format!("there is no folder {}: make it first", parent.display()));
            }
            Some(StoreUrl::Sqlite(path))
        }
        Ok(StoreUrl::Postgres(url)) => {
            let url = match secret::store_password(document, folder, problems) {
                Some(password) => Box::new(url.with_password(&password)),
                None => url,
            };
            Some(StoreUrl::Postgres(url))
        }
        Err(error) => {
            problem(problems, "store", error.to_string());
            None
        }
    }
}
