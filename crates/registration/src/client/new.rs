//! A client that comes into being.

use protocol::client_metadata::ClientMetadata;

use super::{
    ClientRecord, ClientSecret, Credential, Definition, EffectiveClient, Provenance, Registered,
    SecretAtRest, Terms,
};
use crate::register::Admitted;
use crate::world::World;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;

/// A client with its identifier and its credential, which nobody has stored yet.
#[derive(Debug)]
pub struct NewClient {
    record: ClientRecord,
    secret: Option<(ClientSecret, Option<Timestamp>)>,
    metadata: ClientMetadata,
}

impl NewClient {
    /// Gives what was admitted an identifier and, where its authentication rests on a secret, a secret.
    pub fn issue(
        admitted: Admitted,
        provenance: Provenance,
        world: &World<'_>,
    ) -> Result<Self, serde_json::Error> {
        let now = world.clock.now();
        let id = world.ids.next(now, world.random);
        let (definition, template, own, secret_lifetime) = match admitted {
            Admitted::Own { metadata, secret_lifetime } => {
                let own = Some(metadata.to_wire());
                (Definition::Own(metadata, Terms::default()), None, own, secret_lifetime)
            }
            Admitted::Instance { template, brought } => {
                let own = brought.to_wire();
                let (id, lifetime) = (template.id().clone(), template.secret_lifetime);
                (Definition::Instance(template, brought), Some(id), own, lifetime)
            }
        };
        let registered = Registered { at: id.made_at(), by: provenance.registrant.clone() };
        let client = EffectiveClient::new(id.to_string(), definition, Credential::Nothing, Some(registered));
        let secret = client.authentication().method().uses_secret().then(|| {
            (ClientSecret::generate(world.random), secret_lifetime.map(|lifetime| now.plus(lifetime)))
        });
        let record = ClientRecord {
            profile: world.definitions.profile().clone(),
            id,
            template,
            metadata: own.map(|own| serde_json::to_string(&own)).transpose()?,
            secret: secret
                .as_ref()
                .map(|(secret, expires_at)| SecretAtRest { hash: secret.hash(), expires_at: *expires_at }),
            provenance,
        };
        Ok(Self { record, secret, metadata: client.to_wire() })
    }

    /// What is stored of it.
    pub fn record(&self) -> &ClientRecord {
        &self.record
    }

    /// Its identifier.
    pub fn id(&self) -> OrderedId {
        self.record.id
    }

    /// Its secret, in the clear this once, and when it ends (`None`: never).
    pub fn secret(&self) -> Option<(&ClientSecret, Option<Timestamp>)> {
        self.secret.as_ref().map(|(secret, expires_at)| (secret, *expires_at))
    }

    /// What it is, to be echoed.
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }
}
