//! Templates: definitions that many clients are instances of, by reference.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use protocol::client_metadata::{ClientMetadata, Member};

use super::{Brought, InstanceMember, Terms};
use crate::access::Access;
use crate::capabilities::Capabilities;
use crate::policy::AdmittedMetadata;
use crate::rejection::Rejection;

/// The name of a template: up to 64 of `[A-Za-z0-9._-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(Arc<str>);

/// Text that is no name of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a template's id has 1 to 64 characters from A-Z a-z 0-9 . _ -")]
pub struct NotATemplateId;

impl TemplateId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TemplateId {
    type Err = NotATemplateId;

    fn from_str(text: &str) -> Result<Self, NotATemplateId> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(NotATemplateId)
        }
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for TemplateId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// A definition for instances. It is no client itself: it has no credential, and no token is ever issued to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub(crate) id: TemplateId,
    pub(crate) access: Option<Access>,
    pub(crate) enabled: bool,
    pub(crate) metadata: AdmittedMetadata,
    pub(crate) may_set: Vec<InstanceMember>,
    pub(crate) secret_lifetime: Option<std::time::Duration>,
    pub(crate) terms: Terms,
}

impl Template {
    /// Its name.
    pub fn id(&self) -> &TemplateId {
        &self.id
    }

    /// Who may register instances; `None` is nobody.
    pub fn access(&self) -> Option<&Access> {
        self.access.as_ref()
    }

    /// Whether its instances are alive. One that is not admits nobody either.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What all instances are.
    pub fn metadata(&self) -> &AdmittedMetadata {
        &self.metadata
    }

    /// What an instance may say for itself.
    pub fn may_set(&self) -> &[InstanceMember] {
        &self.may_set
    }

    /// What its operator says of its instances.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// RFC 7591 §3.1 with nothing but a `software_id`, and whatever this template lets go.
    ///
    /// # Errors
    /// See [`Brought::read`].
    pub fn propose(&self, wire: &ClientMetadata, served: &Capabilities) -> Result<Brought, Rejection> {
        Brought::read(wire, self, served)
    }

    /// Why a member of the request is refused, as the end of a sentence that begins with its name.
    pub(super) fn keeps(&self, member: Member) -> String {
        match member {
            Member::SoftwareStatement => {
                "is not accepted: this server trusts no issuer of statements".to_owned()
            }
            _ => format!(
                "is the template's to say: leave it out, 'software_id' alone makes an instance of '{}'",
                self.id
            ),
        }
    }
}
