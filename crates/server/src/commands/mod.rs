//! The commands of the binary, one file each.

mod audit;
mod config;
mod db;
mod dev;
mod doctor;
mod generate;
mod revoke;
mod serve;
mod store;
mod tour;
mod user;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::logging::{self, LogFormat};

/// Matricula: an OAuth 2.1 / OpenID Connect authorization server whose heart is dynamic client registration.
#[derive(Debug, Parser)]
#[command(name = "matricula", version, about, propagate_version = true)]
pub struct Cli {
    /// What is logged, as in `info` or `info,server=debug`.
    #[arg(long, global = true, env = "MATRICULA_LOG", default_value = "info")]
    log: String,
    /// How it is logged.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a configuration. SIGHUP reloads its profiles, SIGTERM and Ctrl-C drain and stop.
    Serve {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Serve the demo world on localhost, to try things out. Its secrets are known to everybody.
    Dev(dev::Dev),
    /// Take a tour: start a server and go through the story as a client would, with every request and answer shown.
    Tour,
    /// Check a configuration, or print one to begin with, or its schema.
    #[command(subcommand)]
    Config(config::Config),
    /// Look whether the server can work here: configuration, clock, keys, store, names, proxies. Nothing is changed.
    Doctor(doctor::Doctor),
    /// Take back what a client, a user, a session or a grant was given.
    #[command(subcommand)]
    Revoke(revoke::Revoke),
    /// Look at the schema of a store, or bring it up to date.
    #[command(subcommand)]
    Db(db::Db),
    /// Read the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Add people who can sign in, give them passwords, switch them off and on.
    #[command(subcommand)]
    User(user::User),
    /// Make a key-encryption key for a new store.
    Keygen,
    /// Make a secret for a client of your own, with the line for the configuration.
    Secret,
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever went wrong, for a person to read.
    pub fn run(self) -> anyhow::Result<()> {
        logging::start(&self.log, self.log_format)?;
        match self.command {
            Command::Serve { config } => serve::serve(&config),
            Command::Dev(dev) => dev.run(),
            Command::Tour => tour::tour(),
            Command::Config(command) => command.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Revoke(command) => command.run(),
            Command::Audit(command) => command.run(),
            Command::Db(command) => command.run(),
            Command::User(command) => command.run(),
            Command::Keygen => {
                generate::keygen();
                Ok(())
            }
            Command::Secret => {
                generate::secret();
                Ok(())
            }
        }
    }
}

/// Says something on standard output. Whoever closed it does not want to hear more.
fn say(text: impl std::fmt::Display) {
    is_heard(text);
}

/// Says something on standard output; whether anybody listens.
fn is_heard(text: impl std::fmt::Display) -> bool {
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").is_ok()
}
