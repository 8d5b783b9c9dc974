use super::TemplateId;
use crate::access::Registrant;
use crate::definitions::Revision;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;

/// A client at rest: what a row holds, in the words of the RFCs. Reading it is [`super::RegisteredClient::restore`].
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRecord {
    /// Where it is registered.
    pub profile: ProfileName,
    /// Its identifier. It also says when it was issued.
    pub id: OrderedId,
    /// The template that it is an instance of.
    pub template: Option<TemplateId>,
    /// JSON of client metadata: the definition of a client of its own, or the little that an instance has brought
    /// (`None` where that is nothing). Never anything that the template can answer.
    pub metadata: Option<String>,
    /// What is kept of its secret.
    pub secret: Option<SecretAtRest>,
    /// Where it came from.
    pub provenance: Provenance,
}

/// A secret at rest: the hash and the end, one never without the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretAtRest {
    /// The hash.
    pub hash: SecretHash,
    /// When it ends; `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// Where a client came from. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who asked for it.
    pub registrant: Registrant,
    /// The revision of the profile's definitions that it was admitted under.
    pub revision: Revision,
}
