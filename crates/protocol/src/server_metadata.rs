//! Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3). One document serves all three well-known
//! places.

use serde::Serialize;

use crate::authentication_method::AuthenticationMethod;
use crate::grant_type::GrantType;
use crate::jose::SignatureAlgorithm;
use crate::response_type::ResponseType;
use crate::scope::Scope;

/// What a profile says of itself. It names what works, and nothing else.
#[derive(Debug, Serialize)]
pub struct ServerMetadata {
    /// The profile's identifier: the very string that it was found by.
    pub issuer: String,
    /// Where tokens are given.
    pub token_endpoint: String,
    /// Where the keys are that tokens are verified with.
    pub jwks_uri: String,
    /// Where clients register; absent where nobody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// The scopes that a client can ask for.
    #[serde(serialize_with = "as_list")]
    pub scopes_supported: Scope,
    /// What the authorization endpoint answers with. RFC 8414 §2 requires the member, also where it is empty.
    pub response_types_supported: Vec<ResponseType>,
    /// The grants that are served. RFC 8414 §2: omitted would mean two that are not.
    pub grant_types_supported: Vec<GrantType>,
    /// How clients authenticate.
    pub token_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// What client assertions may be signed with. RFC 8414 §2: required with a method that uses them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<SignatureAlgorithm>,
    /// How clients authenticate where they revoke.
    pub revocation_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// What client assertions may be signed with where clients revoke.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<SignatureAlgorithm>,
}

fn as_list<S: serde::Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scope.iter())
}
