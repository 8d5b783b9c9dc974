//! A server in a process of its own, with the demo world in it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with what holds it.
pub(crate) struct Server {
    _child: Child,
    /// What its addresses begin with.
    pub(crate) base: String,
}

impl Server {
    pub(crate) async fn start(program: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut child = Command::new(program)
            .args(["--log", "error", "dev", "--port", &port.to_string()])
            .env_remove("MATRICULA_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} did not start: is it built?", program.display()))?;
        let (Some(says), Some(mut logs)) = (child.stdout.take(), child.stderr.take()) else {
            bail!("the server has no output")
        };
        let mut says = BufReader::new(says).lines();
        let listens = async {
            while let Some(line) = says.next_line().await? {
                if line.starts_with("Matricula listens") {
                    return anyhow::Ok(true);
                }
            }
            Ok(false)
        };
        if !timeout(PATIENCE, listens).await.context("the server does not say that it listens")?? {
            let mut why = String::new();
            logs.read_to_string(&mut why).await?;
            bail!("the server did not start: {why}");
        }
        // What goes wrong in it is for whoever reads this run.
        tokio::spawn(async move {
            let mut logs = BufReader::new(logs).lines();
            while let Ok(Some(line)) = logs.next_line().await {
                eprintln!("the server says: {line}");
            }
        });
        tokio::spawn(async move { while let Ok(Some(_)) = says.next_line().await {} });
        Ok(Self { _child: child, base: format!("http://localhost:{port}") })
    }
}
