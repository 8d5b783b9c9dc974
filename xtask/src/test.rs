//! Everything that must hold before a change lands.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::postgres::Cluster;
use crate::{conformance, debian, interop, postgres, root};

/// One part of the whole.
struct Part {
    name: &'static str,
    /// What runs it, and whether a machine may be without it.
    needs: Option<Runtime>,
    run: fn() -> anyhow::Result<()>,
}

/// What Debian's packages cannot give.
struct Runtime {
    name: &'static str,
    arguments: &'static [&'static str],
    /// How a person gets it.
    remedy: &'static str,
}

const PARTS: &[Part] = &[
    Part {
        name: "the form of the source",
        needs: Some(Runtime {
            name: "rustfmt",
            arguments: &["cargo", "fmt", "--version"],
            remedy: "rustup component add rustfmt",
        }),
        run: || cargo(&["fmt", "--all", "--check"], &[]),
    },
    Part {
        name: "the lints",
        needs: Some(Runtime {
            name: "clippy",
            arguments: &["cargo", "clippy", "--version"],
            remedy: "rustup component add clippy",
        }),
        run: || cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[]),
    },
    Part {
        name: "the documentation of the source",
        needs: None,
        run: || cargo(&["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")]),
    },
    Part { name: "the tests, on SQLite and PostgreSQL", needs: None, run: tests },
    Part { name: "client libraries of others", needs: None, run: interop::run },
    Part { name: "the requirements of the specifications", needs: None, run: conformance::check },
];

/// Installs what is missing, then runs every part that this machine can run; fails where one failed, and with
/// `CI=true` also where one was left out.
pub(crate) fn run() -> anyhow::Result<()> {
    debian::need(&[("strace", "strace"), ("chromium", "chromium"), ("chromedriver", "chromium-driver")])?;
    let (mut failed, mut left_out) = (Vec::new(), Vec::new());
    for part in PARTS {
        if let Some(runtime) = part.needs.as_ref().filter(|runtime| !runtime.is_there()) {
            left_out.push(format!("{}: there is no {} here (`{}`)", part.name, runtime.name, runtime.remedy));
            continue;
        }
        println!("\n── {} ──", part.name);
        let begun = Instant::now();
        match (part.run)() {
            Ok(()) => println!("── {}: well, after {} s ──", part.name, begun.elapsed().as_secs()),
            Err(error) => {
                println!("── {}: failed: {error:#} ──", part.name);
                failed.push(part.name);
            }
        }
    }
    println!();
    for part in &left_out {
        println!("Left out: {part}");
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    if !left_out.is_empty() && std::env::var("CI").is_ok_and(|value| value == "true") {
        bail!("with CI=true nothing may be left out");
    }
    println!("All is well.");
    Ok(())
}

/// All tests, with a PostgreSQL beside them; and those of the server once more, with the server on it. What it keeps for
/// itself there goes with it, so nothing need reach the disk.
fn tests() -> anyhow::Result<()> {
    let cluster = Cluster::start(&["fsync=off"])?;
    let url = cluster.url();
    let address = (postgres::ADDRESS, url.as_str());
    cargo(&["test", "--workspace", "--locked"], &[address])?;
    let again = [
        "test",
        "--workspace",
        "--locked",
        "--test",
        "it",
        "--",
        "--skip",
        "process::",
        "--skip",
        "config::",
    ];
    cargo(&again, &[address, ("MATRICULA_TEST_ENGINE", "postgres")])
}

impl Runtime {
    fn is_there(&self) -> bool {
        let Some((program, arguments)) = self.arguments.split_first() else { return true };
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    }
}

/// Runs Cargo in the workspace.
pub(crate) fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .context("cargo did not run")?;
    if status.success() { Ok(()) } else { bail!("cargo {} ended with {status}", arguments.join(" ")) }
}
