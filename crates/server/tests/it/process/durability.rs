//! What was acknowledged is there, whatever happens to the process.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use serde_json::Value;

use super::child::Process;

/// A connection that is spoken to by hand, so that it can break at any moment.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(port: u16) -> std::io::Result<Self> {
        TcpStream::connect(("127.0.0.1", port)).map(|stream| Self(BufReader::new(stream)))
    }

    /// Sends a request; the answer, or nothing where the server did not live to give it.
    fn post(&mut self, path: &str, headers: &str, body: &str) -> Option<(u16, Value)> {
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        self.0.get_mut().write_all(request.as_bytes()).ok()?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    fn token(&mut self, (id, secret): (&str, &str), scope: &str) -> Option<(u16, Value)> {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        let headers =
            format!("Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        self.post("/staff/token", &headers, &format!("grant_type=client_credentials{scope}"))
    }

    fn register(&mut self, token: &str) -> Option<(u16, Value)> {
        let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        self.post("/staff/register", &headers, r#"{"software_id":"field-app"}"#)
    }
}

/// What clients know that the server has said.
#[derive(Default)]
struct Acknowledged {
    /// Secrets by id.
    clients: HashMap<String, String>,
    /// Tokens that a 201 was given for.
    spent: Vec<String>,
    /// Tokens that were handed out, and never sent.
    unused: Vec<String>,
}

#[test]
fn what_was_acknowledged_survives_the_death_of_the_process() {
    let mut process = Process::start();
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    for _round in 0..5 {
        let port = process.port;
        let done = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..16)
            .map(|_| {
                let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
                std::thread::spawn(move || work_until_the_end(port, &acknowledged, &done))
            })
            .collect();
        // In the middle of the work, at no particular moment of it.
        while done.load(Ordering::Relaxed) < 200 {
            std::thread::yield_now();
        }
        process.kill();
        clients.into_iter().for_each(|client| client.join().unwrap());
        process = process.start_again();
    }

    let Acknowledged { clients, spent, unused } = &*acknowledged.lock().unwrap();
    let mut connection = Connection::open(process.port).unwrap();
    assert!(clients.len() >= 500 && spent.len() == clients.len(), "{} {}", clients.len(), spent.len());
    for (id, secret) in clients {
        let (status, answer) = connection.token((id, secret), "").unwrap();
        assert_eq!(status, 200, "client {id} is gone: {answer}");
    }
    // Also those that nobody was told of: a token is spent where there is a client, and nowhere else.
    let file = rusqlite::Connection::open(process.store()).unwrap();
    let count =
        |what: &str| file.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, i64>(0));
    let paid = count("clients WHERE registrant = 'client'").unwrap();
    assert_eq!(count("initial_access_tokens WHERE spent_at IS NOT NULL").unwrap(), paid);
    assert_eq!(count("audit_events WHERE kind = 'client-registered'").unwrap(), paid);
    assert_eq!(count("audit_events WHERE kind = 'initial-access-token-spent'").unwrap(), paid);
    for token in spent {
        assert_eq!(connection.register(token).unwrap().0, 401, "a spent token is good again");
    }
    for token in unused {
        assert_eq!(connection.register(token).unwrap().0, 201, "a token that was handed out is gone");
    }
}

fn work_until_the_end(port: u16, acknowledged: &Mutex<Acknowledged>, done: &AtomicUsize) {
    let Ok(mut connection) = Connection::open(port) else { return };
    loop {
        let Some((200, token)) = connection.token(("enroller", "enroller-secret"), "&scope=dcr") else {
            return;
        };
        let token = token["access_token"].as_str().unwrap().to_owned();
        let count = done.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(10) {
            acknowledged.lock().unwrap().unused.push(token);
            continue;
        }
        let Some((201, client)) = connection.register(&token) else { return };
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        let mut acknowledged = acknowledged.lock().unwrap();
        acknowledged.clients.insert(text("client_id"), text("client_secret"));
        acknowledged.spent.push(token);
    }
}

/// A killed process proves nothing about the disk: the system keeps what it was given. So this looks at the order of
/// the system calls: the log of the database is synchronised before the answer is sent.
#[test]
fn an_answer_follows_the_synchronisation_of_the_log() {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let path = trace.path().to_str().unwrap();
    let watched = "fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";
    let mut process = Process::start_with(&[
        "strace",
        "-f",
        "-y",
        "-s",
        "64",
        "-e",
        &format!("trace={watched}"),
        "-o",
        path,
    ]);
    let mut connection = Connection::open(process.port).unwrap();
    let body = r#"{"grant_types":["client_credentials"]}"#;
    let (status, _) = connection.post("/open/register", "Content-Type: application/json\r\n", body).unwrap();
    assert_eq!(status, 201);
    process.signal_inner(rustix::process::Signal::TERM);
    process.wait();

    let trace = std::fs::read_to_string(path).unwrap();
    let calls: Vec<&str> = trace.lines().collect();
    let answered =
        calls.iter().position(|call| call.contains("HTTP/1.1 201")).expect("the answer was not seen");
    let before = &calls[..answered];
    let is_log = |call: &str| call.contains("matricula.db-wal");
    let written = before
        .iter()
        .rposition(|call| is_log(call) && call.contains("pwrite64"))
        .expect("no row was written");
    let begun = before
        .iter()
        .rposition(|call| is_log(call) && call.contains("sync("))
        .expect("the log was not synchronised");
    // Where another thread's call came between, the end of the synchronisation is a line of its own.
    let thread = before[begun].split(' ').next().unwrap();
    let resumed = |call: &&&str| call.starts_with(thread) && call.contains("sync resumed");
    let ended = before[begun].contains("= 0")
        || before[begun..].iter().any(|call| resumed(&call) && call.contains("= 0"));
    assert!(written < begun && ended, "{:#?}", &before[written..]);
}
