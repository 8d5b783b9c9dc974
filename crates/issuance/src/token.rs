//! The token endpoint (RFC 6749 §3.2): from a grant to a token.

use std::time::Duration;

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
use crate::world::World;

/// A token that is about to be handed out.
pub struct IssuedToken {
    /// The token, in the clear.
    pub text: Zeroizing<String>,
    /// How long it lives.
    pub lifetime: Duration,
    /// What it is good for.
    pub scope: Scope,
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
    /// The scope is beyond the client, or may not be asked for in this way.
    #[error("{0}")]
    InvalidScope(String),
    /// The resource is unknown or malformed.
    #[error("{0}")]
    InvalidTarget(String),
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
    let client = authenticate(presented, world).await?;
    let request = TokenRequest::read(form)?;
    let grant_type = request.grant_type.parse::<GrantType>().ok();
    let served = &world.profile.definitions.capabilities().grant_types;
    let token = match grant_type.filter(|grant| served.contains(grant)) {
        Some(GrantType::ClientCredentials) => grant::client_credentials(&client, &request, world).await?,
        // What is not in `profile::capabilities` has no code behind it yet.
        Some(_) | None => return Err(TokenRefusal::UnsupportedGrantType),
    };
    Ok(TokenAnswer { client_id: client.id().to_owned(), token })
}
