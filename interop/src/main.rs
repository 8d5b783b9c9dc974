//! Client libraries that others wrote, against a running server.
//!
//! Each of them is as it was published. What it cannot do is done by hand beside it, and said so: `docs/interop.md` has
//! the table, and a run that shows something else than the table says has failed.

mod clients;
mod foreign;
mod person;
mod report;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;

use crate::person::Person;
use crate::report::Report;
use crate::server::Server;

#[derive(Debug, Parser)]
struct Cli {
    /// Only the libraries with this in their name.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where a client finds what it needs.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// The profile that everybody may register with.
    pub(crate) issuer: String,
    /// The person with the browser, for clients that are programs of their own: `GET drive?url=…`.
    pub(crate) drive: String,
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    let target = target_folder()?;
    let foreign = foreign::Programs::prepare(&target.join("interop"), cli.only.as_deref()).await?;
    let server = Server::start(&target.join("debug").join("matricula")).await?;
    let person = Person::of(&server.base)?;
    let world = World { issuer: format!("{}/open", server.base), drive: person.clone().listen().await? };

    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for client in clients::ALL.iter().filter(|client| is_wanted(client.name, cli)) {
        let mut report = Report::begin(client.name, &client.version()?);
        match (client.run)(&world, &person, &mut report).await {
            Ok(()) => reports.push(report),
            Err(error) => failed.push(report::failure(client.name, &error)),
        }
    }
    for program in foreign.all() {
        match program.run(&world).await {
            Ok(report) => reports.push(report),
            Err(error) => failed.push(report::failure(program.name, &error)),
        }
    }
    let checks: usize = reports.iter().map(Report::count).sum();
    println!("{} libraries, {checks} checks", reports.len());
    if reports.is_empty() && failed.is_empty() {
        bail!("there is no library of this name");
    }
    failed.extend(report::differences_from_the_document(&reports)?);
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

fn is_wanted(name: &str, cli: &Cli) -> bool {
    cli.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
}

/// The folder that Cargo builds into; this program is in it.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    program.ancestors().nth(2).map(PathBuf::from).context("this program is not where Cargo puts it")
}
