//! The file itself: who may read it, and who is using it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::OpenError;

/// What every SQLite file begins with.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Makes the file where there is none, readable by its owner only: SQLite gives the files beside it the same rights. The
/// answer is its real name, which is one, whatever links lead to it.
pub(super) fn create(path: &Path) -> Result<PathBuf, OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    private(path).map_err(io)?;
    check(path)?;
    path.canonicalize().map_err(io)
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
