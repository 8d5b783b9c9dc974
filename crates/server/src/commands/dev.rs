//! `matricula dev`: the demo world, to try things out on one's own machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::say;
use super::serve::{Source, runtime, serve_until_stopped};
use crate::config::Configuration;
use crate::demo::{self, CUSTOMARY_PORT};

#[derive(Debug, Args)]
pub(super) struct Dev {
    /// The port on localhost.
    #[arg(long, default_value_t = CUSTOMARY_PORT)]
    port: u16,
    /// The folder to keep everything in. Without it, everything is gone when the server stops.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where to keep everything instead: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`.
    #[arg(long, conflicts_with = "data")]
    store: Option<String>,
}

impl Dev {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self { port, data, store } = self;
        if port == 0 {
            bail!("the issuers of the demo world have the port in them, so it must be a certain one");
        }
        let passing = tempfile::Builder::new().prefix("matricula-dev-").tempdir()?;
        let folder = data.as_deref().unwrap_or(passing.path());
        std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        demo::furnish(folder).with_context(|| format!("{}", folder.display()))?;
        let store = match store {
            // A relative path begins where the command was given, not in a folder that goes with it.
            Some(store) => match store.strip_prefix("sqlite:") {
                Some(path) => format!("sqlite:{}", std::path::absolute(path)?.display()),
                None => store,
            },
            None => "sqlite:matricula.db".to_owned(),
        };
        let configuration = Configuration::parse(&demo::world(port, &store), &absolute(folder)?)?;
        runtime()?.block_on(async {
            say("The demo world: its secrets are known to everybody. Try:");
            say(demo::greeting(port));
            serve_until_stopped(configuration, Source::DemoWorld).await
        })
    }
}

fn absolute(folder: &Path) -> anyhow::Result<PathBuf> {
    folder.canonicalize().with_context(|| format!("{}", folder.display()))
}
