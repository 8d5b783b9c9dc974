//! All of it is kept somewhere.
//!
//! [`Store`] is everything that a running server asks of where it keeps things: the ports of `registration`, `identity`
//! and `issuance`, and those of this crate, which the server itself uses. [`sqlite`] is the embedded engine,
//! [`postgres`] the one that many nodes share.

mod audit;
mod definitions;
pub mod postgres;
pub mod sqlite;

pub use audit::{Activity, AuditEntry, AuditStore, Cleaned, Retention};
pub use definitions::{
    Change, DefinitionDocument, DefinitionKind, DefinitionStore, KeptDefinitions, Provision, Provisioned,
};
use identity::store::{SessionStore, UserStore};
use issuance::store::{AuthorizationStore, GrantStore, KeyStore, TokenStore};
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
    /// Finishes what was begun and closes. Whatever is asked afterwards is refused. It waits, so it is the last call.
    fn close(&self);
}
