//! Client authentication methods (RFC 7591 §2, `token_endpoint_auth_method`).

use crate::word::word;

word! {
    /// How a client proves at the token endpoint who it is.
    AuthenticationMethod {
        /// A public client: it says who it is and proves nothing.
        None = "none",
        /// Secret in HTTP Basic (RFC 6749 §2.3.1).
        ClientSecretBasic = "client_secret_basic",
        /// Secret in the request body (RFC 6749 §2.3.1).
        ClientSecretPost = "client_secret_post",
        /// Assertion signed with the secret (OpenID Connect Core §9). Never served: it needs the secret in the clear.
        ClientSecretJwt = "client_secret_jwt",
        /// Assertion signed with the client's own key (RFC 7523 §2.2).
        PrivateKeyJwt = "private_key_jwt",
        /// Certificate of a trusted issuer (RFC 8705 §2.1).
        TlsClientAuth = "tls_client_auth",
        /// Self-signed certificate (RFC 8705 §2.2).
        SelfSignedTlsClientAuth = "self_signed_tls_client_auth",
    }
}

impl AuthenticationMethod {
    /// Whether the server gives the client a secret for it.
    pub const fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }

    /// Whether it rests on a public key of the client's.
    pub const fn uses_keys(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::SelfSignedTlsClientAuth)
    }

    /// Whether the proof is a signed JWT.
    pub const fn uses_assertion(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::ClientSecretJwt)
    }
}
