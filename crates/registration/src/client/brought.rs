//! What an instance of a template brings of its own.

use protocol::client_metadata::{ClientMetadata, Member, ScopeText};
use protocol::scope::Scope;
use protocol::word;

use super::Template;
use crate::capabilities::Capabilities;
use crate::metadata::{InstanceParts, Keys, Presentation};
use crate::policy::check_scope;
use crate::rejection::{Problems, Rejection};

/// The members that an operator can let instances say for themselves. None of them can widen the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceMember {
    /// A name of its own, as in «Alice's phone».
    ClientName,
    /// A home page of its own.
    ClientUri,
    /// A picture of its own.
    LogoUri,
    /// Terms of its own.
    TosUri,
    /// A privacy statement of its own.
    PolicyUri,
    /// People of its own.
    Contacts,
    /// Which version is installed.
    SoftwareVersion,
    /// Less than the template's scope.
    Scope,
}

impl InstanceMember {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ClientName,
        Self::ClientUri,
        Self::LogoUri,
        Self::TosUri,
        Self::PolicyUri,
        Self::Contacts,
        Self::SoftwareVersion,
        Self::Scope,
    ];

    /// The member of the wire.
    pub const fn member(self) -> Member {
        match self {
            Self::ClientName => Member::ClientName,
            Self::ClientUri => Member::ClientUri,
            Self::LogoUri => Member::LogoUri,
            Self::TosUri => Member::TosUri,
            Self::PolicyUri => Member::PolicyUri,
            Self::Contacts => Member::Contacts,
            Self::SoftwareVersion => Member::SoftwareVersion,
            Self::Scope => Member::Scope,
        }
    }

    /// The member of this name, where operators can let go of it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.member().as_str() == name)
    }
}

/// What an instance has said for itself. Everything else is its template's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    presentation: Presentation,
    software_version: Option<String>,
    scope: Option<Scope>,
    keys: Option<Keys>,
}

impl Brought {
    /// Reads a request for an instance.
    ///
    /// # Errors
    /// Members that the template does not let go, or whose values are wrong; missing keys where the template wants
    /// a client that proves itself with its own.
    pub fn read(
        wire: &ClientMetadata,
        template: &Template,
        served: &Capabilities,
    ) -> Result<Self, Rejection> {
        let mut problems = Problems::default();
        let wants_keys = template.metadata().metadata().authentication().method().uses_keys();
        let lets_go = |member: Member| {
            member == Member::SoftwareId
                || (wants_keys && member == Member::Jwks)
                || template.may_set().iter().any(|may| may.member() == member)
        };
        for member in wire.present().filter(|member| !lets_go(*member)) {
            problems.add(member, template.keeps(member));
        }
        let mut brought = match InstanceParts::read(wire) {
            Ok(parts) => Self::of(parts, None),
            Err(rejection) => {
                problems.extend(rejection.problems().iter().cloned());
                Self::default()
            }
        };
        if let Some(asked) = &brought.scope {
            check_scope(asked, template.metadata().scope(), &mut problems);
        }
        if wants_keys {
            let authentication = template.metadata().metadata().authentication();
            match &wire.jwks {
                Some(jwks) => match Keys::of_instance(jwks, authentication, &served.assertion_algorithms) {
                    Ok(keys) => brought.keys = Some(keys),
                    Err(why) => problems.add(Member::Jwks, why),
                },
                None => problems.add(
                    Member::Jwks,
                    format!(
                        "is missing: make a key on the device and send its public half (algorithms: {})",
                        word::list(&served.assertion_algorithms)
                    ),
                ),
            }
        }
        problems.unless_any(brought)
    }

    /// Reads what was written by [`Brought::to_wire`] when it was admitted.
    ///
    /// # Errors
    /// Whatever nobody would have admitted: then the row is corrupt.
    pub fn restore(wire: &ClientMetadata) -> Result<Self, Rejection> {
        let keys = wire.jwks.as_ref().map(Keys::restore).transpose();
        let keys = keys.map_err(|why| Rejection::of(Member::Jwks, why))?;
        Ok(Self::of(InstanceParts::read(wire)?, keys))
    }

    fn of(parts: InstanceParts, keys: Option<Keys>) -> Self {
        let InstanceParts { presentation, software_version, scope } = parts;
        Self { presentation, software_version, scope, keys }
    }

    /// The same in the words of the RFCs; `None` where there is nothing.
    pub fn to_wire(&self) -> Option<ClientMetadata> {
        let mut wire = ClientMetadata::default();
        let Self { presentation, software_version, scope, keys } = self;
        presentation.write(&mut wire);
        wire.software_version.clone_from(software_version);
        wire.scope = scope.as_ref().map(|scope| ScopeText(scope.to_string()));
        if let Some(keys) = keys {
            keys.write(&mut wire);
        }
        let is_something = wire.present().next().is_some();
        is_something.then_some(wire)
    }

    /// What it shows people, before its template is asked.
    pub fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    /// The version that it says it is.
    pub fn software_version(&self) -> Option<&str> {
        self.software_version.as_deref()
    }

    /// The scope that it confined itself to. What is left of it is what the template still has.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Its own keys.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }
}
