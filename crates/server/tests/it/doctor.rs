//! `matricula doctor`: what it finds, and that it changes nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use primitives::clock::Clock;
use serde_json::Value;
use server::clock::SystemClock;
use server::demo;
use storage::sqlite::SqliteStore;
use storage::{Activity, AuditStore, Store};
use tempfile::TempDir;

use crate::commands::matricula;
use crate::process::child::{Process, free_port};

/// What is wrong, what is odd, what is well: the lines of each.
struct Report {
    is_well: bool,
    text: String,
}

impl Report {
    fn of(config: &Path) -> Self {
        let output = matricula(&["doctor", "--config", config.to_str().unwrap()]);
        let text = String::from_utf8(output.stdout).unwrap();
        let report = Self { is_well: output.status.success(), text };
        assert_eq!(report.is_well, report.lines("problem").is_empty(), "{}", report.text);
        let told = report.text.lines().filter(|line| !line.starts_with("ok: "));
        told.for_each(|line| assert!(line.contains(" – "), "it does not say what to do: {line}"));
        report
    }

    fn lines(&self, state: &str) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix(state)?.strip_prefix(": ")).collect()
    }

    #[track_caller]
    fn only_problem(&self, says: &str) {
        let problems = self.lines("problem");
        assert!(problems.len() == 1 && problems[0].contains(says), "{says}\n{}", self.text);
    }

    #[track_caller]
    fn warns(&self, says: &str) {
        assert!(self.lines("warning").iter().any(|line| line.contains(says)), "{says}\n{}", self.text);
    }

    #[track_caller]
    fn finds_well(&self, says: &str) {
        assert!(self.lines("ok").iter().any(|line| line.contains(says)), "{says}\n{}", self.text);
    }
}

/// The demo world in a folder, with nobody serving it.
struct World {
    folder: TempDir,
    port: u16,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: TempDir::new().unwrap(), port: free_port() };
        demo::furnish(world.folder.path()).unwrap();
        keep_private(&world.path("key-encryption-key"));
        world.write(|text| text);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, change: impl FnOnce(String) -> String) {
        let text = change(demo::world(self.port, "sqlite:matricula.db"));
        std::fs::write(self.path("matricula.toml"), text).unwrap();
    }

    fn report(&self) -> Report {
        Report::of(&self.path("matricula.toml"))
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn keep_private(key: &Path) {
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_fresh_world_is_well_and_stays_as_it_is() {
    let world = World::new();
    let report = world.report();
    assert!(report.is_well, "{}", report.text);
    for well in [
        "configuration: ",
        "clock: it is ",
        "keys: the key-encryption key is in ",
        "keys: there are no signing keys yet",
        "store: ",
        "matricula.db is not there yet: the first start makes it",
        "MB are free in ",
        "public URL: localhost:",
        "server: nobody listens on 127.0.0.1:",
        "proxies: there is none to be named",
    ] {
        report.finds_well(well);
    }
    report.warns("everybody may register clients here");
    assert_eq!(world.files(), ["key-encryption-key", "matricula.toml"], "nothing was made");
}

#[test]
fn a_server_that_runs_is_known_by_its_metadata_and_is_not_disturbed() {
    let process = Process::start();
    keep_private(&process.path().join("key-encryption-key"));
    let report = Report::of(&process.config());
    assert!(report.is_well, "{}", report.text);
    report.finds_well("and knows all ");
    report.finds_well("opens, and its schema is this version's");
    report.finds_well("the key-encryption key opens all ");
    report.finds_well("and nothing in the store is of later");
}

#[test]
fn a_server_that_runs_with_other_names_than_the_file_has_is_found_out() {
    let process = Process::start();
    keep_private(&process.path().join("key-encryption-key"));
    let text = std::fs::read_to_string(process.config()).unwrap();
    let (localhost, address) = ("http://localhost:", "http://127.0.0.1:");
    std::fs::write(process.config(), text.replacen(localhost, address, 1)).unwrap();
    let report = Report::of(&process.config());
    assert!(!report.is_well);
    let problems = report.lines("problem");
    assert!(problems.iter().all(|line| line.contains("says 'http://localhost:")), "{}", report.text);
    assert!(problems.iter().all(|line| line.contains("restart the server")), "{}", report.text);

    let more = "\n[profiles.new]\nresource = { identifier = \"https://new.example\", scopes = [\"a\"] }\n";
    std::fs::write(process.config(), text + more).unwrap();
    Report::of(&process.config()).only_problem("/new – reload it (kill -HUP)");
}

#[test]
fn another_program_on_the_port_is_not_taken_for_the_server() {
    let world = World::new();
    let listener = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The first connection only looks whether somebody is there, and says nothing.
            if stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {
                drop(
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
                );
            }
        }
    });
    let report = world.report();
    assert!(!report.is_well);
    let problems = report.lines("problem");
    assert!(problems.iter().all(|line| line.contains("another program listens there")), "{}", report.text);
}

#[test]
fn a_key_that_everybody_can_read_is_a_problem() {
    let world = World::new();
    let key = world.path("key-encryption-key");
    for (mode, is_private) in [(0o600, true), (0o640, true), (0o400, true), (0o644, false), (0o602, false)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let report = world.report();
        assert_eq!(report.is_well, is_private, "{mode:o}: {}", report.text);
        if !is_private {
            report.only_problem(" – chmod 600 ");
        }
    }
}

#[test]
fn a_key_that_does_not_open_what_is_there_is_a_problem() {
    let mut process = Process::start();
    process.kill();
    let key = process.path().join("key-encryption-key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    keep_private(&key);
    let report = Report::of(&process.config());
    let problems = report.lines("problem");
    assert!(!problems.is_empty(), "{}", report.text);
    let is_told =
        |line: &&str| line.contains("does not open") && line.contains("that this store was made with");
    assert!(problems.iter().all(is_told), "{}", report.text);
}

#[tokio::test]
async fn a_clock_behind_what_was_written_is_a_problem() {
    let mut process = Process::start();
    process.kill();
    keep_private(&process.path().join("key-encryption-key"));
    let store = SqliteStore::open(&process.store()).unwrap();
    let tomorrow = SystemClock.now().plus(Duration::from_secs(86_400));
    let activity = Activity {
        profile: "staff".parse().unwrap(),
        kind: "token-refused",
        reason: "",
        client_id: String::new(),
        network: String::new(),
        count: 1,
        first_at: tomorrow,
        last_at: tomorrow,
    };
    store.record_activity(vec![activity]).await.unwrap();
    store.close();
    drop(store);
    Report::of(&process.config())
        .only_problem(&format!("clock: it is {}", &SystemClock.now().to_string()[..10]));
}

#[test]
fn a_store_that_is_not_ours_or_not_of_this_version_is_told_apart() {
    let world = World::new();
    let store = world.path("matricula.db");
    std::fs::write(&store, "").unwrap();
    world.report().finds_well("is empty: the first start fills it");
    std::fs::write(&store, "a letter to somebody, and no database at all").unwrap();
    world.report().only_problem("is not a store of this program");
    std::fs::remove_file(&store).unwrap();

    drop(SqliteStore::open(&store).unwrap());
    let execute = |sql| rusqlite::Connection::open(&store).unwrap().execute(sql, []).unwrap();
    execute("DELETE FROM schema_migrations WHERE number = 3");
    let report = world.report();
    assert!(report.is_well);
    report.warns("the schema of ");
    execute("INSERT INTO schema_migrations VALUES (3, x'00'), (999, x'00')");
    world.report().only_problem("its schema is newer than this program");
    execute("DELETE FROM schema_migrations WHERE number = 999");
    world.report().only_problem("migration 3 is not the one that was applied");
}

#[test]
fn whoever_stands_between_is_named_or_warned_of() {
    let world = World::new();
    let in_public = |more: &str| {
        let port = world.port;
        world.write(|text| {
            let text = text.replace(&format!("http://localhost:{port}"), "https://no-such-host.invalid");
            format!("{more}\n{text}")
        });
        world.report()
    };
    let report = in_public("");
    assert!(report.is_well, "{}", report.text);
    report.warns("proxies: clients come by https, so by a proxy, and trusted_proxies names none");
    report.warns("no-such-host.invalid does not resolve");
    assert_eq!(report.text.matches("trusted_proxies names none").count(), 1);
    assert_eq!(report.text.matches("trusted_proxies does not name").count(), 0, "it is told once");
    in_public("trusted_proxies = [\"127.0.0.1\"]").finds_well("proxies: they are named");

    let port = world.port;
    world.write(|text| {
        let text = text.replace(&format!("\"127.0.0.1:{port}\""), &format!("\"0.0.0.0:{port}\""));
        format!("trusted_proxies = [\"10.0.0.0/8\", \"127.0.0.1\"]\n{text}")
    });
    world.report().warns("can say that a request came from anywhere");
}

#[test]
fn a_configuration_that_cannot_work_is_all_that_is_told_of() {
    let world = World::new();
    world.write(|text| {
        text.replace("access_token_ttl = 600", "access_token_ttl = 0").replace("listen = \"", "listen = \"x")
    });
    let report = world.report();
    assert!(!report.is_well);
    assert!(
        report.lines("problem").iter().all(|line| line.starts_with("configuration: ")),
        "{}",
        report.text
    );
    assert!(report.lines("ok").is_empty());
    std::fs::write(world.path("matricula.toml"), "client_secret = \"SUPER-SECRET\"").unwrap();
    let report = world.report();
    report.only_problem("`matricula config schema` describes every key");
    assert!(!report.text.contains("SUPER-SECRET"));
    std::fs::remove_file(world.path("matricula.toml")).unwrap();
    world.report().only_problem("name a file that is there");
}

#[test]
fn machines_are_told_the_same_in_json() {
    let world = World::new();
    std::fs::write(world.path("matricula.db"), "a letter to somebody, and no database at all").unwrap();
    let config = world.path("matricula.toml");
    let output = matricula(&["doctor", "--json", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), world.report().text.lines().count());
    let problem = found.iter().find(|finding| finding["state"] == "problem").unwrap();
    assert_eq!(problem["about"], "store");
    assert!(problem["text"].as_str().unwrap().contains("is not a store"));
    assert!(problem["remedy"].as_str().unwrap().contains("`store`"));
    let well = found.iter().find(|finding| finding["state"] == "ok").unwrap();
    assert!(well["remedy"].is_null());
}
