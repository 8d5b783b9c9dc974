//! RFC 6749 §4.4: a client asks for itself.

use primitives::audit::{Event, EventKind};
use protocol::description::quoted;
use protocol::grant_type::GrantType;
use protocol::scope::{DCR, Scope};
use protocol::token::TokenRequest;
use registration::access::{InitialAccessToken, InitialAccessTokenRecord, Origin};
use registration::client::EffectiveClient;
use serde_json::{Map, json};

use crate::access_token::{self, Holder};
use crate::resource;
use crate::token::{IssuedToken, TokenRefusal};
use crate::world::World;

pub(crate) async fn client_credentials(
    client: &EffectiveClient,
    request: &TokenRequest,
    world: &World<'_>,
) -> Result<IssuedToken, TokenRefusal> {
    if !client.may_use(GrantType::ClientCredentials) {
        return Err(TokenRefusal::UnauthorizedClient(GrantType::ClientCredentials));
    }
    resource::check(&request.resources, world)?;
    match &request.scope {
        Some(scope) if scope.contains(DCR) => initial_access_token(client, scope, world).await,
        asked => access_token(client, asked.as_ref().filter(|asked| !asked.is_empty()), world).await,
    }
}

/// RFC 7591 §1.2: a token that is good for registering one client, and for nothing else.
async fn initial_access_token(
    client: &EffectiveClient,
    scope: &Scope,
    world: &World<'_>,
) -> Result<IssuedToken, TokenRefusal> {
    if !scope.is_only(DCR) {
        return Err(TokenRefusal::InvalidScope(format!("'{DCR}' must be asked for alone")));
    }
    let definitions = &world.profile.definitions;
    if !definitions.accesses().any(|access| access.names_client(client.id())) {
        return Err(TokenRefusal::InvalidScope(format!(
            "this client may not register others, so it gets no '{DCR}'"
        )));
    }
    let now = world.clock.now();
    let lifetime = definitions.initial_access_token_lifetime();
    let token = InitialAccessToken::generate(world.ids.next(now, world.random), world.random);
    let record = InitialAccessTokenRecord {
        id: token.id(),
        hash: token.hash(),
        origin: Origin::ClientCredentials { client_id: client.id().to_owned() },
        expires_at: now.plus(lifetime),
        spent_at: None,
        revoked_at: None,
    };
    let event = Event {
        id: world.ids.next(now, world.random),
        profile: definitions.profile().clone(),
        kind: EventKind::InitialAccessTokenIssued,
        client_id: Some(client.id().to_owned()),
        subject: None,
        detail: Map::from_iter([("token".to_owned(), json!(token.id().to_string()))]),
    };
    world.tokens.insert_initial_access_token(record, event).await?;
    Ok(IssuedToken::alone(token.reveal().to_owned().into(), lifetime, scope.clone()))
}

/// A token for the profile's resource, with as much of what was asked as the client and the resource have now.
async fn access_token(
    client: &EffectiveClient,
    asked: Option<&Scope>,
    world: &World<'_>,
) -> Result<IssuedToken, TokenRefusal> {
    let resource = &world.profile.resource;
    let ceiling = client.scope().intersection(&resource.scopes);
    let scope = asked.map_or_else(|| ceiling.clone(), |asked| asked.intersection(&ceiling));
    if scope.is_empty() {
        return Err(TokenRefusal::InvalidScope(match asked {
            Some(asked) => format!(
                "this client has nothing of {} now: it can ask for '{ceiling}'",
                quoted(&asked.to_string())
            ),
            None => "this client has no scope now, so there is no token to give".to_owned(),
        }));
    }
    let token = access_token::issue(client, Holder::Client, &scope, world).await?;
    if let Some(record) = token.record {
        world.tokens.keep_access_token(world.profile.definitions.profile(), record).await?;
    }
    Ok(IssuedToken::alone(token.text, token.lifetime, scope))
}
