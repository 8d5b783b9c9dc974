use protocol::client_metadata::{ClientMetadata, ScopeText};
use protocol::scope::Scope;

use crate::metadata::ValidatedMetadata;
use crate::rejection::Rejection;

/// Metadata that a policy has admitted: coherent, served, within bounds, and nothing left open. Only this is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct AdmittedMetadata {
    metadata: ValidatedMetadata,
    scope: Scope,
}

impl AdmittedMetadata {
    pub(super) fn new(metadata: ValidatedMetadata, scope: Scope) -> Self {
        Self { metadata, scope }
    }

    /// Reads what was admitted before, as [`AdmittedMetadata::to_wire`] wrote it.
    ///
    /// # Errors
    /// Whatever nobody would have admitted: then the row is corrupt.
    pub fn restore(wire: &ClientMetadata) -> Result<Self, Rejection> {
        let metadata = ValidatedMetadata::restore(wire)?;
        let scope = metadata.scope().cloned().unwrap_or_default();
        Ok(Self { metadata, scope })
    }

    /// All of it, in the words of the RFCs.
    pub fn to_wire(&self) -> ClientMetadata {
        let mut wire = self.metadata.to_wire();
        wire.scope = Some(ScopeText(self.scope.to_string())).filter(|scope| !scope.0.is_empty());
        wire
    }

    /// What was admitted, without its scope.
    pub fn metadata(&self) -> &ValidatedMetadata {
        &self.metadata
    }

    /// The scope that the client may ask for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}
