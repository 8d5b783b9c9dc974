//! Grant types (RFC 7591 §2, `grant_types`).

use crate::response_type::ResponseType;
use crate::word::word;

word! {
    /// How a client comes by tokens.
    GrantType {
        /// RFC 6749 §4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 §4.2. OAuth 2.1 has dropped it.
        Implicit = "implicit",
        /// RFC 6749 §6.
        RefreshToken = "refresh_token",
        /// RFC 6749 §4.4.
        ClientCredentials = "client_credentials",
        /// RFC 8628 §3.4.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// RFC 7523 §2.1.
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        /// RFC 8693 §2.1.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// OpenID Connect CIBA §10.1.
        Ciba = "urn:openid:params:grant-type:ciba",
    }
}

impl GrantType {
    /// Whether the flow passes through the authorization endpoint and comes back by a redirect URI.
    pub const fn redirects(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Implicit)
    }

    /// Whether a refresh token can come of it (a client may want `refresh_token` beside it).
    pub const fn can_give_refresh_tokens(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode | Self::Ciba)
    }

    /// Whether only a client that can authenticate may use it.
    ///
    /// RFC 6749 §4.4: client credentials MUST only be used by confidential clients. CIBA Core §4 asks the same, and
    /// a client that nobody can identify has no business exchanging tokens or asserting identities.
    pub const fn needs_client_authentication(self) -> bool {
        matches!(self, Self::ClientCredentials | Self::JwtBearer | Self::TokenExchange | Self::Ciba)
    }

    /// RFC 7591 §2.1: what must stand in `grant_types` for a response type to make sense.
    pub fn required_by(response_type: ResponseType) -> &'static [Self] {
        match response_type {
            ResponseType::Code => &[Self::AuthorizationCode],
            ResponseType::IdToken | ResponseType::Token | ResponseType::IdTokenToken => &[Self::Implicit],
            ResponseType::CodeIdToken | ResponseType::CodeToken | ResponseType::CodeIdTokenToken => {
                &[Self::AuthorizationCode, Self::Implicit]
            }
        }
    }
}
