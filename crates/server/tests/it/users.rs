//! `matricula user`, as operators call it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use storage::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::world::Server;

const PASSWORD: &str = "a-password-to-look-for";

/// Calls `matricula user` on a store, with something on standard input.
pub(crate) fn user(store: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_matricula"))
        .arg("user")
        .args(arguments)
        .args(["--store", store])
        .env_remove("MATRICULA_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that has seen enough does not read on.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let told = told(&output);
    assert!(!told.contains(PASSWORD) && !told.contains("$argon2id$v=19$m=256"), "{told}");
    output
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

#[track_caller]
fn refused(output: Output, says: &str) {
    let told = told(&output);
    assert!(!output.status.success() && told.contains(says), "{told}");
}

/// A store that no server uses.
fn store() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("matricula.db");
    drop(SqliteStore::open(&path).unwrap());
    (folder, format!("sqlite:{}", path.display()))
}

async fn events(server: &Server) -> Vec<(String, Value)> {
    let entries = server.app.store().audit_since(primitives::clock::Timestamp::from_millis(0), 1_000).await;
    let of_users = entries.unwrap().into_iter().filter(|entry| entry.directory.as_deref() == Some("main"));
    // The demo world has some from the beginning.
    let of_users = of_users.skip(server::demo::USERS.len());
    of_users.map(|entry| (entry.kind, serde_json::from_str(&entry.detail).unwrap())).collect()
}

#[tokio::test]
async fn a_server_knows_a_user_who_is_added_beside_it_at_once() {
    let server = Server::demo().await;
    let (store, main) = (server.kept.url(), "main".parse().unwrap());
    let find = || server.app.store().user_named(&main, "carol");
    assert!(find().await.unwrap().is_none());

    let claims = r#"{"name":"Alice Smith","email":"alice@example.com"}"#;
    let said = done(user(&store, &["add", "Carol", "--claims", claims], &format!("{PASSWORD}\n")));
    let added = find().await.unwrap().unwrap();
    assert_eq!(said, format!("Carol is added: {}\n", added.user.id));
    assert_eq!(Value::Object(added.user.claims.clone()), serde_json::from_str::<Value>(claims).unwrap());
    assert!(added.user.disabled_at.is_none());

    done(user(&store, &["passwd", "carol"], &format!("{PASSWORD}-2\n")));
    let changed = find().await.unwrap().unwrap();
    assert!(changed.password_hash != added.password_hash);
    assert!(changed.user.not_before > added.user.not_before);

    assert_eq!(done(user(&store, &["disable", "CAROL"], "")), "CAROL is switched off\n");
    assert!(find().await.unwrap().unwrap().user.disabled_at.is_some());
    assert_eq!(done(user(&store, &["disable", "carol"], "")), "carol was switched off before\n");
    assert_eq!(done(user(&store, &["enable", "carol"], "")), "carol is switched on\n");
    assert!(find().await.unwrap().unwrap().user.disabled_at.is_none());

    let by_name = json!({"username": "Carol"});
    let kinds = ["user-added", "user-password-changed", "user-disabled", "user-enabled"];
    assert_eq!(events(&server).await, kinds.map(|kind| (kind.to_owned(), by_name.clone())));
    // The server itself goes on writing.
    assert_eq!(server.dcr().await.len(), "mia_".len() + 26 + 43);
}

#[tokio::test]
async fn users_are_imported_with_passwords_or_hashes_that_they_have_already() {
    let server = Server::demo().await;
    let store = server.kept.url();
    let file = server.folder().join("users.jsonl");
    let hash = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
    let lines = [
        json!({"username": "bob", "password": PASSWORD}),
        json!({"username": "Carol", "password_hash": hash, "claims": {"email": "carol@example.com"}}),
    ];
    std::fs::write(&file, lines.map(|line| line.to_string()).join("\n")).unwrap();
    let import = ["import", file.to_str().unwrap(), "--directory", "partners"];
    assert_eq!(done(user(&store, &import, "")), "2 users are added\n");
    let partners = "partners".parse().unwrap();
    let carol = server.app.store().user_named(&partners, "carol").await.unwrap().unwrap();
    assert_eq!(carol.password_hash.as_deref(), Some(hash));
    assert_eq!(carol.user.claims["email"], "carol@example.com");

    refused(user(&store, &import, ""), "line 2: username 'Carol' is taken");
    std::fs::write(
        &file,
        format!(
            "{}\n{{\"username\": \"dora\", \"password\": 7}}",
            json!({"username": "eve", "password": PASSWORD})
        ),
    )
    .unwrap();
    refused(user(&store, &import, ""), "line 2: password must be a string");
    assert!(server.app.store().user_named(&partners, "eve").await.unwrap().is_none(), "all or nothing");
}

#[test]
fn what_cannot_be_done_is_said_clearly() {
    let (folder, store) = store();
    let good = format!("{PASSWORD}\n");
    done(user(&store, &["add", "alice"], &good));
    let empty = folder.path().join("empty.jsonl");
    std::fs::write(&empty, "\n").unwrap();
    for (arguments, input, says) in [
        (&["add", "Alice"][..], good.as_str(), "there is a user Alice in the directory main already"),
        (&["add", " "], &good, "a user name is not blank"),
        (&["add", "al\u{200b}ice"], &good, "U+200B"),
        (&["add", "bob"], "short\n", "at least 8 and at most 1024 bytes"),
        (&["add", "bob"], "", "no password on standard input"),
        (&["add", "bob", "--claims", "[]"], &good, "the claims are not JSON that is accepted"),
        (
            &["add", "bob", "--claims", r#"{"email": 1, "shoe": 2}"#],
            &good,
            "email must be a string; 'shoe' is no standard claim",
        ),
        (&["add", "bob", "--directory", "No Name"], &good, "a directory's name"),
        (&["passwd", "nobody"], &good, "there is no user nobody in the directory main"),
        (
            &["disable", "alice", "--directory", "partners"],
            "",
            "there is no user alice in the directory partners",
        ),
        (&["enable", "nobody"], "", "there is no user nobody"),
        (&["import", "/no/such/file"], "", "/no/such/file"),
        (&["import", empty.to_str().unwrap()], "", "has nobody in it"),
    ] {
        refused(user(&store, arguments, input), says);
    }
    refused(
        user(&format!("sqlite:{}", folder.path().join("none.db").display()), &["add", "bob"], &good),
        "does not exist",
    );
    assert!(!folder.path().join("none.db").exists());
}
