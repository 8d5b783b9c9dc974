//! The token endpoint's requests and answers (RFC 6749 §3.2, §5).

use serde::Serialize;

use crate::description::Description;
use crate::form::Form;
use crate::scope::{NotAScope, Scope};
use crate::word::word;

word! {
    /// The error codes of RFC 6749 §5.2, and `invalid_target` of RFC 8707 §2.
    TokenErrorCode {
        /// A parameter is missing, repeated or malformed.
        InvalidRequest = "invalid_request",
        /// Client authentication failed, for whatever reason.
        InvalidClient = "invalid_client",
        /// The grant is unknown, used, expired, or somebody else's.
        InvalidGrant = "invalid_grant",
        /// The client may not use this grant.
        UnauthorizedClient = "unauthorized_client",
        /// Nobody may.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The scope is malformed, or all of it is beyond the client.
        InvalidScope = "invalid_scope",
        /// The resource is unknown, malformed, or beyond the client.
        InvalidTarget = "invalid_target",
    }
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenError {
    /// What kind of thing is wrong.
    pub error: TokenErrorCode,
    /// What to do.
    pub error_description: Description,
}

/// A token request, without its client authentication.
#[derive(Debug)]
pub struct TokenRequest {
    /// The grant that is presented.
    pub grant_type: String,
    /// The scope asked for; `None` where the request does not say.
    pub scope: Option<Scope>,
    /// The resources asked for (RFC 8707 §2).
    pub resources: Vec<String>,
}

/// Why a token request makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    /// RFC 6749 §4: every grant has a name.
    #[error("'grant_type' is missing")]
    NoGrantType,
    /// RFC 6749 §3.3.
    #[error("{0}")]
    Scope(#[from] NotAScope),
}

impl TokenRequest {
    /// Reads the parameters that all grants share.
    ///
    /// # Errors
    /// See [`TokenRequestError`].
    pub fn read(form: &Form) -> Result<Self, TokenRequestError> {
        Ok(Self {
            grant_type: form.get("grant_type").ok_or(TokenRequestError::NoGrantType)?.to_owned(),
            scope: form.get("scope").map(str::parse).transpose()?,
            resources: form.all("resource").map(str::to_owned).collect(),
        })
    }
}

/// A successful answer (RFC 6749 §5.1).
#[derive(Serialize)]
pub struct TokenResponse<'a> {
    /// The token.
    pub access_token: &'a str,
    /// `Bearer`, in this spelling: some clients compare it letter by letter.
    pub token_type: &'static str,
    /// Its life in seconds.
    pub expires_in: u64,
    /// What it is good for. Always stated, since it may be less than was asked (RFC 6749 §3.3).
    pub scope: &'a Scope,
}

impl std::fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TokenResponse(.., expires in {} s, {})", self.expires_in, self.scope)
    }
}
