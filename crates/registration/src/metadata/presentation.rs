//! What people are shown of a client (RFC 7591 §2 and §2.2).

use protocol::client_metadata::{ClientMetadata, Localized, Member};
use protocol::registration_error::Place;

use super::{Reading, visible_text, web_uri};

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 200;

/// Name, addresses and contacts, each in as many languages as the client gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    pub(crate) client_name: Option<Localized>,
    pub(crate) client_uri: Option<Localized>,
    pub(crate) logo_uri: Option<Localized>,
    pub(crate) tos_uri: Option<Localized>,
    pub(crate) policy_uri: Option<Localized>,
    pub(crate) contacts: Option<Vec<String>>,
}

impl Presentation {
    /// The client's name.
    pub fn client_name(&self) -> Option<&Localized> {
        self.client_name.as_ref()
    }

    /// Its home page.
    pub fn client_uri(&self) -> Option<&Localized> {
        self.client_uri.as_ref()
    }

    /// What it does with personal data.
    pub fn policy_uri(&self) -> Option<&Localized> {
        self.policy_uri.as_ref()
    }

    /// Its terms of service.
    pub fn tos_uri(&self) -> Option<&Localized> {
        self.tos_uri.as_ref()
    }

    /// What an instance says of itself, and for the rest what its template says. What an instance says in some languages
    /// only stands beside what its template says in others.
    #[must_use]
    pub(crate) fn or(&self, template: &Self) -> Self {
        let of = |own: &Option<Localized>, other: &Option<Localized>| match (own, other) {
            (Some(own), Some(other)) if own.plain.is_none() => {
                let mut both = other.clone();
                both.tagged.extend(own.tagged.clone());
                Some(both)
            }
            (own, other) => own.as_ref().or(other.as_ref()).cloned(),
        };
        Self {
            client_name: of(&self.client_name, &template.client_name),
            client_uri: of(&self.client_uri, &template.client_uri),
            logo_uri: of(&self.logo_uri, &template.logo_uri),
            tos_uri: of(&self.tos_uri, &template.tos_uri),
            policy_uri: of(&self.policy_uri, &template.policy_uri),
            contacts: self.contacts.as_ref().or(template.contacts.as_ref()).cloned(),
        }
    }

    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        if let Some(name) = &wire.client_name {
            check_forms(Member::ClientName, name, reading, |text| {
                visible_text::check(text)?;
                match text.chars().count() {
                    length if length > MAX_NAME => {
                        Err(format!("is {length} characters long: at most {MAX_NAME} are shown"))
                    }
                    _ => Ok(()),
                }
            });
        }
        for (member, address) in [
            (Member::ClientUri, &wire.client_uri),
            (Member::LogoUri, &wire.logo_uri),
            (Member::TosUri, &wire.tos_uri),
            (Member::PolicyUri, &wire.policy_uri),
        ] {
            if let Some(address) = address {
                check_forms(member, address, reading, |text| {
                    web_uri::check(text, web_uri::Schemes::HttpsOrHttp)
                });
            }
        }
        for (index, contact) in wire.contacts.iter().flatten().enumerate() {
            if let Err(why) = visible_text::check(contact) {
                reading.problem_at(Member::Contacts, Place::Index(index), why);
            }
        }
        Self {
            client_name: wire.client_name.clone(),
            client_uri: wire.client_uri.clone(),
            logo_uri: wire.logo_uri.clone(),
            tos_uri: wire.tos_uri.clone(),
            policy_uri: wire.policy_uri.clone(),
            contacts: wire.contacts.clone().filter(|contacts| !contacts.is_empty()),
        }
    }

    pub(crate) fn write(&self, wire: &mut ClientMetadata) {
        let Self { client_name, client_uri, logo_uri, tos_uri, policy_uri, contacts } = self;
        wire.client_name.clone_from(client_name);
        wire.client_uri.clone_from(client_uri);
        wire.logo_uri.clone_from(logo_uri);
        wire.tos_uri.clone_from(tos_uri);
        wire.policy_uri.clone_from(policy_uri);
        wire.contacts.clone_from(contacts);
    }
}

fn check_forms(
    member: Member,
    text: &Localized,
    reading: &mut Reading<'_>,
    check: impl Fn(&str) -> Result<(), String>,
) {
    for (place, form) in text.forms() {
        if let Err(why) = check(form) {
            reading.problem_at(member, place, why);
        }
    }
}
