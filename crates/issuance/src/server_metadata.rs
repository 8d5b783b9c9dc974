//! What a profile says of itself (RFC 8414, OpenID Connect Discovery).

use protocol::authentication_method::AuthenticationMethod;
use protocol::server_metadata::ServerMetadata;

use crate::profile::Profile;

/// The metadata document of a profile. It names what works at this moment.
pub fn server_metadata(profile: &Profile) -> ServerMetadata {
    let capabilities = profile.definitions.capabilities();
    let methods = capabilities.authentication_methods.clone();
    let with_assertions = methods.contains(&AuthenticationMethod::PrivateKeyJwt);
    let algorithms = if with_assertions { capabilities.assertion_algorithms.clone() } else { Vec::new() };
    ServerMetadata {
        issuer: profile.issuer.clone(),
        token_endpoint: profile.endpoint("/token"),
        jwks_uri: profile.endpoint("/jwks"),
        registration_endpoint: profile.definitions.registers_clients().then(|| profile.endpoint("/register")),
        revocation_endpoint: profile.endpoint("/revoke"),
        scopes_supported: profile.definitions.scopes().clone(),
        response_types_supported: capabilities.response_types.clone(),
        grant_types_supported: capabilities.grant_types.clone(),
        token_endpoint_auth_methods_supported: methods.clone(),
        token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    }
}
