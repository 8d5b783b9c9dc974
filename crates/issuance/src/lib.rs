//! Clients are given tokens.
//!
//! No HTTP, no SQL, no wall clock. [`authorize`], [`token`], [`introspect`], [`userinfo`] and [`revoke`] are the use cases;
//! the client that they see is [`registration::client::EffectiveClient`], and there is no other.

pub mod access_token;
pub mod authorize;
pub mod client_authentication;
pub mod grant;
mod id_token;
pub mod introspect;
pub mod profile;
mod resource;
pub mod revoke;
pub mod server_metadata;
pub mod signing_keys;
pub mod store;
pub mod token;
pub mod userinfo;
pub mod world;
