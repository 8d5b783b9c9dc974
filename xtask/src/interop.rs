//! Client libraries that others wrote, against a running server.

use std::process::Command;

use anyhow::{Context, bail};

use crate::{debian, test};

/// Installs the languages, builds the server and the program that plays the clients, and runs it.
pub(crate) fn run() -> anyhow::Result<()> {
    debian::need(&[("node", "nodejs"), ("npm", "npm"), ("go", "golang-go")])?;
    debian::need_python_module("ensurepip", "python3-venv")?;
    // Everything, as for the tests: for less, Cargo would build the dependencies once more, with fewer features.
    test::cargo(&["build", "--workspace", "--all-targets", "--locked"], &[])?;
    let program = std::env::current_exe()?.with_file_name("interop");
    let status = Command::new(&program).status().with_context(|| format!("{}", program.display()))?;
    if status.success() {
        Ok(())
    } else {
        bail!("not every library got through, or not as docs/interop.md says")
    }
}
