//! Pages: what people see, each in the language of whoever reads it.
//!
//! A page is a view (what there is to show) and a function from it to a response. Nothing here knows a store or decides
//! anything. Every page works without scripts, but the one whose work is a script ([`Message`]). Every text is escaped by
//! the templates; what could turn the direction of a text besides is made visible.

mod client;
mod consent;
mod destination;
mod device;
mod language;
mod message;
mod phrases;
mod problem;
mod registration;
mod response;
mod sign_in;
mod sign_out;
#[cfg(test)]
mod tests;
mod visible;

pub use self::client::{By, ClientShown, Door, Registered};
pub use self::consent::{Consent, ScopeShown};
pub use self::destination::Destination;
pub use self::device::{Device, device_of};
pub use self::language::{Language, Preferences};
pub use self::message::Message;
use self::phrases::Phrases;
pub use self::problem::{Problem, ProblemKind};
pub use self::registration::ConfirmRegistration;
pub use self::sign_in::{ChooseAccount, SignIn, SignInProblem};
pub use self::sign_out::{SignOut, SignedOut};

/// What every page has: the language that it is in.
#[derive(Clone, Copy)]
struct Page {
    language: Language,
    phrases: &'static Phrases,
}

impl Page {
    fn of(reader: &Preferences) -> Self {
        let language = reader.language();
        Self { language, phrases: Phrases::of(language) }
    }

    /// The one stylesheet, which stands in every page: its hash is all that the policy lets in.
    fn style(self) -> &'static str {
        response::STYLE
    }
}
