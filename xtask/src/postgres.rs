//! A PostgreSQL of Debian's, for as long as something needs it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::debian;

/// What tests find its address in.
pub(crate) const ADDRESS: &str = "MATRICULA_TEST_POSTGRES";

/// A database cluster of its own, on a port of its own. It ends with this value.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// Makes one and starts it.
    pub(crate) fn start(settings: &[&str]) -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("matricula-postgres-").tempdir()?;
        // Nobody else gets the port meanwhile, or almost: then PostgreSQL says so and this fails.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { programs, folder, port };
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(cluster.folder.path()))?;
        }
        let data = cluster.data();
        run(cluster.program("initdb").arg("--pgdata").arg(&data).args([
            "--username=matricula",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]))?;
        let mut options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=400",
            cluster.folder.path().display()
        );
        for setting in settings {
            options.push_str(&format!(" -c {setting}"));
        }
        run(cluster
            .program("pg_ctl")
            .args(["--wait", "--silent", "--pgdata"])
            .arg(&data)
            .arg("--log")
            .arg(cluster.folder.path().join("log"))
            .args(["--options", &options, "start"])
            // The server keeps what it inherits.
            .stdout(Stdio::null())
            .stderr(Stdio::null()))
        .with_context(|| format!("its log: {}", cluster.log()))?;
        Ok(cluster)
    }

    /// Its address, with a database that is empty.
    pub(crate) fn url(&self) -> String {
        format!("postgres://matricula@127.0.0.1:{}/postgres", self.port)
    }

    /// The address of a schema that nobody uses yet.
    pub(crate) fn fresh_schema(&self) -> anyhow::Result<String> {
        let name = format!("s{}", std::process::id());
        self.ask(&format!(
            "DROP SCHEMA IF EXISTS {name} CASCADE; DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA {name}"
        ))?;
        Ok(format!("{}?options=-c%20search_path%3D{name}", self.url()))
    }

    /// How many instances a store of [`Self::fresh_schema`] has, and how many bytes each takes with its indexes.
    pub(crate) fn bytes_per_instance(&self, store: &str) -> anyhow::Result<(i64, f64)> {
        let schema = store.rsplit("%3D").next().unwrap_or_default();
        // The clients with a definition are not what is asked.
        self.ask(&format!("DELETE FROM {schema}.clients WHERE template IS NULL"))?;
        self.ask(&format!("VACUUM FULL {schema}.clients"))?;
        let count: i64 = self.ask(&format!("SELECT count(*) FROM {schema}.clients"))?.trim().parse()?;
        let bytes = self.ask(&format!("SELECT pg_total_relation_size('{schema}.clients')"))?;
        let bytes: f64 = bytes.trim().parse()?;
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        Ok((count, bytes / count as f64))
    }

    /// What psql says.
    fn ask(&self, sql: &str) -> anyhow::Result<String> {
        let output = self
            .program("psql")
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--set",
                "ON_ERROR_STOP=1",
                "--dbname",
                &self.url(),
            ])
            .args(["--command", sql])
            .output()?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_else(|error| error.to_string())
    }

    /// One of its programs, as somebody that it lets run it: it refuses to be root's.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let mut stop = self.program("pg_ctl");
        stop.args(["--wait", "--silent", "--mode=immediate", "--pgdata"]).arg(data).arg("stop");
        if let Err(error) = run(&mut stop) {
            eprintln!("PostgreSQL goes on: {error:#}");
        }
    }
}

/// Runs a command beside a cluster, with its address in the environment.
pub(crate) fn run_beside(command: &[String]) -> anyhow::Result<()> {
    let Some((program, arguments)) = command.split_first() else { bail!("there is no command") };
    let cluster = Cluster::start(&["fsync=off"])?;
    run(Command::new(program).args(arguments).env(ADDRESS, cluster.url()))
}

/// Where the programs of the server are, newest version first. Debian keeps them out of the path.
fn programs() -> anyhow::Result<PathBuf> {
    if let Some(found) = newest() {
        return Ok(found);
    }
    debian::install(&["postgresql"])?;
    newest().context("Debian's package postgresql has no initdb")
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| version(path))?.join("bin");
    newest.join("initdb").exists().then_some(newest)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{:?} did not run", command.get_program()))?;
    if status.success() { Ok(()) } else { bail!("{:?} ended with {status}", command.get_program()) }
}
