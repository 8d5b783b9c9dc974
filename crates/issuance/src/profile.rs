//! A profile: one authorization server among those of the process.

use std::sync::Arc;
use std::time::Duration;

use protocol::authentication_method::AuthenticationMethod;
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::resource::ResourceIdentifier;
use protocol::scope::Scope;
use registration::capabilities::Capabilities;
use registration::definitions::Definitions;

use crate::signing_keys::SigningKeys;

/// What this build can do, before a profile's configuration says which of it is wanted.
pub fn capabilities() -> Capabilities {
    Capabilities {
        grant_types: vec![GrantType::ClientCredentials],
        authentication_methods: vec![
            AuthenticationMethod::ClientSecretBasic,
            AuthenticationMethod::ClientSecretPost,
            AuthenticationMethod::PrivateKeyJwt,
        ],
        assertion_algorithms: SignatureAlgorithm::ALL.to_vec(),
        ..Capabilities::none()
    }
}

/// An API that tokens are for (RFC 8707, RFC 9068 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What becomes the `aud` of a token.
    pub identifier: ResourceIdentifier,
    /// The scopes that it knows.
    pub scopes: Scope,
    /// How long its access tokens live, where the client's definition does not say.
    pub access_token_lifetime: Duration,
}

/// Whom a client assertion may be addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer, alone, as a string (draft-ietf-oauth-rfc7523bis §4).
    Issuer,
    /// The issuer or the token endpoint, also in a list (RFC 7523 §3), as older clients do.
    IssuerOrTokenEndpoint,
}

/// One authorization server: what it is called, what it has, and what its operator has laid down.
#[derive(Debug)]
pub struct Profile {
    /// Its identifier, without a slash at the end.
    pub issuer: String,
    /// The API that tokens are for where a request names none.
    pub resource: Resource,
    /// Whom client assertions may be addressed to.
    pub assertion_audience: AssertionAudience,
    /// What it has laid down about clients.
    pub definitions: Arc<Definitions>,
    /// What it signs tokens with.
    pub keys: Arc<SigningKeys>,
}

impl Profile {
    /// The address of an endpoint, as in `https://id.example/staff/token`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}
