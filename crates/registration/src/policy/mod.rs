//! What may be registered: from coherent metadata to admitted metadata.

mod admitted;

pub use admitted::AdmittedMetadata;
use protocol::client_metadata::Member;
use protocol::description::quoted;
use protocol::scope::{OF_IDENTITY, RESERVED, Scope};

use crate::metadata::ValidatedMetadata;
use crate::rejection::{Problems, Rejection};

/// The bounds of a door: it restricts, and fills in what was left open, within its own ceiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// No client gets a scope beyond these.
    pub scope_ceiling: Scope,
    /// What a client gets that asks for no scope in particular.
    pub default_scope: Scope,
}

impl Policy {
    /// Judges a proposal.
    ///
    /// # Errors
    /// The scopes that are beyond the ceiling, with those that are not.
    pub fn admit(&self, proposal: ValidatedMetadata) -> Result<AdmittedMetadata, Rejection> {
        let mut problems = Problems::default();
        let scope = match proposal.scope() {
            None if proposal.flows().grant_types().iter().any(|grant| grant.redirects()) => {
                self.default_scope.clone()
            }
            // What a client learns of users means nothing to one that has none.
            None => OF_IDENTITY.iter().fold(self.default_scope.clone(), |scope, token| scope.without(token)),
            Some(asked) => {
                check_scope(asked, &self.scope_ceiling, &mut problems);
                asked.clone()
            }
        };
        problems.unless_any(())?;
        Ok(AdmittedMetadata::new(proposal, scope))
    }
}

/// Notes what is asked for beyond the ceiling.
pub(crate) fn check_scope(asked: &Scope, ceiling: &Scope, problems: &mut Problems) {
    let beyond = asked.difference(ceiling);
    if let Some(reserved) = RESERVED.into_iter().find(|reserved| beyond.contains(reserved)) {
        problems.add(
            Member::Scope,
            format!("has '{reserved}', which no client can have in its registration: leave it out"),
        );
    } else if !beyond.is_empty() {
        problems.add(
            Member::Scope,
            format!(
                "goes beyond what is given here with {}: ask for no more than '{ceiling}'",
                quoted(&beyond.to_string())
            ),
        );
    }
}
