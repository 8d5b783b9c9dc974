//! Connections that cost a place and ask for nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::child::Process;

#[test]
fn a_connection_that_asks_nothing_is_closed() {
    let process = Process::start_configured("\n[limits]\nrequest_seconds = 1\n", &[]);
    let request = b"GET /staff/jwks HTTP/1.1\r\nHost: x\r\n\r\n";
    for (what, sends) in [
        ("silence", &[][..]),
        ("half a head", &request[..20]),
        ("a request, then silence", &request[..]),
        ("a body that never ends", b"POST /open/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"),
    ] {
        let mut connection = TcpStream::connect(("127.0.0.1", process.port)).unwrap();
        connection.write_all(sends).unwrap();
        // It comes to an end only when the server closes it; otherwise the test gives up.
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let expected = match what {
            "a request, then silence" => "HTTP/1.1 200",
            "a body that never ends" => "HTTP/1.1 408",
            _ => "",
        };
        assert!(answer.starts_with(expected) && answer.is_empty() == expected.is_empty(), "{what}: {answer}");
    }
}
