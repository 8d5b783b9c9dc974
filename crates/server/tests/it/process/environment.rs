//! What comes from the environment.

use std::io::Write;
use std::net::TcpStream;

use base64::Engine;

use super::child::{Process, SECRET_IN_THE_ENVIRONMENT};

fn token(process: &Process, secret: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", process.port)).unwrap();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("enroller:{secret}"));
    let body = "grant_type=client_credentials&scope=dcr";
    let length = body.len();
    write!(
        stream,
        "POST /staff/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    std::io::read_to_string(stream).unwrap()
}

#[test]
fn keys_and_secrets_may_stand_in_the_environment() {
    let process = Process::start_changed(|world| {
        let hash =
            world.lines().find(|line| line.starts_with("client_secret_sha256 = \"aeb1")).unwrap().to_owned();
        world
            .replace("key_encryption_key_file = \"key-encryption-key\"", "")
            .replace(&hash, "client_secret_env = \"MATRICULA_TEST_SECRET\"")
    });
    assert!(token(&process, SECRET_IN_THE_ENVIRONMENT).starts_with("HTTP/1.1 200"));
    assert!(token(&process, "enroller-secret").starts_with("HTTP/1.1 401"));
}
