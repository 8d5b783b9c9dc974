//! From SQLite to PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use issuance::authorize::{Endpoint, GivenConsent, NewCode, PendingRequest};
use issuance::store::{AuthorizationStore, KeyStore, SealedKey, TokenStore};
use primitives::audit::EventKind;
use primitives::secret::SecretHash;
use protocol::jose::SignatureAlgorithm;
use registration::store::ClientStore;
use serde_json::json;
use storage::postgres::moving::{MoveError, move_store};
use storage::postgres::{MigrationError, OpenError, PostgresStore, PostgresUrl};
use storage::sqlite::SqliteStore;
use storage::{Activity, AuditStore, Store};
use tempfile::TempDir;

use crate::postgres::fresh_schema;
use crate::world::{
    NOW, added, code, directory, event, id, later, paid_by, profile, provision, session, token, user,
};

/// A file with something in every table that rows come into by the ports.
async fn furnished(folder: &Path) -> PathBuf {
    let path = folder.join("matricula.db");
    let store = SqliteStore::open(&path).unwrap();
    provision(&store, "staff", &[("field-app", 1), ("other", 1)]).await;
    provision(&store, "staff", &[("field-app", 2)]).await;
    provision(&store, "open", &[]).await;
    let alice = added(&store, "main", user("alice")).await;
    added(&store, "partners", user("bob \u{10ffff}")).await;
    let of_alice = session(alice);
    identity::store::SessionStore::begin_session(
        &store,
        &directory("main"),
        of_alice,
        None,
        event(EventKind::UserSignedIn),
    )
    .await
    .unwrap();
    let (paid, unspent) = (token(), token());
    for token in [&paid, &unspent] {
        let issued = event(EventKind::InitialAccessTokenIssued);
        store.insert_initial_access_token(token.clone(), issued).await.unwrap();
    }
    store.insert(paid_by(Some(paid.id))).await.unwrap();
    for _ in 0..2_500 {
        store.insert(paid_by(None)).await.unwrap();
    }
    let key = SealedKey {
        id: id(),
        algorithm: SignatureAlgorithm::Es256,
        public_jwk: json!({"kid": "a"}),
        sealed: vec![0, 255],
    };
    store.insert_first_signing_key(key, event(EventKind::SigningKeyCreated)).await.unwrap();
    store.accept_assertion(&profile("staff"), [7; 32], later(60)).await.unwrap();
    let mut code = code(alice);
    code.nonce = Some("a\0b".to_owned());
    let consent = GivenConsent {
        user: alice,
        client_id: "app".into(),
        destination: "app.example".into(),
        scope: "openid".parse().unwrap(),
        at: NOW,
    };
    let issue = NewCode { code, consent: Some(consent), answers: None, events: vec![] };
    store.issue_code(&profile("staff"), issue).await.unwrap();
    let request = PendingRequest {
        id: id(),
        hash: SecretHash::of("h"),
        browser: None,
        endpoint: Endpoint::Authorize,
        parameters: "a=b".to_owned(),
        expires_at: later(60),
        session: None,
        has_signed_in: false,
    };
    store.keep_request(&profile("staff"), request).await.unwrap();
    let revoked = event(EventKind::AccessTokenRevoked);
    store.revoke_access_token(id(), later(60), revoked).await.unwrap();
    store.mark_client(event(EventKind::ClientRevoked)).await.unwrap();
    let activity = Activity {
        profile: profile("staff"),
        kind: "token-issued",
        reason: "",
        client_id: String::new(),
        network: "10.0.0.0/24".to_owned(),
        count: 3,
        first_at: NOW,
        last_at: NOW,
    };
    store.record_activity(vec![activity]).await.unwrap();
    store.close();
    path
}

async fn moved(from: &Path, to: &PostgresUrl) -> Result<u64, MoveError> {
    move_store(from, to, |_| {}).await
}

#[tokio::test]
async fn what_was_moved_is_the_same_and_serves_on() {
    let folder = TempDir::new().unwrap();
    let file = furnished(folder.path()).await;
    let to = fresh_schema().await;
    let mut steps = Vec::new();
    let rows = move_store(&file, &to, |progress| steps.push(progress)).await.unwrap();
    assert!(rows > 5_000 && steps.len() > 20, "{rows} rows in {} steps", steps.len());
    let last = steps.last().unwrap();
    assert_eq!((last.done, last.of), (rows * 2, rows * 2));

    let (before, after) = (SqliteStore::open(&file).unwrap(), PostgresStore::open(&to).await.unwrap());
    let all = |store: Arc<dyn Store>| async move {
        let told = store.audit_since(primitives::clock::Timestamp::from_millis(0), 100_000).await.unwrap();
        (
            store.definitions(&profile("staff")).await.unwrap(),
            store.signing_keys(&profile("staff")).await.unwrap(),
            store.user_named(&directory("main"), "alice").await.unwrap(),
            told,
        )
    };
    let (before, after) = (all(Arc::new(before)).await, all(Arc::new(after)).await);
    assert!(before == after, "{before:?} is not {after:?}");
    let after = PostgresStore::open(&to).await.unwrap();
    assert_eq!(provision(&after, "staff", &[("field-app", 2)]).await.changes, []);
    after.insert(paid_by(None)).await.unwrap();
}

#[tokio::test]
async fn a_move_that_was_broken_off_goes_on_and_nobody_serves_from_half_of_it() {
    let folder = TempDir::new().unwrap();
    let file = furnished(folder.path()).await;
    let to = fresh_schema().await;
    // It is broken off where it stands, once in each table that has more than a few rows.
    for table in ["clients", "audit_events"] {
        let broken = async {
            let (stop, stopped) = tokio::sync::oneshot::channel();
            let mut stop = Some(stop);
            let moving = move_store(&file, &to, |progress| {
                if progress.table == table
                    && let Some(stop) = stop.take()
                {
                    stop.send(()).unwrap();
                }
            });
            tokio::select! {
                biased;
                _ = stopped => {}
                moved = moving => panic!("{moved:?}"),
            }
        };
        broken.await;
        for refused in [PostgresStore::open(&to).await.err(), PostgresStore::open_beside(&to).await.err()] {
            assert!(matches!(refused, Some(OpenError::Schema(MigrationError::Moving))), "{refused:?}");
        }
    }
    moved(&file, &to).await.unwrap();
    PostgresStore::open(&to).await.unwrap();
}

#[tokio::test]
async fn a_store_is_moved_into_an_empty_schema_from_a_file_that_nobody_uses() {
    let folder = TempDir::new().unwrap();
    let file = furnished(folder.path()).await;
    let to = fresh_schema().await;
    let server = SqliteStore::open(&file).unwrap();
    assert!(matches!(moved(&file, &to).await, Err(MoveError::Source(_))), "a server runs");
    server.close();
    drop(server);
    let other = PostgresStore::open(&to).await.unwrap();
    provision(&other, "another", &[]).await;
    assert!(matches!(moved(&file, &to).await, Err(MoveError::NotEmpty("profiles"))));
}

#[tokio::test]
async fn a_row_that_came_from_elsewhere_is_found_out() {
    let folder = TempDir::new().unwrap();
    let file = furnished(folder.path()).await;
    let to = fresh_schema().await;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut stop = Some(stop);
    let moving = move_store(&file, &to, |progress| {
        if progress.table == "clients"
            && let Some(stop) = stop.take()
        {
            stop.send(()).unwrap();
        }
    });
    tokio::select! {
        biased;
        _ = stopped => {}
        moved = moving => panic!("{moved:?}"),
    }
    let file_is = rusqlite::Connection::open(&file).unwrap();
    file_is.execute("UPDATE users SET claims = '{}'", []).unwrap();
    drop(file_is);
    assert!(matches!(moved(&file, &to).await, Err(MoveError::Differs("users"))));
    assert!(PostgresStore::open(&to).await.is_err());
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("matricula.db");
    drop(SqliteStore::open(&path).unwrap());
    let file = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT one.name, CASE columns.name WHEN 'user' THEN 'user_id' ELSE columns.name END
               FROM sqlite_schema AS one, pragma_table_info(one.name) AS columns WHERE one.type = 'table'";
    let mut statement = file.prepare(sql).unwrap();
    let in_sqlite: std::collections::BTreeSet<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();

    let (to, address) = crate::postgres::fresh_schema_with_address().await;
    PostgresStore::open(&to).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns
               WHERE table_schema = current_schema()";
    let rows = client.query(sql, &[]).await.unwrap();
    let in_postgres = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(in_sqlite, in_postgres);
}
