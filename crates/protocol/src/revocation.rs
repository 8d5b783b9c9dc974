//! The revocation endpoint's requests and errors (RFC 7009 §2).

use serde::Serialize;

use crate::description::Description;
use crate::form::Form;
use crate::word::word;

word! {
    /// The error codes of RFC 7009 §2.2.1 that RFC 6749 §5.2 does not have, with the one that we use of those.
    RevocationErrorCode {
        /// A parameter is missing, repeated or malformed.
        InvalidRequest = "invalid_request",
        /// Tokens of this kind cannot be revoked here.
        UnsupportedTokenType = "unsupported_token_type",
    }
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationError {
    /// What kind of thing is wrong.
    pub error: RevocationErrorCode,
    /// What to do.
    pub error_description: Description,
}

/// A token to be revoked. `token_type_hint` is not read: our tokens say themselves what they are (RFC 7009 §2.1
/// lets a server ignore it).
pub struct RevocationRequest {
    /// The token.
    pub token: zeroize::Zeroizing<String>,
}

impl RevocationRequest {
    /// Reads the parameters; `None` where there is no `token`.
    pub fn read(form: &Form) -> Option<Self> {
        form.get("token").map(|token| Self { token: zeroize::Zeroizing::new(token.to_owned()) })
    }
}

impl std::fmt::Debug for RevocationRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RevocationRequest(..)")
    }
}
