//! The words on the wire. One file per document that we speak.
//!
//! Everything here is data: it is read from bytes, or written to bytes. Nothing here asks for the time, opens a
//! connection, or knows what a registered client is. A type of this crate says what somebody *sent*; whether it
//! is coherent, and whether it is allowed, is decided in `registration` and `issuance`.

pub mod access_token;
pub mod application_type;
pub mod authentication_method;
pub mod authorization;
pub mod bearer;
pub mod client_assertion;
pub mod client_authentication;
pub mod client_information;
pub mod client_metadata;
pub mod description;
pub mod form;
pub mod grant_type;
pub mod id_token;
pub mod introspection;
pub mod jose;
pub mod json;
pub mod pkce;
pub mod registration_error;
pub mod resource;
pub mod response_type;
pub mod revocation;
pub mod scope;
pub mod server_metadata;
pub mod subject_type;
pub mod token;
pub mod uri;
pub mod word;
