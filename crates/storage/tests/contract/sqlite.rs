//! The embedded engine, and what it alone promises.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use primitives::store::StoreError;
use storage::Store;
use storage::sqlite::{OpenError, SqliteStore};
use tempfile::TempDir;

use crate::world::{id, paid_by, profile, provision};

pub(crate) struct Engine {
    store: Arc<SqliteStore>,
    folder: TempDir,
}

impl Engine {
    fn open() -> Self {
        let folder = TempDir::new().unwrap();
        Self { store: Arc::new(SqliteStore::open(&folder.path().join("matricula.db")).unwrap()), folder }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("matricula.db")
    }
}

crate::on_engine!(Engine::open);

#[tokio::test]
async fn what_was_acknowledged_is_there_after_closing_and_opening() {
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[("a", 1)]).await;
    let registration = paid_by(None);
    let written = registration.client.clone();
    registration::store::ClientStore::insert(&*engine.store, registration).await.unwrap();
    engine.store.close();

    let refused = registration::store::ClientStore::client(&*engine.store, &profile("staff"), id()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "a closed store answers nothing");
    let Engine { store, folder } = engine;
    drop(store);
    let store = SqliteStore::open(&folder.path().join("matricula.db")).unwrap();
    let read = registration::store::ClientStore::client(&store, &profile("staff"), written.id).await.unwrap();
    assert_eq!(read, Some(written));
    assert_eq!(provision(&store, "staff", &[("a", 1)]).await.changes, []);
}

#[test]
fn one_process_at_a_time_writes() {
    let engine = Engine::open();
    assert!(matches!(SqliteStore::open(&engine.path()), Err(OpenError::InUse(_))));
}

#[cfg(unix)]
#[test]
fn one_process_at_a_time_writes_whatever_name_it_knows_the_file_by() {
    let engine = Engine::open();
    let link = engine.folder.path().join("link.db");
    std::os::unix::fs::symlink(engine.path(), &link).unwrap();
    assert!(matches!(SqliteStore::open(&link), Err(OpenError::InUse(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[]).await;
    let mut files = 0;
    for file in std::fs::read_dir(engine.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert_eq!(files, 4, "the database, -wal, -shm and .lock");
}

#[test]
fn what_is_no_store_of_ours_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.db");
    execute(&path, "CREATE TABLE users (name TEXT)");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "buy milk; call the bank about the house; water the plants before noon").unwrap();
    for path in [&path, &text] {
        let before = std::fs::read(path).unwrap();
        assert!(matches!(SqliteStore::open(path), Err(OpenError::NotAStore(_))), "{path:?}");
        assert!(matches!(SqliteStore::look(path).map(drop), Err(OpenError::NotAStore(_))), "{path:?}");
        assert_eq!(std::fs::read(path).unwrap(), before, "{path:?}");
    }
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(SqliteStore::look(&empty).map(drop), Err(OpenError::NotAStore(_))));
    assert!(SqliteStore::open(&empty).is_ok());
}

/// Readers that follow each other without a gap leave SQLite no moment of its own to begin the log anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_short_however_much_is_read_meanwhile() {
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[]).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (path, done) = (engine.path(), Arc::clone(&done));
        move || {
            let open = || rusqlite::Connection::open(&path).unwrap();
            let begin = |connection: &rusqlite::Connection| {
                connection.execute_batch("BEGIN; SELECT count(*) FROM clients;").unwrap();
            };
            // Each begins before the other ends.
            let (mut one, mut other) = (open(), open());
            begin(&one);
            while !done.load(Ordering::Relaxed) {
                begin(&other);
                one.execute_batch("COMMIT").unwrap();
                std::mem::swap(&mut one, &mut other);
            }
        }
    });
    let log = engine.path().with_extension("db-wal");
    let mut longest = 0;
    for _ in 0..150 {
        let mut writes = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let store = engine.store();
            let mut registration = paid_by(None);
            registration.client.metadata = Some("x".repeat(16_000));
            writes.spawn(async move { store.insert(registration).await.unwrap() });
        }
        writes.join_all().await;
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    done.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    assert!(longest < 80 * 1024 * 1024, "{longest} bytes");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("matricula.db");
    drop(SqliteStore::open(&path).unwrap());
    execute(&path, "INSERT INTO schema_migrations VALUES (999, x'00')");
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Newer(_))));
    execute(&path, "DELETE FROM schema_migrations WHERE number = 999");
    execute(&path, "UPDATE schema_migrations SET checksum = x'00' WHERE number = 1");
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Changed(_, 1))));
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_corrupt_and_nothing_else() {
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[]).await;
    let registration = paid_by(None);
    let id = registration.client.id;
    registration::store::ClientStore::insert(&*engine.store, registration).await.unwrap();
    for damage in ["registrant = 'martian'", "secret_hash = x'00'", "template = 'no such id'"] {
        execute(&engine.path(), &format!("UPDATE clients SET {damage}"));
        let read = registration::store::ClientStore::client(&*engine.store, &profile("staff"), id).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{damage}: {read:?}");
    }
}

fn execute(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute(sql, []).unwrap();
}
