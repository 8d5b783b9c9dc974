//! The binary, as people call it.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::kept::Kept;

pub(crate) fn matricula(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_matricula"))
        .args(arguments)
        .env_remove("MATRICULA_LOG")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_tour_finds_every_answer_right() {
    let output = matricula(&["tour"]);
    let told = stdout(&output);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("Every answer was right") && !told.contains("[WRONG]"));
    assert!(told.matches("[ok]").count() > 30, "{told}");
}

#[test]
fn a_configuration_is_printed_checked_and_described() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("matricula.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, stdout(&matricula(&["config", "example"]))).unwrap();
    let missing = matricula(&["config", "check", path]);
    assert!(!missing.status.success());
    assert!(stdout(&missing).starts_with("key_encryption_key_file: "), "{missing:?}");

    std::fs::write(folder.path().join("key-encryption-key"), stdout(&matricula(&["keygen"]))).unwrap();
    let checked = matricula(&["config", "check", path]);
    assert!(checked.status.success());
    assert_eq!(
        stdout(&checked),
        "https://id.example.com/staff: registers clients\nThe configuration can work.\n\
         Warning: profiles.staff.clients.enroller: its client_secret_sha256 is the example's: no secret has it, so this \
         client cannot authenticate\n"
    );

    let schema: Value = serde_json::from_str(&stdout(&matricula(&["config", "schema"]))).unwrap();
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn a_secret_comes_with_the_line_for_the_configuration() {
    let told = stdout(&matricula(&["secret"]));
    let secret = told.lines().next().unwrap().rsplit(' ').next().unwrap();
    let hash = told.lines().nth(1).unwrap().rsplit('"').nth(1).unwrap();
    let expected = primitives::secret::SecretHash::of(secret).to_hexadecimal();
    assert_eq!(hash, expected);
    assert_ne!(stdout(&matricula(&["secret"])), told);
    assert_ne!(stdout(&matricula(&["keygen"])), stdout(&matricula(&["keygen"])));
}

#[test]
fn a_folder_that_is_no_demo_worlds_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("key-encryption-key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let output = matricula(&["dev", "--data", folder.path().to_str().unwrap()]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("a key-encryption-key of its own"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made in it");
    assert!(std::fs::read_to_string(key).unwrap().starts_with("AAAA"));
}

#[tokio::test]
async fn a_schema_is_brought_up_to_date_and_told_of_on_either_engine() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("matricula.db");
    std::fs::write(&file, "").unwrap();
    for store in [Kept::schema().await.url(), format!("sqlite:{}", file.display())] {
        let status = || matricula(&["db", "status", "--store", &store]);
        assert!(!status().status.success(), "nothing was made there yet");
        for _ in 0..2 {
            let migrated = matricula(&["db", "migrate", "--store", &store]);
            assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
            let after = status();
            assert!(after.status.success() && stdout(&after).contains("of the schema were applied"));
        }
    }
}

#[tokio::test]
async fn a_store_is_moved_from_one_engine_to_the_other() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("matricula.db");
    std::fs::write(&file, "").unwrap();
    let (from, to) = (format!("sqlite:{}", file.display()), Kept::schema().await.url());
    assert!(matricula(&["db", "migrate", "--store", &from]).status.success());
    let back = matricula(&["db", "move", "--from", &to, "--to", &from]);
    assert!(!back.status.success());
    assert!(String::from_utf8_lossy(&back.stderr).contains("from sqlite:PATH to postgres://"));
    let moved = matricula(&["db", "move", "--from", &from, "--to", &to]);
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    assert!(stdout(&moved).starts_with("0 rows are in the database postgres at 127.0.0.1 now"));
    assert!(matricula(&["db", "status", "--store", &to]).status.success());
}

#[test]
fn a_mistake_is_told_on_standard_error_and_by_the_exit_code() {
    for (arguments, says) in [
        (&["serve", "--config", "/no/such/file"][..], "/no/such/file"),
        (&["audit", "tail", "--store", "sqlite:/no/such/file"], "does not exist"),
        (&["audit", "tail", "--store", "redis:x"], "use sqlite:PATH"),
        (&["dev", "--port", "0"], "a certain one"),
        (&["dance"], "unrecognized subcommand"),
    ] {
        let output = matricula(arguments);
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(says), "{arguments:?}: {told}");
        assert!(!told.contains("backtrace"), "people read this: {told}");
    }
}
