//! The heart: metadata comes in by some door, a trustworthy client comes out.
//!
//! No HTTP, no SQL, no wall clock. The two use cases, [`register`] and [`resolve`], read like the specifications they
//! obey; everything else here is what their sentences are made of:
//!
//! - [`access`]: who asks, and which door is open to whom;
//! - [`metadata`]: from what was sent to what is coherent and served;
//! - [`policy`]: from what is coherent to what is admitted;
//! - [`client`]: what was admitted, at rest and in use;
//! - [`definitions`]: what the operator of one profile has laid down.
//!
//! States are types: `ClientMetadata` (as sent) → [`metadata::ValidatedMetadata`] (coherent) →
//! [`policy::AdmittedMetadata`] (allowed) → [`client::NewClient`] → [`client::ClientRecord`] (at rest) →
//! [`client::RegisteredClient`] → [`client::EffectiveClient`], the only client that tokens are given to.

pub mod access;
pub mod capabilities;
pub mod client;
pub mod definitions;
pub mod metadata;
pub mod policy;
pub mod register;
pub mod rejection;
pub mod resolve;
pub mod store;
pub mod world;
