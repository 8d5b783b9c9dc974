//! The client as it is at this moment.

use std::sync::Arc;
use std::time::Duration;

use protocol::client_metadata::{ClientMetadata, ScopeText};
use protocol::grant_type::GrantType;
use protocol::scope::Scope;

use super::{Brought, Credential, Template};
use crate::metadata::Authentication;
use crate::policy::AdmittedMetadata;

/// What tokens a client gets, where it is not what the profile gives everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRules {
    /// How long access tokens live.
    pub access_token_lifetime: Option<Duration>,
}

/// What a client is, and where that is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// In its own registration, or in the operator's file.
    Own(Arc<AdmittedMetadata>, TokenRules),
    /// In a template as it is now, and in the little that the instance brought.
    Instance(Arc<Template>, Box<Brought>),
}

/// The client at this moment: its own definition, or template ⊕ instance. Token issuance sees no other client.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveClient {
    id: String,
    definition: Definition,
    credential: Credential,
}

impl EffectiveClient {
    pub(crate) fn new(id: String, definition: Definition, credential: Credential) -> Self {
        Self { id, definition, credential }
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
        self.admitted().metadata().flows().grant_types().contains(&grant)
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

    /// What tokens it gets.
    pub fn token_rules(&self) -> &TokenRules {
        match &self.definition {
            Definition::Own(_, rules) => rules,
            Definition::Instance(template, _) => template.token_rules(),
        }
    }

    /// All of it, in the words of the RFCs (RFC 7591 §3.2.1: the server returns all registered metadata).
    pub fn to_wire(&self) -> ClientMetadata {
        let mut wire = self.admitted().to_wire();
        if let Definition::Instance(template, brought) = &self.definition {
            brought.presentation().or(template.metadata().metadata().presentation()).write(&mut wire);
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
