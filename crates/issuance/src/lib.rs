//! Clients are given tokens.
//!
//! No HTTP, no SQL, no wall clock. [`token`] and [`revoke`] are the use cases; the client that they see is
//! [`registration::client::EffectiveClient`], and there is no other.

pub mod access_token;
pub mod client_authentication;
pub mod grant;
pub mod profile;
pub mod revoke;
pub mod server_metadata;
pub mod signing_keys;
pub mod store;
pub mod token;
pub mod world;
