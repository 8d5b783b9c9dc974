//! A server of the tour's own: another process, started as an operator starts it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::demo;
use crate::free_port::free_port;

/// A running `matricula serve`.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    logs: Lines<BufReader<ChildStderr>>,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Writes a configuration into a fresh folder and starts a server with it.
    pub(super) async fn start(extra: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("matricula-tour-").tempdir()?;
        demo::furnish(folder.path())?;
        // The issuer has the port in it, so a free one is found first.
        let port = free_port()?;
        let world = format!("{}\n{extra}", demo::world(port, "sqlite:matricula.db"));
        std::fs::write(folder.path().join("matricula.toml"), world)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--log", "info", "serve", "--config"])
            .arg(folder.path().join("matricula.toml"))
            .env_remove("MATRICULA_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the server did not start")?;
        let says = BufReader::new(child.stdout.take().context("no output")?).lines();
        let logs = BufReader::new(child.stderr.take().context("no logs")?).lines();
        let mut server = Self { child, says, logs, folder, port };
        server.wait_until_listening().await?;
        Ok(server)
    }

    async fn wait_until_listening(&mut self) -> anyhow::Result<()> {
        while let Some(line) = self.says.next_line().await? {
            if line.starts_with("Matricula listens") {
                return Ok(());
            }
        }
        let mut why = Vec::new();
        while let Some(line) = self.logs.next_line().await? {
            why.push(line);
        }
        bail!("the server ended before it listened:\n{}", why.join("\n"))
    }

    pub(super) fn base(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("matricula.toml")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("matricula.db")
    }

    /// Replaces text in the configuration and tells the server with SIGHUP. The answer is what the server says of it.
    pub(super) async fn edit(&mut self, old: &str, new: &str) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.config())?;
        if !text.contains(old) {
            bail!("the configuration has no '{old}'");
        }
        std::fs::write(self.config(), text.replace(old, new))?;
        self.signal(Signal::HUP)?;
        while let Some(line) = self.logs.next_line().await? {
            if let Some((_, told)) = line.split_once("reloaded staff") {
                return Ok(format!("reloaded staff{told}"));
            }
            if line.contains("not reloaded") {
                return Ok(line);
            }
        }
        bail!("the server ended")
    }

    /// Tells the server to stop, and waits for it.
    pub(super) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        Ok(self.child.wait().await?)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(kill_process(id.context("the server has ended")?, signal)?)
    }
}

/// What an operator does with users, while the server runs. A password is one line of standard input.
pub(super) async fn manage_user(
    store: &Path,
    words: &[&str],
    password: Option<&str>,
) -> anyhow::Result<String> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("user")
        .args(words)
        .arg("--store")
        .arg(format!("sqlite:{}", store.display()))
        .env_remove("MATRICULA_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let (Some(mut input), Some(password)) = (child.stdin.take(), password) {
        input.write_all(format!("{password}\n").as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!("`matricula user {}` failed", words.join(" "));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The newest entries of the audit log, as an operator reads them.
pub(super) async fn audit_tail(store: &Path) -> anyhow::Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(["audit", "tail", "--lines", "32", "--store"])
        .arg(format!("sqlite:{}", store.display()))
        .output()
        .await?;
    Ok(String::from_utf8(output.stdout)?)
}
