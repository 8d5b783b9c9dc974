//! `matricula revoke`: what was given is taken back, while the server runs.

use anyhow::bail;
use clap::{Args, Subcommand};
use identity::manage::{self, Directory};
use identity::user::Username;
use issuance::store::Once;
use primitives::audit::{DirectoryEvent, Event, EventKind};
use primitives::clock::Clock;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::{IdSource, OrderedId};
use serde_json::Map;
use storage::Store;

use super::say;
use super::serve::runtime;
use super::store::{AtStore, open_beside};
use crate::clock::SystemClock;
use crate::random::SystemRandomness;
use crate::slow_work::SlowThreads;

/// Something of a profile.
#[derive(Debug, Args)]
pub(super) struct InProfile {
    #[command(flatten)]
    at: AtStore,
    /// The profile.
    #[arg(long)]
    profile: ProfileName,
}

/// Something of a directory.
#[derive(Debug, Args)]
pub(super) struct InDirectory {
    #[command(flatten)]
    at: AtStore,
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
        let at = match &self {
            Self::Client { place, .. } | Self::Grant { place, .. } => &place.at,
            Self::User { place, .. } | Self::Session { place, .. } => &place.at,
        };
        let url = at.url()?;
        runtime()?.block_on(async {
            let store = open_beside(&url).await?;
            let done = self.carry_out(&*store).await;
            store.close();
            say(done?);
            Ok(())
        })
    }

    async fn carry_out(self, store: &dyn Store) -> anyhow::Result<String> {
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
