//! `matricula tour`: the story of this server, told by doing it.
//!
//! A server is started as an operator would start it (`matricula serve`, a configuration file, an SQLite file), and then
//! spoken to as clients would. Every request and answer is printed, and every answer is checked.

mod browser;
mod caller;
mod guide;
mod server;
mod story;

use anyhow::bail;

use super::say;
use super::serve::runtime;

/// Takes the tour.
pub(super) fn tour() -> anyhow::Result<()> {
    let failed = runtime()?.block_on(story::tell())?;
    if failed > 0 {
        bail!("{failed} answer(s) were not what they should have been");
    }
    say(AFTERWARDS);
    Ok(())
}

const AFTERWARDS: &str = "
Every answer was right. To go on:

  matricula dev                          serves this world on http://localhost:8700, to play with
  matricula config example               prints a configuration of your own to begin with
  matricula serve --config FILE          serves it
  ARCHITECTURE.md, docs/                 how it works inside, and how to run it

(`matricula` is target/release/matricula, or: cargo run --release -- COMMAND)";
