//! Signed JSON (RFC 7515, 7517, 7518, 7519, 7638, 8037), as far as an authorization server needs it.
//!
//! A thin layer over aws-lc-rs: it parses, binds each algorithm to the one kind of key that it is for, and keeps
//! parsed keys. There is no `none`, no HMAC, no algorithm that a token chooses for itself. Why it is our own:
//! `docs/decisions/0002-jose.md`.

mod algorithm;
mod base64url;
mod jwk;
mod jws;
mod signing_key;

pub use algorithm::SignatureAlgorithm;
pub use base64url::{decode as decode_base64url, encode as encode_base64url};
pub use jwk::{Jwk, JwkError, JwkSet, JwkSetError, MAX_KEYS};
pub use jws::{ClaimedSignature, CompactJws, JwsError, MAX_LENGTH};
pub use signing_key::{KeyRejected, Pkcs8, SigningKey};
