//! PostgreSQL: one database, as many equal nodes as one likes.
//!
//! What must happen once is decided in the database, never in a node. What many ask at the same time goes there in one
//! statement ([`batch`]); everything else is a transaction of its own. A statement is its own transaction, and most
//! outcomes are one statement.

mod assertions;
mod audit;
mod authorizations;
mod batch;
mod clients;
mod codes;
mod connections;
mod consents;
mod definitions;
mod examine;
mod grants;
mod initial_access_tokens;
mod listener;
mod marks;
mod migrations;
pub mod moving;
mod names;
mod rows;
mod sessions;
mod signing_keys;
mod tokens;
mod users;
mod values;

use async_trait::async_trait;
pub use connections::{PostgresUrl, UrlError};
pub use examine::DatabaseExamination;
pub use migrations::MigrationError;
use primitives::audit::EventKind;
use primitives::names::{DirectoryName, ProfileName};
use primitives::store::StoreError;

use self::batch::Batches;
use self::connections::Connections;
use self::listener::Listener;
use self::names::Numbers;
use self::values::{Failure, get};
use crate::{Figures, SchemaStatus, Store};

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its address is no good.
    #[error("the address of the store: {0}")]
    Url(#[from] UrlError),
    /// Its schema is not the one of this program.
    #[error(transparent)]
    Schema(#[from] MigrationError),
}

/// A store in PostgreSQL.
pub struct PostgresStore {
    connections: Connections,
    profiles: Numbers<ProfileName>,
    directories: Numbers<DirectoryName>,
    found_clients: Batches<clients::Find>,
    registrations: Batches<clients::Register>,
    found_grants: Batches<grants::Find>,
    rotations: Batches<grants::Rotate>,
    access_tokens: Batches<tokens::Keep>,
    revisions: Batches<definitions::FindRevision>,
    listener: Listener,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PostgresStore")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens a store, and brings its schema up to date. Several nodes may do so at the same time: one of them does it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        let connections = Connections::new(url)?;
        migrations::run(&connections).await?;
        Ok(Self::start(url, connections)?)
    }

    /// Opens a store whose schema is the one of this program. Nothing is changed.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_beside(url: &PostgresUrl) -> Result<Self, OpenError> {
        let connections = Connections::new(url)?;
        migrations::check(&connections).await?;
        Ok(Self::start(url, connections)?)
    }

    /// How far the schema of a store is. Nothing is changed.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn schema(url: &PostgresUrl) -> Result<SchemaStatus, OpenError> {
        Ok(migrations::status(&Connections::new(url)?).await?)
    }

    fn start(url: &PostgresUrl, connections: Connections) -> Result<Self, UrlError> {
        Ok(Self {
            listener: Listener::start(url)?,
            profiles: Numbers::default(),
            directories: Numbers::default(),
            found_clients: Batches::start(&connections),
            registrations: Batches::start(&connections),
            found_grants: Batches::start(&connections),
            rotations: Batches::start(&connections),
            access_tokens: Batches::start(&connections),
            revisions: Batches::start(&connections),
            connections,
        })
    }
}

impl PostgresStore {
    /// Counts outcomes that are in the audit log, and there to stay.
    fn tell(&self, kinds: impl IntoIterator<Item = EventKind>) {
        kinds.into_iter().for_each(|kind| self.connections.figures().tell(kind));
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        let check = async {
            let connection = self.connections.get().await?;
            let statement = connection.prepare_cached("SELECT pg_is_in_recovery()").await?;
            get::<bool>(&connection.query_one(&statement, &[]).await?, 0)
        };
        let is_copy: Result<bool, Failure> = self.connections.within(check).await;
        if is_copy? {
            let text = "the database is a copy of another one, and takes no writes";
            return Err(StoreError::Unavailable(text.to_owned()));
        }
        Ok(())
    }

    fn figures(&self) -> &Figures {
        self.connections.figures()
    }

    fn close(&self) {
        self.listener.stop();
        self.connections.close();
    }
}
