//! Programs that are Debian's.

use std::process::{Command, Stdio};

use anyhow::bail;

/// Makes sure that programs are there, each with the package that it comes from.
pub(crate) fn need(programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Makes sure that Python is there, with a module that Debian packs apart from it.
pub(crate) fn need_python_module(module: &str, package: &str) -> anyhow::Result<()> {
    let found = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if found.is_ok_and(|output| output.status.success()) { Ok(()) } else { install(&[package]) }
}

/// Installs packages.
pub(crate) fn install(missing: &[&str]) -> anyhow::Result<()> {
    println!("Installing from Debian: {}", missing.join(" "));
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"));
    let prefix: &[&str] = if root { &[] } else { &["sudo"] };
    let apt = |arguments: &[&str]| {
        let all: Vec<&str> = prefix.iter().chain(&["apt-get"]).chain(arguments).copied().collect();
        let (program, rest) = all.split_first()?;
        Command::new(program).args(rest).env("DEBIAN_FRONTEND", "noninteractive").status().ok()
    };
    let install: Vec<&str> =
        ["install", "-y", "--no-install-recommends"].iter().chain(missing).copied().collect();
    // The lists may be missing or old; that is known only when it fails.
    let went_well = |status: Option<std::process::ExitStatus>| status.is_some_and(|status| status.success());
    if went_well(apt(&install)) || (went_well(apt(&["update"])) && went_well(apt(&install))) {
        return Ok(());
    }
    bail!("these packages could not be installed: {}", missing.join(" "))
}

/// Whether a program can be run.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
