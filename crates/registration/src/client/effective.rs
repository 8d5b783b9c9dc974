//! The client as it is at this moment.

use std::sync::Arc;
use std::time::Duration;

use primitives::clock::Timestamp;
use protocol::client_metadata::{ClientMetadata, ScopeText};
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::scope::Scope;

use super::{Brought, Credential, Template};
use crate::access::Registrant;
use crate::metadata::{Authentication, Flows, Presentation};
use crate::policy::AdmittedMetadata;

/// What only an operator says of a client: no registration has a member for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long its access tokens live, where it is not what the profile gives everybody.
    pub access_token_lifetime: Option<Duration>,
    /// Whether it is the operator's own, so that a user who uses it has consented.
    pub first_party: bool,
    /// The web origins of whose pages it is, and which may have tokens in a frame.
    pub allowed_origins: Vec<String>,
}

/// What a client is, and where that is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// In its own registration, or in the operator's file.
    Own(Arc<AdmittedMetadata>, Terms),
    /// In a template as it is now, and in the little that the instance brought.
    Instance(Arc<Template>, Box<Brought>),
}

/// The client at this moment: its own definition, or template ⊕ instance. Token issuance sees no other client.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveClient {
    id: String,
    definition: Definition,
    credential: Credential,
    registered: Option<Registered>,
}

/// How a client came to be, where it was not its operator who wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Registrant,
}

impl EffectiveClient {
    pub(crate) fn new(
        id: String,
        definition: Definition,
        credential: Credential,
        registered: Option<Registered>,
    ) -> Self {
        Self { id, definition, credential, registered }
    }

    /// Its identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is made of.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What it proves itself with.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// How it has to prove itself. Where the template has moved on, the credential may be of another kind; then the
    /// client cannot prove itself.
    pub fn authentication(&self) -> &Authentication {
        self.admitted().metadata().authentication()
    }

    /// Whether it may use a grant.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.flows().grant_types().contains(&grant)
    }

    /// The scope that it may ask for: never more than its template has now.
    pub fn scope(&self) -> Scope {
        match &self.definition {
            Definition::Own(admitted, _) => admitted.scope().clone(),
            Definition::Instance(template, brought) => match brought.scope() {
                Some(own) => own.intersection(template.metadata().scope()),
                None => template.metadata().scope().clone(),
            },
        }
    }

    /// What its operator says of it; of a client with a definition of its own nothing.
    pub fn terms(&self) -> &Terms {
        match &self.definition {
            Definition::Own(_, terms) => terms,
            Definition::Instance(template, _) => template.terms(),
        }
    }

    /// How it came to be; `None` where its operator wrote it down.
    pub fn registered(&self) -> Option<&Registered> {
        self.registered.as_ref()
    }

    /// Whether it can prove who it is (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.authentication().is_by_credential()
    }

    /// What people are shown of it.
    pub fn presentation(&self) -> Presentation {
        let of_definition = self.admitted().metadata().presentation();
        match &self.definition {
            Definition::Own(..) => of_definition.clone(),
            Definition::Instance(_, brought) => brought.presentation().or(of_definition),
        }
    }

    /// Grants, response types, redirect URIs.
    pub fn flows(&self) -> &Flows {
        self.admitted().metadata().flows()
    }

    /// How old a sign-in may be where a request does not say, in seconds.
    pub fn default_max_age(&self) -> Option<u64> {
        self.admitted().metadata().default_max_age()
    }

    /// What its ID tokens are signed with, where it has said so.
    pub fn id_token_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.admitted().metadata().id_token_algorithm()
    }

    /// All of it, in the words of the RFCs (RFC 7591 §3.2.1: the server returns all registered metadata).
    pub fn to_wire(&self) -> ClientMetadata {
        let mut wire = self.admitted().to_wire();
        if let Definition::Instance(template, brought) = &self.definition {
            self.presentation().write(&mut wire);
            if let Some(version) = brought.software_version() {
                wire.software_version = Some(version.to_owned());
            }
            if let Some(keys) = brought.keys() {
                keys.write(&mut wire);
            }
            wire.software_id = Some(template.id().to_string());
            wire.scope = Some(ScopeText(self.scope().to_string())).filter(|scope| !scope.0.is_empty());
        }
        wire
    }

    fn admitted(&self) -> &AdmittedMetadata {
        match &self.definition {
            Definition::Own(admitted, _) => admitted,
            Definition::Instance(template, _) => template.metadata(),
        }
    }
}
