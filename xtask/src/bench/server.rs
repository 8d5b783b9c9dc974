//! The processes that are measured.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;

use super::release;
use super::wrk::{Load, REPORT};
use crate::postgres::Cluster;

/// `matricula serve`, with one profile.
pub(super) struct Matricula {
    child: Child,
    port: u16,
    folder: PathBuf,
    store: String,
}

/// Machines register, and everything is open.
pub(super) const MACHINES: &str = r#"
[profiles.p.resource]
identifier = "https://orders.example"
scopes = ["orders:read", "orders:write"]
[profiles.p.registration.own]
access = "open"
[profiles.p.templates.app]
access = "open"
metadata = { client_name = "App", grant_types = ["client_credentials"] }
"#;

/// What is left when it has stopped.
pub(super) struct Stopped(PathBuf);

impl Matricula {
    pub(super) fn start(folder: &Path, profiles: &str, postgres: Option<&Cluster>) -> anyhow::Result<Self> {
        let store = match postgres {
            Some(cluster) => cluster.fresh_schema()?,
            None => format!("sqlite:{}", folder.join("bench.db").display()),
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = format!(
            r#"
listen = "127.0.0.1:{port}"
public_url = "http://localhost:{port}"
store = "{store}"
key_encryption_key_file = "key"
{profiles}"#
        );
        std::fs::write(folder.join("bench.toml"), config)?;
        std::fs::write(folder.join("key"), "A".repeat(43))?;
        let mut child = Command::new(release("matricula"))
            .args(["--log", "error", "serve", "--config"])
            .arg(folder.join("bench.toml"))
            .stdout(Stdio::piped())
            .spawn()
            .context("the server did not start")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        if !line.starts_with("Matricula listens") {
            bail!("the server did not start: {line}");
        }
        Ok(Self { child, port, folder: folder.to_owned(), store })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where it keeps everything.
    pub(super) fn store(&self) -> &str {
        &self.store
    }

    pub(super) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    pub(super) fn first_answer(&self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(b"GET /p/jwks HTTP/1.1\r\nHost: x\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        if &answer == b"HTTP/1.1 200" { Ok(()) } else { bail!("{answer:?}") }
    }

    /// Registers instances one after the other; their ids and secrets.
    pub(super) fn register_some(&self, count: usize) -> anyhow::Result<Vec<(String, String)>> {
        let mut connection = BufReader::new(TcpStream::connect(("127.0.0.1", self.port))?);
        let body = r#"{"software_id":"app"}"#;
        let request = format!(
            "POST /p/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            connection.get_mut().write_all(request.as_bytes())?;
            let mut length = 0;
            loop {
                let mut line = String::new();
                connection.read_line(&mut line)?;
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse()?;
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            connection.read_exact(&mut body)?;
            let json: serde_json::Value = serde_json::from_slice(&body)?;
            let text =
                |name: &str| json.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            clients.push((text("client_id"), text("client_secret")));
        }
        Ok(clients)
    }

    /// Registrations with this body.
    pub(super) fn registrations(&self, body: &str) -> anyhow::Result<Load> {
        let name = if body.contains("software_id") { "instances.lua" } else { "definitions.lua" };
        let script = format!(
            "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [[{body}]]\n{REPORT}"
        );
        let path = self.folder.join(name);
        std::fs::write(&path, script)?;
        Ok(Load { url: self.url("/p/register"), script: path })
    }

    /// Token requests of many clients in turn.
    pub(super) fn tokens(&self, clients: &[(String, String)]) -> anyhow::Result<Load> {
        let mut requests = String::new();
        for (id, secret) in clients {
            writeln!(requests, "'Basic {}',", STANDARD.encode(format!("{id}:{secret}")))?;
        }
        let script = format!(
            "local basic = {{\n{requests}}}\nlocal requests = {{}}\n\
             init = function(args)\n\
               for i, value in ipairs(basic) do\n\
                 requests[i] = wrk.format('POST', nil, {{['Authorization'] = value, ['Content-Type'] = 'application/x-www-form-urlencoded'}}, 'grant_type=client_credentials')\n\
               end\n\
             end\n\
             local n = 0\n\
             request = function() n = n % #requests + 1; return requests[n] end\n{REPORT}"
        );
        let path = self.folder.join("tokens.lua");
        std::fs::write(&path, script)?;
        Ok(Load { url: self.url("/p/token"), script: path })
    }

    /// A figure of the process's memory, in megabytes.
    pub(super) fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .context("no such figure")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }

    pub(super) fn stop(mut self) -> anyhow::Result<Stopped> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status()?;
        if !status.success() || !self.child.wait()?.success() {
            bail!("the server did not stop cleanly");
        }
        Ok(Stopped(self.folder.join("bench.db")))
    }
}

impl Stopped {
    /// How many instances there are, and how many bytes of pages each takes.
    pub(super) fn bytes_per_instance(&self) -> anyhow::Result<(i64, f64)> {
        let file = Connection::open(&self.0)?;
        // The clients with a definition are not what is asked.
        file.execute_batch("DELETE FROM clients WHERE template IS NULL; VACUUM;")?;
        let count: i64 = file.query_row("SELECT count(*) FROM clients", [], |row| row.get(0))?;
        let bytes: i64 =
            file.query_row("SELECT sum(pgsize) FROM dbstat WHERE name = 'clients'", [], |row| row.get(0))?;
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        Ok((count, bytes as f64 / count as f64))
    }
}

/// A bare ceiling in a process of its own.
pub(super) struct Ceiling {
    child: Child,
    address: SocketAddr,
}

impl Ceiling {
    pub(super) fn start(kind: &str, arguments: &[&OsStr]) -> anyhow::Result<Self> {
        let mut child = Command::new(release("xtask"))
            .args(["bare", kind])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().parse()? })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The very same requests, to the ceiling.
    pub(super) fn answering(&self, load: &Load, path: &str) -> Load {
        Load { url: format!("http://{}{path}", self.address), script: load.script.clone() }
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        // It has nothing to finish.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Matricula {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
