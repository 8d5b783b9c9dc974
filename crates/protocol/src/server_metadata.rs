//! Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3). One document serves all three well-known
//! places.

use serde::Serialize;

use crate::authentication_method::AuthenticationMethod;
use crate::authorization::{Prompt, ResponseMode};
use crate::grant_type::GrantType;
use crate::jose::SignatureAlgorithm;
use crate::response_type::ResponseType;
use crate::scope::Scope;
use crate::subject_type::SubjectType;

/// What a profile says of itself. It names what works, and nothing else.
#[derive(Debug, Serialize)]
pub struct ServerMetadata {
    /// The profile's identifier: the very string that it was found by.
    pub issuer: String,
    /// Where users are sent; absent where nobody signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where tokens are given.
    pub token_endpoint: String,
    /// Where a client learns about the user (OpenID Connect Core §5.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// Where pages of registered origins get tokens in a frame; absent where that is not switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assisted_token_endpoint: Option<String>,
    /// Where the keys are that tokens are verified with.
    pub jwks_uri: String,
    /// Where clients register; absent where nobody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// Where tokens are asked about (RFC 7662).
    pub introspection_endpoint: String,
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
    /// How clients authenticate where they ask about tokens.
    pub introspection_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// What client assertions may be signed with where clients ask about tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<SignatureAlgorithm>,
    /// What there is to say where people sign in.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInMetadata>,
}

/// What a profile in which people sign in says besides.
#[derive(Debug, Serialize)]
pub struct SignInMetadata {
    /// How answers come back.
    pub response_modes_supported: Vec<ResponseMode>,
    /// How codes are protected. Clients refuse to go on where this is missing.
    pub code_challenge_methods_supported: [&'static str; 1],
    /// Whether every answer says who gave it (RFC 9207 §3).
    pub authorization_response_iss_parameter_supported: bool,
    /// What identifiers of users there are.
    pub subject_types_supported: Vec<SubjectType>,
    /// What ID tokens are signed with.
    pub id_token_signing_alg_values_supported: Vec<SignatureAlgorithm>,
    /// What sign-ins amount to.
    pub acr_values_supported: Vec<&'static str>,
    /// What users can be asked (OpenID Connect Prompt Create §3).
    pub prompt_values_supported: Vec<Prompt>,
    /// What is told of users.
    pub claims_supported: Vec<&'static str>,
    /// The languages of the pages.
    pub ui_locales_supported: Vec<&'static str>,
    /// Whether claims can be asked for by name.
    pub claims_parameter_supported: bool,
    /// Whether request objects are taken.
    pub request_parameter_supported: bool,
    /// Whether they are fetched. Omitted would mean that they are (OpenID Connect Discovery §3).
    pub request_uri_parameter_supported: bool,
}

fn as_list<S: serde::Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scope.iter())
}
