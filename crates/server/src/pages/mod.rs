//! Pages: what people see, each in the language of whoever reads it.
//!
//! A page is a view (what there is to show) and a function from it to a response. Nothing here knows a store or decides
//! anything. Every page works without scripts, but the one whose work is a script ([`message`]). Every text is escaped by
//! the templates; what could turn the direction of a text besides is made visible.

pub mod client;
pub mod consent;
pub mod destination;
pub mod device;
pub mod language;
pub mod message;
mod phrases;
pub mod problem;
pub mod registration;
mod response;
pub mod sign_in;
pub mod sign_out;
#[cfg(test)]
mod tests;
mod visible;

use self::language::{Language, Preferences};
use self::phrases::Phrases;

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
