//! All of it is kept somewhere.
//!
//! [`Store`] is everything that a running server asks of where it keeps things: the ports of `registration`, `identity`
//! and `issuance`, and those of this crate, which the server itself uses. [`sqlite`] is the embedded engine,
//! [`postgres`] the one that many nodes share.

mod audit;
mod definitions;
mod examination;
pub mod figures;
pub mod postgres;
pub mod sqlite;

use async_trait::async_trait;
pub use audit::{Activity, AuditEntry, AuditStore, Cleaned, Retention};
pub use definitions::{
    Change, DefinitionDocument, DefinitionKind, DefinitionStore, KeptDefinitions, Provision, Provisioned,
};
pub use examination::Examination;
pub use figures::Figures;
use identity::store::{SessionStore, UserStore};
use issuance::store::{AuthorizationStore, GrantStore, KeyStore, TokenStore};
use primitives::store::StoreError;
use registration::store::ClientStore;

/// How far a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaStatus {
    /// How many steps were applied.
    pub applied: usize,
    /// How many this program knows.
    pub known: usize,
}

impl SchemaStatus {
    /// Whether it is the schema of this program.
    pub const fn is_current(self) -> bool {
        self.applied == self.known
    }
}

/// Everything that is kept.
#[async_trait]
pub trait Store:
    ClientStore
    + UserStore
    + SessionStore
    + TokenStore
    + AuthorizationStore
    + GrantStore
    + KeyStore
    + DefinitionStore
    + AuditStore
{
    /// Whether it answers, and takes writes as far as that can be known without one.
    async fn check(&self) -> Result<(), StoreError>;

    /// How it is doing.
    fn figures(&self) -> &Figures;

    /// Finishes what was begun and closes. Whatever is asked afterwards is refused. It waits, so it is the last call.
    fn close(&self);
}
