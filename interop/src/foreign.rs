//! Libraries in other languages: how they are installed, and how their programs are run. Everything that is installed
//! goes below Cargo's target folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::fs;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::World;
use crate::report::Report;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(120);

const NO_NETWORK: &str = "what is missing comes from the package registry: is there a network?";

/// What can be run.
pub(crate) struct Programs(Vec<Program>);

/// A program that plays a client.
pub(crate) struct Program {
    /// The library that it is about.
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Programs {
    /// Installs what is missing.
    pub(crate) async fn prepare(target: &Path, only: Option<&str>) -> anyhow::Result<Self> {
        let is_wanted = |name: &str| only.is_none_or(|only| name.contains(only));
        let mut programs = Vec::new();
        let node: Vec<_> =
            ["openid-client", "oauth4webapi"].into_iter().filter(|name| is_wanted(name)).collect();
        if !node.is_empty() {
            let folder = node_folder(&target.join("node")).await.context("the libraries for Node")?;
            programs.extend(node.into_iter().map(|name| Program {
                name,
                program: "node".into(),
                arguments: vec![folder.join(format!("{name}.mjs"))],
            }));
        }
        if is_wanted("Authlib") {
            let python = python(&target.join("python")).await.context("the libraries for Python")?;
            programs.push(Program {
                name: "Authlib",
                program: python,
                arguments: vec!["-B".into(), source("python").join("authlib_client.py")],
            });
        }
        if is_wanted("go-oidc") {
            let program = go(&target.join("go")).await.context("the libraries for Go")?;
            programs.push(Program { name: "go-oidc", program, arguments: Vec::new() });
        }
        Ok(Self(programs))
    }

    pub(crate) fn all(&self) -> &[Program] {
        &self.0
    }
}

impl Program {
    /// Runs it. Its first line is the version of its library.
    pub(crate) async fn run(&self, world: &World) -> anyhow::Result<Report> {
        timeout(PATIENCE, self.run_to_the_end(world)).await.context("it does not come to an end")?
    }

    async fn run_to_the_end(&self, world: &World) -> anyhow::Result<Report> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env("MATRICULA_ISSUER", &world.issuer)
            .env("MATRICULA_DRIVE", &world.drive)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} did not start", self.program.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("it has no output")?).lines();
        let version = lines.next_line().await?.context("it ended before it began")?;
        let mut report = Report::begin(self.name, &version);
        while let Some(line) = lines.next_line().await? {
            report.read(&line)?;
        }
        let status = child.wait().await?;
        if !status.success() {
            bail!("it ended with {status}");
        }
        report.end()?;
        Ok(report)
    }
}

/// Node looks for libraries beside the program, so the programs go where the libraries are.
async fn node_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).await?;
    let mut files = fs::read_dir(source("node")).await?;
    while let Some(file) = files.next_entry().await? {
        fs::copy(file.path(), folder.join(file.file_name())).await?;
    }
    let lock = source("node").join("package-lock.json");
    if !is_installed(&lock, folder).await? {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        succeed(npm.current_dir(folder)).await.context(NO_NETWORK)?;
        note_installed(&lock, folder).await?;
    }
    Ok(folder.to_owned())
}

async fn python(folder: &Path) -> anyhow::Result<PathBuf> {
    let requirements = source("python").join("requirements.txt");
    let python = folder.join("bin").join("python");
    if !is_installed(&requirements, folder).await? {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).await?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);
        succeed(&mut pip).await.context(NO_NETWORK)?;
        note_installed(&requirements, folder).await?;
    }
    Ok(python)
}

async fn go(folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).await?;
    let program = folder.join("client");
    let modules = if go_is_recent(folder).await? { "go.mod" } else { "older.mod" };
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-trimpath", &format!("-modfile={modules}"), "-o"]).arg(&program);
    // It is the Go that is here, and needs no C.
    go.arg(".").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0").env_remove("GOFLAGS");
    succeed(go.current_dir(source("go"))).await.context(NO_NETWORK)?;
    Ok(program)
}

/// Whether this Go builds the libraries of today. Debian 12 has one that does not.
async fn go_is_recent(folder: &Path) -> anyhow::Result<bool> {
    let modules = fs::read_to_string(source("go").join("go.mod")).await?;
    let wanted =
        modules.lines().find_map(|line| line.strip_prefix("go ")).context("go.mod names no version")?;
    let mut go = Command::new("go");
    let output =
        go.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").current_dir(folder).output().await?;
    let here = String::from_utf8(output.stdout)?;
    Ok(minor(here.trim().trim_start_matches("go"))? >= minor(wanted)?)
}

/// The 26 of `1.26.0`.
fn minor(version: &str) -> anyhow::Result<u32> {
    let minor = version.split('.').nth(1).with_context(|| format!("'{version}' is no version of Go"))?;
    let digits = minor.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(minor.len());
    Ok(minor[..digits].parse()?)
}

/// The folder of a language.
fn source(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(language)
}

/// Whether an earlier run has installed exactly this.
async fn is_installed(wanted: &Path, folder: &Path) -> anyhow::Result<bool> {
    let wanted = fs::read(wanted).await?;
    Ok(fs::read(folder.join("installed")).await.is_ok_and(|installed| installed == wanted))
}

async fn note_installed(wanted: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::copy(wanted, folder.join("installed")).await?;
    Ok(())
}

async fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let what = format!("{:?}", command.as_std());
    let status =
        command.stdin(Stdio::null()).status().await.with_context(|| format!("{what} did not run"))?;
    if status.success() { Ok(()) } else { bail!("{what} ended with {status}") }
}
