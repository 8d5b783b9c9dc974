//! SIGHUP reloads, SIGTERM and SIGINT drain and close.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::child::Process;
use crate::commands::matricula;

fn connect(process: &Process) -> TcpStream {
    TcpStream::connect(("127.0.0.1", process.port)).unwrap()
}

fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_that_is_under_way_is_finished_before_the_server_stops() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = Process::start();
        let body = r#"{"grant_types":["client_credentials"]}"#;
        let mut stream = connect(&process);
        write!(
            stream,
            "POST /open/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        )
        .unwrap();
        // The server has begun with it once it asks for the body.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"));
        process.signal(signal);
        process.wait_for_log("told to stop");
        stream.write_all(body.as_bytes()).unwrap();
        let answer = read_answer(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(process.wait().success());
        assert!(TcpStream::connect(("127.0.0.1", process.port)).is_err(), "and nobody new is let in");

        // The store was closed cleanly: nothing is left in its log, and the next start finds the client.
        let log = std::fs::metadata(process.store().with_extension("db-wal")).map_or(0, |file| file.len());
        assert_eq!(log, 0);
        let file = rusqlite::Connection::open(process.store()).unwrap();
        assert_eq!(file.query_row("SELECT count(*) FROM clients", [], |row| row.get::<_, i64>(0)), Ok(1));
    }
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let mut process = Process::start();
    let mut idle = connect(&process);
    idle.write_all(b"GET /staff/jwks HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    let _silent = connect(&process);
    process.signal(Signal::TERM);
    assert!(process.wait().success());
}

/// Whoever holds all the places that there are cannot keep the server from stopping.
#[test]
fn a_server_without_a_free_place_hears_that_it_is_to_stop() {
    let mut process = Process::start_configured(
        "\n[limits]\nconnections = 1\nrequest_seconds = 120\ndrain_seconds = 1\n",
        &[],
    );
    let mut holder = connect(&process);
    holder.write_all(b"POST /open/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n").unwrap();
    let mut go_on = [0; 25];
    holder.read_exact(&mut go_on).unwrap();
    process.signal(Signal::TERM);
    let begun = Instant::now();
    assert!(process.wait().success());
    assert!(begun.elapsed() < Duration::from_secs(60), "it waited for the holder to go");
}

/// The definitions of a server that did not start are those that it did not start with.
#[test]
fn a_server_that_cannot_start_has_changed_nothing() {
    let mut process = Process::start();
    process.signal(Signal::TERM);
    process.wait();
    let text = std::fs::read_to_string(process.config()).unwrap();
    std::fs::write(process.config(), text.replace("Field app", "Another name")).unwrap();
    let key = process.path().join("key-encryption-key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let failed = matricula(&["serve", "--config", process.config().to_str().unwrap()]);
    assert!(!failed.status.success());
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(told.contains("does not open: is this the key-encryption key"), "{told}");
    let file = rusqlite::Connection::open(process.store()).unwrap();
    let highest = file.query_row("SELECT max(revision) FROM profiles", [], |row| row.get::<_, i64>(0));
    assert_eq!(highest, Ok(1));
}

#[test]
fn a_hang_up_tells_what_it_changed_and_what_waits_for_the_next_start() {
    let mut process = Process::start();
    let text = std::fs::read_to_string(process.config()).unwrap();
    let without_closed = text.split("# Nobody registers here.").next().unwrap();
    let moved =
        without_closed.replace("public_url = \"http://localhost:", "public_url = \"http://127.0.0.1:");
    std::fs::write(process.config(), format!("{moved}\n[limits]\nconnections = 7\n")).unwrap();
    process.signal(Signal::HUP);
    process.wait_for_log("limits changed in the file: that waits for the next start");
    process.wait_for_log("reloaded closed at revision 2: profile removed");
    // Issuers that are not stated follow the address; what the operator laid down is the same.
    let mut stream = connect(&process);
    stream
        .write_all(
            b"GET /staff/.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    assert!(read_answer(&mut stream).contains("\"issuer\":\"http://127.0.0.1:"));

    // A key that the next start would fail with.
    let key = process.path().join("key-encryption-key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    process.signal(Signal::HUP);
    process.wait_for_log("not reloaded");
    let mut stream = connect(&process);
    stream.write_all(b"GET /staff/jwks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert!(read_answer(&mut stream).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_hang_up_reloads_and_a_mistake_in_the_file_changes_nothing() {
    let mut process = Process::start();
    let text = std::fs::read_to_string(process.config()).unwrap();
    let metadata = |process: &Process| {
        let mut stream = connect(process);
        stream
            .write_all(b"GET /staff/.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        read_answer(&mut stream)
    };
    std::fs::write(
        process.config(),
        text.replace("\"orders:write\"", "\"orders:cancel\"").replace(" orders:write", ""),
    )
    .unwrap();
    process.signal(Signal::HUP);
    process.wait_for_log("reloaded staff at revision 2");
    assert!(metadata(&process).contains("orders:cancel"));

    for broken in ["this is no TOML", "public_url = 'https://a.example'\nstore = 'sqlite:x'\n"] {
        std::fs::write(process.config(), broken).unwrap();
        process.signal(Signal::HUP);
        process.wait_for_log("not reloaded");
        assert!(metadata(&process).contains("orders:cancel"));
    }
    assert!(process.path().join("matricula.db").exists());
}
