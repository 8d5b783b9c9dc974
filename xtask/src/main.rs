//! Testing, measuring and checking: `cargo xtask COMMAND`.

mod bench;
mod conformance;
mod debian;
mod interop;
mod postgres;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need from Debian, and run all of them.
    Test,
    /// Measure the server beside bare ceilings, in one run.
    Bench(bench::Bench),
    /// Check that every requirement in docs/conformance has its code and its test.
    Conformance,
    /// Run client libraries that others wrote against a server, as `test` does.
    Interop,
    /// Run a command beside a PostgreSQL whose address is in MATRICULA_TEST_POSTGRES: `cargo xtask postgres cargo test`.
    Postgres {
        /// The command.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// A bare ceiling, for `bench`.
    #[command(hide = true, subcommand)]
    Bare(bench::Bare),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Bench(bench) => bench.run(),
        Command::Conformance => conformance::check(),
        Command::Interop => interop::run(),
        Command::Postgres { command } => postgres::run_beside(&command),
        Command::Bare(bare) => bare.serve(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}
