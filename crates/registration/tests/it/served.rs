//! Capabilities to test with.

use protocol::authentication_method::AuthenticationMethod;
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::response_type::ResponseType;
use registration::capabilities::{Answers, Capabilities};

/// Machines with secrets or keys, and nothing else.
pub(crate) fn machines() -> Capabilities {
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

/// Whatever the heart knows of.
pub(crate) fn everything() -> Capabilities {
    let signed = || Answers::Signed(SignatureAlgorithm::ALL.to_vec());
    Capabilities {
        grant_types: GrantType::ALL.to_vec(),
        response_types: ResponseType::ALL.to_vec(),
        authentication_methods: AuthenticationMethod::ALL.to_vec(),
        assertion_algorithms: SignatureAlgorithm::ALL.to_vec(),
        fetches_keys: true,
        sign_in: true,
        refresh_tokens_for_public_clients: true,
        pairwise_subjects: true,
        id_tokens: signed(),
        userinfo: signed(),
        authorization_responses: signed(),
        introspection: signed(),
        request_object_algorithms: SignatureAlgorithm::ALL.to_vec(),
        fetches_request_objects: true,
        pushed_authorization_requests: true,
        dpop: true,
        certificate_bound_tokens: true,
        authorization_details_types: vec!["payment".into()],
        rp_initiated_logout: true,
        frontchannel_logout: true,
        backchannel_logout: true,
        key_encryption_algorithms: vec!["RSA-OAEP-256".into(), "ECDH-ES".into()],
        content_encryption_algorithms: vec!["A128CBC-HS256".into(), "A256GCM".into()],
    }
}

/// Code flow and machines, with public clients; no ID tokens.
pub(crate) fn code_flow() -> Capabilities {
    Capabilities {
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ],
        response_types: vec![ResponseType::Code],
        authentication_methods: vec![
            AuthenticationMethod::None,
            AuthenticationMethod::ClientSecretBasic,
            AuthenticationMethod::PrivateKeyJwt,
        ],
        authorization_responses: Answers::Unsigned,
        sign_in: true,
        refresh_tokens_for_public_clients: true,
        ..machines()
    }
}
