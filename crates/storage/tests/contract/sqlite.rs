//! The embedded engine, and what it alone promises.

use std::path::Path;
use std::sync::Arc;

use registration::store::StoreError;
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
