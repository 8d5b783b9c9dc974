use std::sync::Arc;

use super::{Credential, Definition, EffectiveClient, Terms};
use crate::policy::AdmittedMetadata;

/// A client that the operator has written down: the same metadata, the same rules, another door.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorClient {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) metadata: Arc<AdmittedMetadata>,
    pub(crate) credential: Credential,
    pub(crate) terms: Terms,
}

impl OperatorClient {
    /// Its identifier, which the operator chose.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is.
    pub fn metadata(&self) -> &AdmittedMetadata {
        &self.metadata
    }

    /// The client in use; `None` where it is switched off.
    pub fn effective(&self) -> Option<EffectiveClient> {
        let definition = Definition::Own(Arc::clone(&self.metadata), self.terms.clone());
        self.enabled.then(|| EffectiveClient::new(self.id.clone(), definition, self.credential.clone(), None))
    }
}
