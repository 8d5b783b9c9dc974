//! What people are shown of a client (RFC 7591 §2 and §2.2).

use protocol::client_metadata::{ClientMetadata, Localized, Member};
use protocol::registration_error::Place;

use super::{Reading, web_uri};

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

    /// What an instance says of itself, and for the rest what its template says.
    #[must_use]
    pub(crate) fn or(&self, template: &Self) -> Self {
        let of =
            |own: &Option<Localized>, other: &Option<Localized>| own.as_ref().or(other.as_ref()).cloned();
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
                shown(text)?;
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
            if let Err(why) = shown(contact) {
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

/// What is shown to people must not be able to rewrite the page or the line that it stands in: no control characters,
/// none that turn the direction of the text, none that nobody sees.
fn shown(text: &str) -> Result<(), String> {
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    match text.chars().find(|c| deceives(*c)) {
        Some(c) => Err(format!("has the invisible character U+{:04X}: leave it out", u32::from(c))),
        None if text.trim().is_empty() => Err("is blank: leave it out instead".to_owned()),
        None => Ok(()),
    }
}
