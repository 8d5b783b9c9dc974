//! The revocation endpoint (RFC 7009).

use primitives::audit::{Event, EventKind};
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use protocol::client_authentication::{PresentationError, PresentedClient};
use protocol::form::Form;
use protocol::revocation::RevocationRequest;
use registration::access::InitialAccessToken;
use registration::client::EffectiveClient;
use serde_json::{Map, json};

use crate::access_token::{self, LivingToken};
use crate::client_authentication::{AuthenticationError, authenticate};
use crate::grant::RefreshToken;
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
    } else if let Some(token) = RefreshToken::parse(&request.token) {
        revoke_refresh_token(&token, &client, world).await?;
    } else if let Some(token) = access_token::read(&request.token, world).await? {
        revoke_access_token(&token, &client, world).await?;
    }
    Ok(client)
}

/// RFC 7009 §2.1: the grant ends with its refresh token, and with it every access token that came from it.
async fn revoke_refresh_token(
    token: &RefreshToken,
    client: &EffectiveClient,
    world: &World<'_>,
) -> Result<(), StoreError> {
    let Some(sign_in) = &world.profile.sign_in else { return Ok(()) };
    let profile = world.profile.definitions.profile();
    let found = world.grants.grant(profile, &sign_in.directory, token.grant()).await?;
    let Some((grant, _)) = found else { return Ok(()) };
    let is_of_family = grant.refresh.is_some_and(|family| token.is_of(&family));
    if !is_of_family || grant.client_id != client.id() || grant.ended_at.is_some() {
        return Ok(());
    }
    let subject = Some(grant.user.to_string());
    let event = event(EventKind::GrantEnded, client, subject, ("grant", grant.id), world);
    world.grants.end_grant(grant.id, event).await.map(drop)
}

/// An access token that is a JWT is good until it ends wherever an API verifies it by itself; wherever this server is asked,
/// it is not from now on.
async fn revoke_access_token(
    token: &LivingToken,
    client: &EffectiveClient,
    world: &World<'_>,
) -> Result<(), StoreError> {
    if token.client_id != client.id() {
        return Ok(());
    }
    let event = event(EventKind::AccessTokenRevoked, client, None, ("token", token.id), world);
    world.tokens.revoke_access_token(token.id, token.expires_at, event).await.map(drop)
}

fn event(
    kind: EventKind,
    client: &EffectiveClient,
    subject: Option<String>,
    (name, id): (&str, OrderedId),
    world: &World<'_>,
) -> Event {
    Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.definitions.profile().clone(),
        kind,
        client_id: Some(client.id().to_owned()),
        subject,
        detail: Map::from_iter([(name.to_owned(), json!(id.to_string()))]),
    }
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
    let subject = record.origin.subject().map(str::to_owned);
    let event = event(EventKind::InitialAccessTokenRevoked, client, subject, ("token", record.id), world);
    // Spent in this very moment: then it is not good any more, which is what was asked for.
    world.tokens.revoke_initial_access_token(record.id, event).await.map(drop)
}
