//! `matricula revoke`: what was given is taken back, while the server runs.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use identity::manage::{self, Directory};
use identity::store::SessionStore;
use identity::user::Username;
use issuance::store::{GrantStore, Once, TokenStore};
use primitives::audit::{DirectoryEvent, Event, EventKind};
use primitives::clock::Clock;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::{IdSource, OrderedId};
use registration::store::ClientStore;
use serde_json::Map;
use storage::Store;
use storage::sqlite::SqliteStore;

use super::serve::runtime;
use super::{say, store_file};
use crate::clock::SystemClock;
use crate::random::SystemRandomness;
use crate::slow_work::SlowThreads;

/// Something of a profile.
#[derive(Debug, Args)]
pub(super) struct InProfile {
    /// The store: `sqlite:PATH`. A server may be using it meanwhile, and sees at once what was taken back.
    #[arg(long)]
    store: String,
    /// The profile.
    #[arg(long)]
    profile: ProfileName,
}

/// Something of a directory.
#[derive(Debug, Args)]
pub(super) struct InDirectory {
    /// The store: `sqlite:PATH`. A server may be using it meanwhile, and sees at once what was taken back.
    #[arg(long)]
    store: String,
    /// The directory.
    #[arg(long, default_value = "main")]
    directory: DirectoryName,
}

/// It holds at once wherever the server is asked. An API that verifies JWTs by itself accepts one until it ends.
#[derive(Debug, Subcommand)]
pub(super) enum Revoke {
    /// Everything that a client was given so far. It can get more, unless it is switched off besides.
    Client {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: InProfile,
    },
    /// One grant: what a user let a client have. The audit log has its name (`grant-issued`).
    Grant {
        /// Its name.
        id: OrderedId,
        #[command(flatten)]
        place: InProfile,
    },
    /// Everything that was given in a user's name so far, and their sessions. They can sign in again.
    User {
        /// What they type to sign in.
        name: String,
        #[command(flatten)]
        place: InDirectory,
    },
    /// One session, and everything that was given in it. The audit log has its name (`user-signed-in`).
    Session {
        /// Its name.
        id: OrderedId,
        #[command(flatten)]
        place: InDirectory,
    },
}

impl Revoke {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let path = store_file(match &self {
            Self::Client { place, .. } | Self::Grant { place, .. } => &place.store,
            Self::User { place, .. } | Self::Session { place, .. } => &place.store,
        })?;
        let store = SqliteStore::open_beside(&path).context("the store did not open")?;
        let done = runtime()?.block_on(self.carry_out(&store));
        store.close();
        say(done?);
        Ok(())
    }

    async fn carry_out(self, store: &SqliteStore) -> anyhow::Result<String> {
        let ids = IdSource::default();
        let name = || ids.next(SystemClock.now(), &SystemRandomness);
        let of_profile = |profile, kind, client_id| Event {
            id: name(),
            profile,
            kind,
            client_id,
            subject: None,
            detail: Map::from_iter([("by".to_owned(), "operator".into())]),
        };
        Ok(match self {
            Self::Client { id, place } => {
                // A client that the configuration names is not in the store: of such a name nothing is known here.
                let registered = id.parse::<OrderedId>().ok();
                if let Some(registered) = registered
                    && store.client(&place.profile, registered).await?.is_none()
                {
                    bail!("no client {id} has registered in profile {}", place.profile);
                }
                store
                    .mark_client(of_profile(place.profile, EventKind::ClientRevoked, Some(id.clone())))
                    .await?;
                let told = format!("{id}: what it was given so far is worth nothing any more");
                match registered {
                    Some(_) => told,
                    None => format!(
                        "{told}. It did not register, so see that the configuration has this very name"
                    ),
                }
            }
            Self::Grant { id, place } => {
                let mut event = of_profile(place.profile, EventKind::GrantEnded, None);
                event.detail.insert("grant".to_owned(), id.to_string().into());
                match store.end_grant(id, event).await? {
                    Once::Now => format!("{id} has ended"),
                    Once::Before => bail!("there is no grant {id} in this profile that has not ended"),
                }
            }
            Self::User { name, place } => {
                let (username, slow): (Username, _) = (name.parse()?, SlowThreads::new());
                let directory = Directory {
                    name: &place.directory,
                    users: store,
                    clock: &SystemClock,
                    random: &SystemRandomness,
                    ids: &ids,
                    passwords: &slow,
                };
                manage::revoke(&username, &directory).await?;
                format!("{name}: what was given in their name so far is worth nothing any more")
            }
            Self::Session { id, place } => {
                let event = DirectoryEvent {
                    id: name(),
                    directory: place.directory,
                    kind: EventKind::SessionRevoked,
                    subject: String::new(),
                    detail: Map::from_iter([("session".to_owned(), id.to_string().into())]),
                };
                if !store.revoke_session(id, event).await? {
                    bail!("there is no session {id} in this directory");
                }
                format!("{id} has ended, and everything that was given in it")
            }
        })
    }
}
