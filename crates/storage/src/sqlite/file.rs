//! The file itself: who may read it, and who is using it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::OpenError;

/// What every SQLite file begins with.
const HEADER: &[u8] = b"SQLite format 3\0";

/// The one real name of the file, whatever links lead to it and whether or not it is there.
pub(super) fn real_name(path: &Path) -> Result<PathBuf, OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known.map_err(io),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io(io::ErrorKind::InvalidFilename.into()))?;
    Ok(parent.canonicalize().map_err(io)?.join(name))
}

/// Makes the file where there is none, readable by its owner only: SQLite gives the files beside it the same rights.
///
/// Whoever calls this holds the lock. A process that opens and closes a database file loses the locks that SQLite has on
/// it, so a second server must not come this far.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    private(path).map(drop).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    check(path)
}

/// Refuses a file that is neither empty nor SQLite's. SQLite itself takes a short text for an empty database, and would
/// write over it.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    let mut beginning = Vec::new();
    File::open(path).map_err(io)?.take(HEADER.len() as u64).read_to_end(&mut beginning).map_err(io)?;
    if beginning.is_empty() || beginning == HEADER {
        Ok(())
    } else {
        Err(OpenError::NotAStore(path.to_owned()))
    }
}

/// Keeps other servers out for as long as the answer is held.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let io = |error| OpenError::Io { path: PathBuf::from(&name), error };
    let lock = private(Path::new(&name)).map_err(io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
