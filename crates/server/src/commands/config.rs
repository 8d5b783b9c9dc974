//! `matricula config`: before anything is served.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;

use super::say;
use crate::config::document::ConfigDocument;
use crate::config::{ConfigError, Configuration, EXAMPLE};

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Say whether a configuration can work, and everything that is wrong with it.
    Check {
        /// The configuration file.
        file: PathBuf,
    },
    /// Print a configuration to begin with.
    Example,
    /// Print the JSON Schema of the configuration, with the description of every key.
    Schema,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check { file } => check(&file),
            Self::Example => {
                say(EXAMPLE.trim_end());
                Ok(())
            }
            Self::Schema => {
                say(serde_json::to_string_pretty(&schemars::schema_for!(ConfigDocument))?);
                Ok(())
            }
        }
    }
}

fn check(file: &std::path::Path) -> anyhow::Result<()> {
    match Configuration::read(file) {
        Ok(configuration) => {
            for profile in &configuration.profiles {
                let registers =
                    if profile.definitions.has_access() { "registers clients" } else { "registers nobody" };
                say(format_args!("{}: {registers}", profile.issuer));
            }
            say("The configuration can work.");
            for warning in configuration.warnings() {
                say(format_args!("Warning: {warning}"));
            }
            Ok(())
        }
        Err(ConfigError::Problems(problems)) => {
            for problem in &problems {
                say(problem);
            }
            bail!("{} cannot work: {} problem(s)", file.display(), problems.len())
        }
        Err(error) => Err(error.into()),
    }
}
