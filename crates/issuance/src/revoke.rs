//! The revocation endpoint (RFC 7009).

use primitives::audit::{Event, EventKind};
use primitives::store::StoreError;
use protocol::client_authentication::{PresentationError, PresentedClient};
use protocol::form::Form;
use protocol::revocation::RevocationRequest;
use registration::access::InitialAccessToken;
use registration::client::EffectiveClient;
use serde_json::{Map, json};

use crate::access_token;
use crate::client_authentication::{AuthenticationError, authenticate};
use crate::world::World;

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationRefusal {
    /// The request does not say who the client is, or says it twice.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// The client was not believed, or could not be looked up.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// There is no `token`.
    #[error("'token' is missing")]
    NoToken,
    /// RFC 7009 §2.2.1: an access token that APIs verify by themselves; nobody would hear of it.
    #[error(
        "access tokens of this server are verified by the APIs themselves and end by themselves: they cannot be revoked"
    )]
    UnsupportedTokenType,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Revokes a token of the client that asks. Its answer is the client.
///
/// RFC 7009 §2.2: a token that is unknown, or not good any more, is as revoked as can be. So is, towards this client,
/// one that was given to another: whether it exists is none of its business, and it stays good.
///
/// # Errors
/// See [`RevocationRefusal`].
pub async fn revoke(
    authorization: Option<&str>,
    form: &Form,
    world: &World<'_>,
) -> Result<EffectiveClient, RevocationRefusal> {
    let presented = PresentedClient::read(authorization, form)?;
    let client = authenticate(presented, world).await?;
    let request = RevocationRequest::read(form).ok_or(RevocationRefusal::NoToken)?;
    if let Some(token) = InitialAccessToken::parse(&request.token) {
        revoke_initial_access_token(&token, &client, world).await?;
    } else if access_token::looks_like_one(&request.token) {
        return Err(RevocationRefusal::UnsupportedTokenType);
    }
    Ok(client)
}

async fn revoke_initial_access_token(
    token: &InitialAccessToken,
    client: &EffectiveClient,
    world: &World<'_>,
) -> Result<(), StoreError> {
    let profile = world.profile.definitions.profile();
    let Some(record) = world.clients.initial_access_token(profile, token.id()).await? else { return Ok(()) };
    let now = world.clock.now();
    if !record.is_proven_by(token) || record.origin.client_id() != client.id() || !record.is_good(now) {
        return Ok(());
    }
    let event = Event {
        id: world.ids.next(now, world.random),
        profile: profile.clone(),
        kind: EventKind::InitialAccessTokenRevoked,
        client_id: Some(client.id().to_owned()),
        subject: record.origin.subject().map(str::to_owned),
        detail: Map::from_iter([("token".to_owned(), json!(record.id.to_string()))]),
    };
    // Spent in this very moment: then it is not good any more, which is what was asked for.
    world.tokens.revoke_initial_access_token(record.id, event).await.map(drop)
}
