//! What a profile says of itself (RFC 8414, OpenID Connect Discovery).

use identity::authentication::Authenticator;
use protocol::authentication_method::AuthenticationMethod;
use protocol::authorization::{Prompt, ResponseMode};
use protocol::grant_type::GrantType;
use protocol::pkce::S256;
use protocol::response_type::ResponseType;
use protocol::server_metadata::{ServerMetadata, SignInMetadata};
use protocol::subject_type::SubjectType;

use crate::profile::{Profile, SignIn};

/// The metadata document of a profile. It names what works at this moment.
pub fn server_metadata(profile: &Profile) -> ServerMetadata {
    let capabilities = profile.definitions.capabilities();
    let methods = capabilities.authentication_methods.clone();
    let with_credential =
        methods.iter().copied().filter(|method| *method != AuthenticationMethod::None).collect();
    let with_assertions = methods.contains(&AuthenticationMethod::PrivateKeyJwt);
    let algorithms = if with_assertions { capabilities.assertion_algorithms.clone() } else { Vec::new() };
    let sign_in = profile.sign_in.as_ref();
    ServerMetadata {
        issuer: profile.issuer.clone(),
        authorization_endpoint: sign_in.map(|_| profile.endpoint("/authorize")),
        token_endpoint: profile.endpoint("/token"),
        userinfo_endpoint: sign_in.map(|_| profile.endpoint("/userinfo")),
        assisted_token_endpoint: sign_in
            .filter(|sign_in| sign_in.assisted_token)
            .map(|_| profile.endpoint("/assisted-token")),
        jwks_uri: profile.endpoint("/jwks"),
        registration_endpoint: profile.definitions.registers_clients().then(|| profile.endpoint("/register")),
        revocation_endpoint: profile.endpoint("/revoke"),
        introspection_endpoint: profile.endpoint("/introspect"),
        scopes_supported: profile.definitions.scopes().clone(),
        response_types_supported: response_types(profile),
        grant_types_supported: grant_types(profile),
        token_endpoint_auth_methods_supported: methods.clone(),
        token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        introspection_endpoint_auth_methods_supported: with_credential,
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        sign_in: sign_in.map(of_sign_in),
    }
}

fn of_sign_in(sign_in: &SignIn) -> SignInMetadata {
    let mut response_modes_supported = vec![ResponseMode::Query];
    if sign_in.implicit_grant {
        response_modes_supported.push(ResponseMode::Fragment);
    }
    SignInMetadata {
        response_modes_supported,
        code_challenge_methods_supported: [S256],
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: vec![SubjectType::Public],
        id_token_signing_alg_values_supported: sign_in.id_token_algorithms.clone(),
        acr_values_supported: Authenticator::ALL.into_iter().map(Authenticator::acr).collect(),
        prompt_values_supported: Prompt::ALL.to_vec(),
        claims_supported: identity::claims::names().collect(),
        ui_locales_supported: vec!["en", "de"],
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
    }
}

/// The implicit grant is for the operator's own clients, so registration does not know it.
fn response_types(profile: &Profile) -> Vec<ResponseType> {
    let mut types = profile.definitions.capabilities().response_types.clone();
    if profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.implicit_grant) {
        types.push(ResponseType::Token);
    }
    types
}

fn grant_types(profile: &Profile) -> Vec<GrantType> {
    let mut types = profile.definitions.capabilities().grant_types.clone();
    if profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.implicit_grant) {
        types.push(GrantType::Implicit);
    }
    types
}
