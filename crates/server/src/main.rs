//! The binary. What it does is in [`server::commands`].

use clap::Parser;
use server::commands::Cli;

fn main() -> anyhow::Result<()> {
    Cli::parse().run()
}
