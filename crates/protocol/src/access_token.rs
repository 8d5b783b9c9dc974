//! JWT access tokens (RFC 9068 §2).

use serde::Serialize;

use crate::scope::Scope;

/// The `typ` of the header (RFC 9068 §2.1).
pub const TYP: &str = "at+jwt";

/// The claims of RFC 9068 §2.2.
#[derive(Debug, Serialize)]
pub struct AccessTokenClaims<'a> {
    /// The profile that issued it.
    pub iss: &'a str,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub exp: u64,
    /// The resource that it is for.
    pub aud: &'a str,
    /// The user; where there is none, the client itself (RFC 9068 §2.2).
    pub sub: &'a str,
    /// The client that it was issued to.
    pub client_id: &'a str,
    /// When it was issued.
    pub iat: u64,
    /// Its own name.
    pub jti: &'a str,
    /// What it is good for (RFC 9068 §2.2.3).
    pub scope: &'a Scope,
    /// When the user signed in, where there is one (RFC 9068 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// What the sign-in amounts to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
}
