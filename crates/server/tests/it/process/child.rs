//! A server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use server::demo;
use tempfile::TempDir;

/// What stands in `MATRICULA_TEST_SECRET`.
pub(crate) const SECRET_IN_THE_ENVIRONMENT: &str = "a-secret-in-the-environment-of-36-ch";

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    server::free_port::free_port().unwrap()
}

/// `matricula serve` on the demo world.
pub(crate) struct Process {
    child: Child,
    pub(crate) logs: Box<dyn BufRead + Send>,
    folder: Arc<TempDir>,
    pub(crate) port: u16,
}

impl Process {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it under another program, such as a tracer.
    pub(crate) fn start_with(wrapper: &[&str]) -> Self {
        Self::start_configured("", wrapper)
    }

    /// Starts it with further lines at the end of the configuration.
    pub(crate) fn start_configured(more: &str, wrapper: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        demo::furnish(folder.path()).unwrap();
        let port = free_port();
        let world = demo::world(port, "sqlite:matricula.db") + more;
        std::fs::write(folder.path().join("matricula.toml"), world).unwrap();
        Self::start_in(Arc::new(folder), port, wrapper, &["--log", "info"])
    }

    /// Starts it with another log.
    pub(crate) fn start_logging(log: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        demo::furnish(folder.path()).unwrap();
        let port = free_port();
        std::fs::write(folder.path().join("matricula.toml"), demo::world(port, "sqlite:matricula.db"))
            .unwrap();
        Self::start_in(Arc::new(folder), port, &[], log)
    }

    /// Starts it once more, on what another one left.
    pub(crate) fn start_again(mut self) -> Self {
        self.kill();
        Self::start_in(Arc::clone(&self.folder), self.port, &[], &["--log", "info"])
    }

    /// Starts it on a configuration that was changed.
    pub(crate) fn start_changed(change: impl FnOnce(String) -> String) -> Self {
        let folder = TempDir::new().unwrap();
        demo::furnish(folder.path()).unwrap();
        let port = free_port();
        let world = change(demo::world(port, "sqlite:matricula.db"));
        std::fs::write(folder.path().join("matricula.toml"), world).unwrap();
        Self::start_in(Arc::new(folder), port, &[], &["--log", "info"])
    }

    fn start_in(folder: Arc<TempDir>, port: u16, wrapper: &[&str], log: &[&str]) -> Self {
        let binary = env!("CARGO_BIN_EXE_matricula");
        let (program, before) =
            wrapper.split_first().map_or((binary, &[][..]), |(program, rest)| (*program, rest));
        let mut command = Command::new(program);
        command.args(before);
        if !wrapper.is_empty() {
            command.arg(binary);
        }
        let mut child = command
            .args(log)
            .args(["serve", "--config"])
            .arg(folder.path().join("matricula.toml"))
            .env_remove("MATRICULA_LOG")
            .env("MATRICULA_KEY_ENCRYPTION_KEY", demo::KEY_ENCRYPTION_KEY)
            .env("MATRICULA_TEST_SECRET", SECRET_IN_THE_ENVIRONMENT)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let listens = says.by_ref().map(Result::unwrap).any(|line| line.starts_with("Matricula listens"));
        let mut logs = BufReader::new(child.stderr.take().unwrap());
        if !listens {
            let mut why = String::new();
            std::io::Read::read_to_string(&mut logs, &mut why).unwrap();
            panic!("it did not start: {why}");
        }
        // Whatever else it says goes where nobody waits for it.
        std::thread::spawn(move || says.for_each(drop));
        Self { child, logs: Box::new(logs), folder, port }
    }

    /// All that it says from here on, to be had once it has ended.
    pub(crate) fn collect_logs(&mut self) -> std::thread::JoinHandle<String> {
        let mut logs = std::mem::replace(&mut self.logs, Box::new(std::io::empty()));
        std::thread::spawn(move || std::io::read_to_string(&mut logs).unwrap())
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("matricula.toml")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("matricula.db")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Signals the server, and not the program that it was started under.
    pub(crate) fn signal_inner(&self, signal: Signal) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let inner = children.split_whitespace().next().unwrap().parse().unwrap();
        kill_process(Pid::from_raw(inner).unwrap(), signal).unwrap();
    }

    /// The next line of the log that has this in it.
    pub(crate) fn wait_for_log(&mut self, wanted: &str) -> String {
        let mut line = String::new();
        while self.logs.read_line(&mut line).unwrap() > 0 {
            if line.contains(wanted) {
                return line;
            }
            line.clear();
        }
        panic!("it ended without saying '{wanted}'")
    }

    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended long ago.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
