//! The token endpoint (RFC 6749 §3.2): from a grant to a token.

use std::time::Duration;

use futures_util::future::join;
use primitives::store::StoreError;
use protocol::client_authentication::{PresentationError, PresentedClient};
use protocol::form::Form;
use protocol::grant_type::GrantType;
use protocol::jose::KeyRejected;
use protocol::scope::Scope;
use protocol::token::{TokenRequest, TokenRequestError};
use zeroize::Zeroizing;

use crate::client_authentication::{AuthenticationError, authenticate};
use crate::grant;
use crate::resource::InvalidTarget;
use crate::world::World;

/// A token that is about to be handed out.
pub struct IssuedToken {
    /// The token, in the clear.
    pub text: Zeroizing<String>,
    /// How long it lives.
    pub lifetime: Duration,
    /// What it is good for.
    pub scope: Scope,
    /// What the next one can be got with.
    pub refresh_token: Option<Zeroizing<String>>,
    /// Who signed in.
    pub id_token: Option<Zeroizing<String>>,
}

impl IssuedToken {
    /// A token that nothing else comes with.
    pub(crate) fn alone(text: Zeroizing<String>, lifetime: Duration, scope: Scope) -> Self {
        Self { text, lifetime, scope, refresh_token: None, id_token: None }
    }
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IssuedToken(.., {:?}, {})", self.lifetime, self.scope)
    }
}

/// A token, and the client that gets it.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The client.
    pub client_id: String,
    /// The token.
    pub token: IssuedToken,
}

/// What is wrong with a code or a refresh token. The client is told the same of those that it could not tell apart; the
/// audit log knows more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantProblem {
    /// There is none of this name, or it is not what was given out.
    Unknown,
    /// It was given to another client.
    OfAnotherClient,
    /// The code was sent to another redirect URI.
    SentElsewhere,
    /// The verifier is not the one that was committed to.
    WrongVerifier,
    /// It has ended, or what it came from has.
    Ended,
    /// The code had been redeemed before.
    Replayed,
    /// The refresh token was a dead one.
    Reused,
}

impl GrantProblem {
    /// The word in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "grant-unknown",
            Self::OfAnotherClient => "grant-of-another-client",
            Self::SentElsewhere => "code-sent-elsewhere",
            Self::WrongVerifier => "wrong-verifier",
            Self::Ended => "grant-ended",
            Self::Replayed => "code-replayed",
            Self::Reused => "refresh-token-reused",
        }
    }
}

impl std::fmt::Display for GrantProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown | Self::OfAnotherClient | Self::Ended | Self::Replayed | Self::Reused => {
                "it is unknown, expired, used, revoked, or was given to another client: begin anew"
            }
            Self::SentElsewhere => "'redirect_uri' is not the one that the code was sent to",
            Self::WrongVerifier => "'code_verifier' does not meet the 'code_challenge' of the request",
        })
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// The request does not say who the client is, or says it twice.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// The client was not believed, or could not be looked up.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Request(#[from] TokenRequestError),
    /// Nobody can use this grant here.
    #[error("the grant type is not served here")]
    UnsupportedGrantType,
    /// This client cannot.
    #[error("this client may not use the grant type '{0}'")]
    UnauthorizedClient(GrantType),
    /// A parameter that the grant needs is missing.
    #[error("'{0}' is missing")]
    ParameterMissing(&'static str),
    /// The code or the refresh token is not good.
    #[error("{0}")]
    InvalidGrant(GrantProblem),
    /// The scope is beyond the client, or may not be asked for in this way.
    #[error("{0}")]
    InvalidScope(String),
    /// The resource is unknown or malformed.
    #[error(transparent)]
    InvalidTarget(#[from] InvalidTarget),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Signing failed.
    #[error("signing failed: {0}")]
    Signing(#[from] KeyRejected),
}

/// Gives a client a token.
///
/// # Errors
/// See [`TokenRefusal`].
pub async fn token(
    authorization: Option<&str>,
    form: &Form,
    world: &World<'_>,
) -> Result<TokenAnswer, TokenRefusal> {
    let presented = PresentedClient::read(authorization, form)?;
    let request = TokenRequest::read(form);
    let served = &world.profile.definitions.capabilities().grant_types;
    let grant_type = request.as_ref().ok().and_then(|request| request.grant_type.parse::<GrantType>().ok());
    let grant_type = grant_type.filter(|grant| served.contains(grant));
    // A refresh names both its client and its grant: they are looked up at once, and who asks is still settled first.
    let refreshed = async {
        match &request {
            Ok(request) if grant_type == Some(GrantType::RefreshToken) => {
                grant::look_up(request, world).await
            }
            Ok(_) | Err(_) => Ok(None),
        }
    };
    let (client, refreshed) = join(authenticate(presented, world), refreshed).await;
    let (client, request) = (client?, request?);
    let token = match grant_type {
        Some(GrantType::AuthorizationCode) => grant::authorization_code(&client, &request, world).await?,
        Some(GrantType::RefreshToken) => grant::refresh_token(&client, &request, refreshed?, world).await?,
        Some(GrantType::ClientCredentials) => grant::client_credentials(&client, &request, world).await?,
        // What is not in `profile::capabilities` has no code behind it yet.
        Some(_) | None => return Err(TokenRefusal::UnsupportedGrantType),
    };
    Ok(TokenAnswer { client_id: client.id().to_owned(), token })
}
