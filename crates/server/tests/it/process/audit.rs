//! Reading the log beside the server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::child::Process;

/// What was refused is counted, and written within a second or so without anything else happening.
#[test]
fn a_follower_is_told_of_a_refusal_and_leaves_when_nobody_listens() {
    let process = Process::start();
    let store = format!("sqlite:{}", process.store().display());
    let mut follower = Command::new(env!("CARGO_BIN_EXE_matricula"))
        .args(["audit", "tail", "--follow", "--json", "--lines", "1", "--store", &store])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    // What was there before it began.
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["event"], "signing-key-created");

    let refuse = || {
        let mut stream = TcpStream::connect(("127.0.0.1", process.port)).unwrap();
        let body = "{}";
        write!(stream, "POST /staff/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    assert!(refuse().starts_with("HTTP/1.1 401"));
    let told: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&told["event"], &told["count"]), (&"registration-refused".into(), &1.into()));
    assert_eq!(told["detail"]["reason"], "token-missing");
    assert_eq!(told["network"], "127.0.0.0/24");

    drop(lines);
    refuse();
    assert!(follower.wait().unwrap().success());
}
