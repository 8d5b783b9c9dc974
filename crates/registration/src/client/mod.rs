//! What was admitted: coming into being ([`NewClient`]), at rest ([`ClientRecord`]), read back ([`RegisteredClient`]),
//! and in use ([`EffectiveClient`]).

mod brought;
mod credential;
mod effective;
mod new;
mod operator;
mod record;
mod registered;
mod secret;
mod template;

pub use brought::{Brought, InstanceMember};
pub use credential::Credential;
pub use effective::{Definition, EffectiveClient, Registered, Terms};
pub use new::NewClient;
pub use operator::OperatorClient;
pub use record::{ClientRecord, Provenance, SecretAtRest};
pub use registered::RegisteredClient;
pub use secret::ClientSecret;
pub use template::{Template, TemplateId};
