//! Bearer tokens in requests, and the challenges that answer them (RFC 6750).

use serde::Serialize;

use crate::description::Description;
use crate::word::word;

word! {
    /// The error codes of RFC 6750 §3.1.
    BearerErrorCode {
        /// The request is malformed.
        InvalidRequest = "invalid_request",
        /// The token is unknown, expired, revoked, or not for this.
        InvalidToken = "invalid_token",
        /// The token is good, but not for this.
        InsufficientScope = "insufficient_scope",
    }
}

/// The token of an `Authorization` header (RFC 6750 §2.1); `None` where the scheme is another one or the token has
/// characters that no token has.
///
/// Tokens in the body or in the query (RFC 6750 §2.2, §2.3) are not looked for: OAuth 2.1 §5.1 forbids the latter,
/// and both end up in logs.
pub fn token_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let b64token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() && token.bytes().all(b64token))
        .then_some(token)
}

/// Why a protected request is refused (RFC 6750 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// No token came. RFC 6750 §3.1: then the challenge bears no error code.
    NoToken,
    /// What came cannot be read as one token.
    InvalidRequest(Description),
    /// A token came that is none, or not any more.
    InvalidToken(Description),
    /// A good token came that lacks this scope.
    InsufficientScope(&'static str, Description),
}

impl Challenge {
    /// The value of the `WWW-Authenticate` header. `realm` is the name of the profile.
    pub fn header(&self, realm: &str) -> String {
        let realm = Description::new(realm);
        match self {
            Self::NoToken => format!("Bearer realm=\"{realm}\""),
            Self::InvalidRequest(text) => {
                format!("Bearer realm=\"{realm}\", error=\"invalid_request\", error_description=\"{text}\"")
            }
            Self::InvalidToken(text) => {
                format!("Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"{text}\"")
            }
            Self::InsufficientScope(scope, text) => format!(
                "Bearer realm=\"{realm}\", error=\"insufficient_scope\", error_description=\"{text}\", scope=\"{scope}\""
            ),
        }
    }

    /// The body that goes with it. RFC 6750 asks for none; clients show it to the people who have to mend things.
    pub fn body(&self) -> BearerError {
        match self {
            Self::NoToken => BearerError {
                error: BearerErrorCode::InvalidToken,
                error_description: "send an access token as 'Authorization: Bearer ...'; \
                                    tokens in the query or in the body are not looked at"
                    .into(),
                scope: None,
            },
            Self::InvalidRequest(text) => BearerError {
                error: BearerErrorCode::InvalidRequest,
                error_description: text.clone(),
                scope: None,
            },
            Self::InvalidToken(text) => BearerError {
                error: BearerErrorCode::InvalidToken,
                error_description: text.clone(),
                scope: None,
            },
            Self::InsufficientScope(scope, text) => BearerError {
                error: BearerErrorCode::InsufficientScope,
                error_description: text.clone(),
                scope: Some(scope),
            },
        }
    }
}

/// The JSON that goes with a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BearerError {
    /// The kind of refusal.
    pub error: BearerErrorCode,
    /// What to do.
    pub error_description: Description,
    /// The scope that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_taken_for_one() {
        assert_eq!(token_of("Bearer abc-._~+/="), Some("abc-._~+/="));
        assert_eq!(token_of("bearer  abc"), Some("abc"));
        for other in [
            "",
            "Bearer",
            "Bearer ",
            "Basic abc",
            "Bearer a b",
            "Bearer a,b",
            "DPoP abc",
            "Bearerabc",
            "Bearer \u{e9}",
        ] {
            assert_eq!(token_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_challenge_without_a_token_bears_no_error() {
        assert_eq!(Challenge::NoToken.header("staff"), r#"Bearer realm="staff""#);
        assert_eq!(
            Challenge::InsufficientScope("dcr", "ask for it".into()).header("a\"b"),
            r#"Bearer realm="a'b", error="insufficient_scope", error_description="ask for it", scope="dcr""#
        );
    }
}
