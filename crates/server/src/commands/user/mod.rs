//! `matricula user`: people who can sign in.

mod import;
mod password_input;

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use identity::claims::StandardClaims;
use identity::manage::{self, Directory, ManageError, NewCredential, NewUser};
use identity::password::NewPassword;
use identity::user::Username;
use primitives::names::DirectoryName;
use primitives::ordered_id::IdSource;

use super::say;
use super::serve::runtime;
use super::store::{AtStore, open_beside};
use crate::clock::SystemClock;
use crate::random::SystemRandomness;
use crate::slow_work::SlowThreads;

/// Where users are.
#[derive(Debug, Args)]
pub(super) struct Place {
    #[command(flatten)]
    at: AtStore,
    /// The directory that they are in.
    #[arg(long, default_value = "main")]
    directory: DirectoryName,
}

/// Passwords are never arguments: those are seen by everybody on the machine.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a user. Their password is one line of standard input; on a terminal it is not shown.
    Add {
        /// What they type to sign in: up to 128 characters, capital or small.
        name: String,
        /// What is known of them, in the words of OpenID Connect Core §5.1: a JSON object.
        #[arg(long, default_value = "{}")]
        claims: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give a user another password: one line of standard input; on a terminal it is not shown. Their sessions end, and
    /// whatever was given in their name.
    Passwd {
        /// Their name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Switch a user off. Their sessions end, and whatever was given in their name.
    Disable {
        /// Their name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Switch a user on again.
    Enable {
        /// Their name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Add many users, all of them or none: a line of JSON for each, {"username", "password" or "password_hash" (the PHC
    /// string of argon2id), "claims"}.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

impl User {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let url = self.place().at.url()?;
        // What is wrong with what was asked is said before anything is opened.
        let (work, name) = Work::of(self)?;
        runtime()?.block_on(async {
            let store = open_beside(&url).await?;
            let (ids, slow) = (IdSource::default(), SlowThreads::new());
            let directory = Directory {
                name: &name,
                users: &*store,
                clock: &SystemClock,
                random: &SystemRandomness,
                ids: &ids,
                passwords: &slow,
            };
            let done = work.carry_out(&directory).await;
            store.close();
            done
        })
    }

    fn place(&self) -> &Place {
        match self {
            Self::Add { place, .. }
            | Self::Passwd { place, .. }
            | Self::Disable { place, .. }
            | Self::Enable { place, .. }
            | Self::Import { place, .. } => place,
        }
    }
}

/// What was asked, read and understood.
enum Work {
    Add(NewUser),
    Import(import::Import),
    SetPassword(Username, NewPassword),
    Disable(Username),
    Enable(Username),
}

impl Work {
    /// What is to be done, and in which directory.
    fn of(command: User) -> anyhow::Result<(Self, DirectoryName)> {
        Ok(match command {
            User::Add { name, claims, place } => {
                let (username, claims) = (name.parse()?, claims_of(&claims)?);
                let password = NewCredential::Password(password_input::read()?);
                (Self::Add(NewUser { username, password, claims }), place.directory)
            }
            User::Passwd { name, place } => {
                (Self::SetPassword(name.parse()?, password_input::read()?), place.directory)
            }
            User::Disable { name, place } => (Self::Disable(name.parse()?), place.directory),
            User::Enable { name, place } => (Self::Enable(name.parse()?), place.directory),
            User::Import { file, place } => (Self::Import(import::Import::read(&file)?), place.directory),
        })
    }

    async fn carry_out(self, directory: &Directory<'_>) -> anyhow::Result<()> {
        match self {
            Self::Add(user) => {
                let name = user.username.clone();
                match manage::add(user, directory).await {
                    Ok(id) => say(format_args!("{name} is added: {id}")),
                    Err(ManageError::NamesTaken(_)) => {
                        bail!("there is a user {name} in the directory {} already", directory.name)
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Self::Import(import) => {
                let count = import.carry_out(directory).await?;
                say(format_args!("{count} users are added"));
            }
            Self::SetPassword(name, password) => {
                manage::set_password(&name, password, directory).await?;
                say(format_args!("{name} has another password; their sessions have ended"));
            }
            Self::Disable(name) => {
                let was_on = manage::disable(&name, directory).await?;
                say(format_args!(
                    "{name} {}",
                    if was_on { "is switched off" } else { "was switched off before" }
                ));
            }
            Self::Enable(name) => {
                let was_off = manage::enable(&name, directory).await?;
                say(format_args!(
                    "{name} {}",
                    if was_off { "is switched on" } else { "was switched on before" }
                ));
            }
        }
        Ok(())
    }
}

fn claims_of(text: &str) -> anyhow::Result<StandardClaims> {
    let claims = protocol::json::object(text.as_bytes())
        .map_err(|error| anyhow!("the claims are not JSON that is accepted: {error}"))?;
    StandardClaims::parse(claims).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow!("the claims: {}", problems.join("; "))
    })
}
