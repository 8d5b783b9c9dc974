//! ID tokens (OpenID Connect Core §2).

use serde::Serialize;

/// The `typ` of the header.
pub const TYP: &str = "JWT";

/// The claims of OpenID Connect Core §2.
#[derive(Debug, Serialize)]
pub struct IdTokenClaims<'a> {
    /// The profile that issued it.
    pub iss: &'a str,
    /// The user.
    pub sub: &'a str,
    /// The client that it is for.
    pub aud: &'a str,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub exp: u64,
    /// When it was issued.
    pub iat: u64,
    /// When the user signed in.
    pub auth_time: u64,
    /// What the client sent to recognise it by. Absent in answers to a refresh token (§12.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// What the sign-in amounts to.
    pub acr: &'a str,
    /// What the user signed in with (RFC 8176).
    pub amr: [&'a str; 1],
}
