//! The token endpoint's requests and answers (RFC 6749 §3.2, §5).

use serde::Serialize;
use zeroize::Zeroizing;

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
pub struct TokenRequest {
    /// The grant that is presented.
    pub grant_type: String,
    /// The scope asked for; `None` where the request does not say.
    pub scope: Option<Scope>,
    /// The resources asked for (RFC 8707 §2).
    pub resources: Vec<String>,
    /// The authorization code (RFC 6749 §4.1.3).
    pub code: Option<Zeroizing<String>>,
    /// Where the code was sent to.
    pub redirect_uri: Option<String>,
    /// What proves that the code is redeemed by whoever asked for it (RFC 7636 §4.5).
    pub code_verifier: Option<Zeroizing<String>>,
    /// The refresh token (RFC 6749 §6).
    pub refresh_token: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TokenRequest({}, ..)", self.grant_type)
    }
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
        let secret = |name: &str| form.get(name).map(|text| Zeroizing::new(text.to_owned()));
        Ok(Self {
            grant_type: form.get("grant_type").ok_or(TokenRequestError::NoGrantType)?.to_owned(),
            scope: form.get("scope").map(str::parse).transpose()?,
            resources: form.all("resource").map(str::to_owned).collect(),
            code: secret("code"),
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            code_verifier: secret("code_verifier"),
            refresh_token: secret("refresh_token"),
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
    /// What the next access token can be got with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<&'a str>,
    /// Who signed in (OpenID Connect Core §3.1.3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<&'a str>,
}

impl std::fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TokenResponse(.., expires in {} s, {})", self.expires_in, self.scope)
    }
}
