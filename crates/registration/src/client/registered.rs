//! A registered client, read back from where it is kept.

use std::sync::Arc;

use protocol::client_metadata::{BodyError, ClientMetadata};

use super::{
    Brought, ClientRecord, Credential, Definition, EffectiveClient, Registered, SecretAtRest, TemplateId,
    Terms,
};
use crate::access::Registrant;
use crate::definitions::Definitions;
use crate::policy::AdmittedMetadata;
use crate::rejection::Rejection;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

/// What a row says of a client, before the definitions of this moment are asked.
#[derive(Clone, Debug, PartialEq)]
enum Own {
    Definition(Arc<AdmittedMetadata>),
    Instance(TemplateId, Box<Brought>),
}

/// A client that somebody registered.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisteredClient {
    id: OrderedId,
    own: Own,
    credential: Credential,
    registrant: Registrant,
}

impl RegisteredClient {
    /// Reads a row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it says something that nobody would have admitted.
    pub fn restore(record: ClientRecord) -> Result<Self, StoreError> {
        let ClientRecord { profile, id, template, metadata, secret, provenance } = record;
        let corrupt = |why: String| StoreError::Corrupt(format!("client {id} of profile {profile}: {why}"));
        let wire = metadata
            .map(|json| ClientMetadata::parse(json.as_bytes()).map_err(|error| corrupt(body_error(&error))));
        let wire = wire.transpose()?;
        let rejected = |rejection: Rejection| corrupt(rejection.to_string());
        let (own, keys) = match (template, wire) {
            (None, wire) => {
                let admitted = AdmittedMetadata::restore(&wire.unwrap_or_default()).map_err(rejected)?;
                let keys = admitted.metadata().keys().cloned();
                (Own::Definition(Arc::new(admitted)), keys)
            }
            // Most instances have brought nothing.
            (Some(template), None) => (Own::Instance(template, Box::default()), None),
            (Some(template), Some(wire)) => {
                let brought = Brought::restore(&wire).map_err(rejected)?;
                let keys = brought.keys().cloned();
                (Own::Instance(template, Box::new(brought)), keys)
            }
        };
        let credential = match (secret, keys) {
            (Some(SecretAtRest { hash, expires_at }), _) => Credential::Secret { hash, expires_at },
            (None, Some(keys)) => Credential::Keys(keys),
            (None, None) => Credential::Nothing,
        };
        Ok(Self { id, own, credential, registrant: provenance.registrant })
    }

    /// The client as it is now; `None` where its template is gone or switched off. Fail closed: an orphan is nobody.
    pub fn effective(self, definitions: &Definitions) -> Option<EffectiveClient> {
        let definition = match self.own {
            Own::Definition(admitted) => Definition::Own(admitted, Terms::default()),
            Own::Instance(template, brought) => {
                let template = definitions.template(&template).filter(|template| template.is_enabled())?;
                Definition::Instance(Arc::clone(template), brought)
            }
        };
        let registered = Registered { at: self.id.made_at(), by: self.registrant };
        Some(EffectiveClient::new(self.id.to_string(), definition, self.credential, Some(registered)))
    }
}

fn body_error(error: &BodyError) -> String {
    match error {
        BodyError::Json(error) => error.to_string(),
        BodyError::Members(problems) => {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
    }
}
