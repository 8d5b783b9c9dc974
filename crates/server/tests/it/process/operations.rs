//! The listener for whoever runs the server, over its life.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use server::demo;
use storage::sqlite::SqliteStore;
use tempfile::TempDir;

use super::child::{Process, free_port};

/// Status and body.
fn ask(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A load balancer that asks sees that nobody is to be sent here while what is under way is still being answered.
#[test]
fn it_is_not_ready_as_soon_as_it_was_told_to_stop_and_lives_until_it_has_stopped() {
    let port = free_port();
    let mut process =
        Process::start_configured(&format!("\n[operations]\nlisten = \"127.0.0.1:{port}\"\n"), &[]);
    assert_eq!(ask(port, "/readyz"), (200, "ready\n".to_owned()));
    let mut under_way = TcpStream::connect(("127.0.0.1", process.port)).unwrap();
    let body = r#"{"grant_types":["client_credentials"]}"#;
    let length = body.len();
    write!(under_way, "POST /open/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n").unwrap();
    let mut go_on = [0; 25];
    under_way.read_exact(&mut go_on).unwrap();
    let (_, metrics) = ask(port, "/metrics");
    for wanted in ["\nmatricula_requests_in_flight 1\n", "\nmatricula_connections_open 1\n"] {
        assert!(metrics.contains(wanted), "{wanted}{metrics}");
    }

    process.signal(Signal::TERM);
    process.wait_for_log("told to stop");
    // The next thing that it does after it has said so.
    let draining = loop {
        match ask(port, "/readyz") {
            (200, _) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert_eq!(draining.0, 503);
    assert!(draining.1.starts_with("draining: "), "{}", draining.1);
    assert_eq!(ask(port, "/healthz"), (200, "ok\n".to_owned()));
    under_way.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    under_way.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(process.wait().success());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Somebody else holds the store, so the start waits for it.
#[test]
fn it_can_be_asked_before_it_has_started() {
    let (port, folder) = (free_port(), TempDir::new().unwrap());
    demo::furnish(folder.path()).unwrap();
    let (config, store) = (folder.path().join("matricula.toml"), folder.path().join("matricula.db"));
    let more = format!("\n[operations]\nlisten = \"127.0.0.1:{port}\"\n");
    std::fs::write(&config, demo::world(free_port(), "sqlite:matricula.db") + &more).unwrap();
    drop(SqliteStore::open(&store).unwrap());
    let holder = rusqlite::Connection::open(&store).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let mut child = Command::new(env!("CARGO_BIN_EXE_matricula"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .env_remove("MATRICULA_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut says = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(says.next().unwrap(), format!("Health, readiness and metrics are on http://127.0.0.1:{port}"));
    let (status, reason) = ask(port, "/readyz");
    assert!(status == 503 && reason.starts_with("starting: "), "{status} {reason}");
    assert_eq!(ask(port, "/healthz"), (200, "ok\n".to_owned()));
    assert!(ask(port, "/metrics").1.contains("matricula_build_info"));

    holder.execute_batch("ROLLBACK").unwrap();
    assert!(says.next().unwrap().starts_with("Matricula listens"));
    assert_eq!(ask(port, "/readyz"), (200, "ready\n".to_owned()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_connection_that_says_nothing_does_not_keep_others_from_asking() {
    let port = free_port();
    let _process =
        Process::start_configured(&format!("\n[operations]\nlisten = \"127.0.0.1:{port}\"\n"), &[]);
    let _silent: Vec<_> = (0..20).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    assert_eq!(ask(port, "/healthz").0, 200);
}

#[test]
fn a_hang_up_says_that_another_address_waits_for_the_next_start() {
    let port = free_port();
    let mut process = Process::start();
    let text = std::fs::read_to_string(process.config()).unwrap();
    std::fs::write(process.config(), format!("{text}\n[operations]\nlisten = \"0.0.0.0:{port}\"\n")).unwrap();
    process.signal(Signal::HUP);
    process.wait_for_log("is no loopback address");
    process.wait_for_log("operations changed in the file: that waits for the next start");
}
