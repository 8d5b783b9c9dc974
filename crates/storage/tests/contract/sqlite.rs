//! The embedded engine, and what it alone promises.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use identity::store::UserStore;
use primitives::audit::EventKind;
use primitives::store::StoreError;
use storage::Store;
use storage::sqlite::{OpenError, SqliteStore};
use tempfile::TempDir;

use crate::world::{added, directory, event, id, paid_by, profile, provision, session, user};

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

async fn opened() -> Engine {
    Engine::open()
}

crate::on_engine!(opened);

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

#[tokio::test]
async fn a_user_or_a_session_that_makes_no_sense_is_corrupt() {
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[]).await;
    let (store, main) = (engine.store(), directory("main"));
    let alice = added(&*store, "main", user("alice")).await;
    let session = session(alice);
    let id = session.id;
    store.begin_session(&main, session, None, event(EventKind::UserSignedIn)).await.unwrap();
    for (column, damage) in [
        ("authenticated_by", "'magic'"),
        ("hash", "x'00'"),
        ("counts_in", "'No Such Name'"),
        ("frame_hash", "x'01'"),
    ] {
        let path = engine.path();
        execute(&path, &format!("CREATE TABLE good AS SELECT {column} AS value FROM sessions"));
        execute(&path, &format!("UPDATE sessions SET {column} = {damage}"));
        let read = store.session(&main, id).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{damage}: {read:?}");
        execute(&path, &format!("UPDATE sessions SET {column} = (SELECT value FROM good)"));
        execute(&path, "DROP TABLE good");
        assert!(store.session(&main, id).await.unwrap().is_some());
    }
    for damage in ["claims = '[]'", "claims = 'x'"] {
        execute(&engine.path(), &format!("UPDATE users SET {damage}"));
        for read in [
            store.user(&main, alice).await.map(drop),
            store.user_named(&main, "alice").await.map(drop),
            store.session(&main, id).await.map(drop),
        ] {
            assert!(matches!(read, Err(StoreError::Corrupt(_))), "{damage}: {read:?}");
        }
    }
}

/// Two open files stand for two processes: the lock and SQLite's own tell them apart as well.
#[tokio::test]
async fn a_command_writes_beside_a_server_and_the_server_sees_it_at_once() {
    let engine = Engine::open();
    provision(&*engine.store, "staff", &[]).await;
    let (server, main) = (engine.store(), directory("main"));
    assert!(server.user_named(&main, "alice").await.unwrap().is_none(), "nor is there such a directory");

    let command = SqliteStore::open_beside(&engine.path()).unwrap();
    let alice = added(&command, "main", user("alice")).await;
    assert!(server.user_named(&main, "alice").await.unwrap().is_some());
    let session = session(alice);
    server.begin_session(&main, session, None, event(EventKind::UserSignedIn)).await.unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for n in 0..50 {
        let server = Arc::clone(&server);
        writes.spawn(async move { server.insert(paid_by(None)).await.map(drop).unwrap() });
        added(&command, "main", user(&format!("user-{n}"))).await;
    }
    writes.join_all().await;
    command.close();
    assert!(server.user_named(&main, "user-49").await.unwrap().is_some());
}

#[tokio::test]
async fn a_command_does_not_keep_a_server_from_starting() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("matricula.db");
    let command = SqliteStore::open_beside(&path).unwrap();
    let server = SqliteStore::open(&path).unwrap();
    added(&command, "main", user("alice")).await;
    command.close();
    assert!(server.user_named(&directory("main"), "alice").await.unwrap().is_some());
}

#[test]
fn a_command_does_not_bring_the_schema_up_to_date_under_a_server() {
    let engine = Engine::open();
    for (damage, says) in [
        ("DELETE FROM schema_migrations WHERE number = 2", "older"),
        ("INSERT INTO schema_migrations VALUES (2, x'00')", "not the one"),
        ("INSERT INTO schema_migrations VALUES (999, x'00')", "newer"),
    ] {
        execute(&engine.path(), damage);
        let error = SqliteStore::open_beside(&engine.path()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_file_is_looked_at_beside_a_server_and_nothing_is_changed() {
    let engine = Engine::open();
    let found = SqliteStore::examine(&engine.path()).unwrap();
    assert!(found.is_current && found.newest.is_none() && found.signing_keys.is_empty());
    provision(&*engine.store, "staff", &[("field-app", 1)]).await;
    let found = SqliteStore::examine(&engine.path()).unwrap();
    assert_eq!(found.newest.unwrap().seconds(), crate::world::NOW.seconds());
    assert_eq!(found.signing_keys.len(), 1, "a profile without keys is named as well");

    execute(&engine.path(), "DELETE FROM schema_migrations WHERE number = 3");
    assert!(!SqliteStore::examine(&engine.path()).unwrap().is_current);
    execute(&engine.path(), "INSERT INTO schema_migrations VALUES (3, x'00'), (999, x'00')");
    assert!(matches!(SqliteStore::examine(&engine.path()), Err(OpenError::Newer(_))));
}

#[test]
fn what_is_not_there_is_not_made_by_looking_at_it() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(SqliteStore::examine(&folder.path().join("x.db")), Err(OpenError::Io { .. })));
    let other = folder.path().join("other.db");
    execute(&other, "CREATE TABLE users (name TEXT)");
    assert!(matches!(SqliteStore::examine(&other), Err(OpenError::NotAStore(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn execute(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute(sql, []).unwrap();
}
