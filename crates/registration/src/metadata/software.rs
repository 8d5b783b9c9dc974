//! What software the client is an installation of (RFC 7591 §2 and §2.3).

use protocol::client_metadata::{ClientMetadata, Member};

use super::{KeysAre, Reading, visible_text};

/// Software and version, as the client states them. For an instance, `software_id` is its template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Software {
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
}

impl Software {
    pub(super) fn read(wire: &ClientMetadata, keys_are: KeysAre, reading: &mut Reading<'_>) -> Self {
        // RFC 7591 §2.3 lets a server that does not know statements ignore them. Whoever sends one relies on it, so
        // it is refused instead.
        if wire.software_statement.is_some() {
            reading.problem(
                Member::SoftwareStatement,
                "is not accepted: this server trusts no issuer of statements",
            );
        }
        if keys_are == KeysAre::BroughtByInstances && wire.software_id.is_some() {
            reading.problem(
                Member::SoftwareId,
                "is no part of a template: it is the name of the template itself",
            );
        }
        for (member, text) in
            [(Member::SoftwareId, &wire.software_id), (Member::SoftwareVersion, &wire.software_version)]
        {
            if let Some(Err(why)) = text.as_deref().map(visible_text::check) {
                reading.problem(member, why);
            }
        }
        Self { id: wire.software_id.clone(), version: wire.software_version.clone() }
    }

    pub(crate) fn write(&self, wire: &mut ClientMetadata) {
        let Self { id, version } = self;
        wire.software_id.clone_from(id);
        wire.software_version.clone_from(version);
    }
}
