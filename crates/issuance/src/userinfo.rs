//! The userinfo endpoint (OpenID Connect Core §5.3).

use primitives::store::StoreError;
use protocol::scope::OPENID;
use serde_json::{Map, Value, json};

use crate::access_token;
use crate::world::World;

/// Why nothing is said of the user.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoRefusal {
    /// The token is unknown, has ended, was taken back, or is no access token.
    #[error("the access token is unknown, expired or revoked")]
    InvalidToken,
    /// RFC 6750 §3.1: a good token, for something else.
    #[error("this access token has not the scope 'openid'")]
    InsufficientScope,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the scope of a token lets its client know of the user.
///
/// # Errors
/// See [`UserinfoRefusal`].
pub async fn userinfo(token: &str, world: &World<'_>) -> Result<Map<String, Value>, UserinfoRefusal> {
    let token = access_token::read(token, world).await?.ok_or(UserinfoRefusal::InvalidToken)?;
    let standing = access_token::standing(&token, world).await?.ok_or(UserinfoRefusal::InvalidToken)?;
    let user = standing.user.filter(|_| token.scope.contains(OPENID));
    let user = user.ok_or(UserinfoRefusal::InsufficientScope)?;
    let mut claims = identity::claims::claims_of(&user, &token.scope);
    claims.insert("sub".to_owned(), json!(user.id.to_string()));
    Ok(claims)
}
