//! Token introspection (RFC 7662).

use identity::user::User;
use primitives::store::StoreError;
use protocol::client_authentication::{PresentationError, PresentedClient};
use protocol::form::Form;
use protocol::introspection::{IntrospectionRequest, IntrospectionResponse};
use protocol::scope::Scope;
use registration::client::EffectiveClient;

use crate::access_token::{self, LivingToken};
use crate::client_authentication::{AuthenticationError, authenticate};
use crate::grant::RefreshToken;
use crate::world::World;

/// Why nothing is said of a token.
#[derive(Debug, thiserror::Error)]
pub enum IntrospectionRefusal {
    /// The request does not say who the client is, or says it twice.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// The client was not believed, or could not be looked up.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// RFC 7662 §2.1: whoever could be anybody learns nothing.
    #[error("a client without a credential cannot ask about tokens")]
    PublicClient,
    /// There is no `token`.
    #[error("'token' is missing")]
    NoToken,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a client may know of a token, with the client.
///
/// It may know of its own, and an API of those that are for it. Of all others, and of everything that is not good, there
/// is one answer (RFC 7662 §2.2, §4). Tokens to register with are nobody's to ask about.
///
/// # Errors
/// See [`IntrospectionRefusal`].
pub async fn introspect(
    authorization: Option<&str>,
    form: &Form,
    world: &World<'_>,
) -> Result<(EffectiveClient, IntrospectionResponse), IntrospectionRefusal> {
    let presented = PresentedClient::read(authorization, form)?;
    let client = authenticate(presented, world).await?;
    if !client.is_confidential() {
        return Err(IntrospectionRefusal::PublicClient);
    }
    let request = IntrospectionRequest::read(form).ok_or(IntrospectionRefusal::NoToken)?;
    let response = if let Some(token) = RefreshToken::parse(&request.token) {
        of_refresh_token(&token, &client, world).await?
    } else if let Some(token) = access_token::read(&request.token, world).await? {
        of_access_token(token, &client, world).await?
    } else {
        None
    };
    Ok((client, response.unwrap_or_else(IntrospectionResponse::inactive)))
}

async fn of_access_token(
    token: LivingToken,
    asker: &EffectiveClient,
    world: &World<'_>,
) -> Result<Option<IntrospectionResponse>, StoreError> {
    let resource = &world.profile.resource;
    let is_the_api =
        resource.introspected_by.contains(asker.id()) && token.audience == resource.identifier.as_str();
    if token.client_id != asker.id() && !is_the_api {
        return Ok(None);
    }
    let Some(standing) = access_token::standing(&token, world).await? else { return Ok(None) };
    let subject = standing.user.as_ref().map_or_else(|| token.client_id.clone(), |user| user.id.to_string());
    let jti = token.grant.map_or_else(|| token.id.to_string(), |grant| format!("{}{grant}", token.id));
    Ok(Some(IntrospectionResponse {
        active: true,
        username: standing.user.and_then(|user| username(&user, &token.scope)),
        scope: Some(token.scope),
        client_id: Some(token.client_id),
        token_type: Some("Bearer"),
        exp: Some(token.expires_at.seconds()),
        iat: Some(token.id.made_at().seconds()),
        sub: Some(subject),
        aud: Some(token.audience),
        iss: Some(world.profile.issuer.clone()),
        jti: Some(jti),
    }))
}

/// A refresh token is between its client and this server: an API has no business with it.
async fn of_refresh_token(
    token: &RefreshToken,
    asker: &EffectiveClient,
    world: &World<'_>,
) -> Result<Option<IntrospectionResponse>, StoreError> {
    let Some(sign_in) = &world.profile.sign_in else { return Ok(None) };
    let profile = world.profile.definitions.profile();
    let found = world.grants.grant(profile, &sign_in.directory, token.grant()).await?;
    let Some((grant, marks)) = found.filter(|(grant, _)| grant.client_id == asker.id()) else {
        return Ok(None);
    };
    let now = world.clock.now();
    let is_good = grant.refresh.is_some_and(|family| {
        token.is_of(&family)
            && token.hash() == family.current
            && now < family.rotated_at.plus(sign_in.refresh.idle)
    });
    let Some(user) = grant.standing(&marks, now).filter(|_| is_good) else { return Ok(None) };
    Ok(Some(IntrospectionResponse {
        active: true,
        scope: Some(grant.scope.clone()),
        client_id: Some(grant.client_id.clone()),
        username: username(user, &grant.scope),
        token_type: None,
        exp: Some(grant.expires_at.seconds()),
        iat: Some(grant.id.made_at().seconds()),
        sub: Some(user.id.to_string()),
        aud: None,
        iss: Some(world.profile.issuer.clone()),
        jti: None,
    }))
}

/// What somebody types to sign in is told where they let the client have their profile, and nowhere else.
fn username(user: &User, scope: &Scope) -> Option<String> {
    scope.contains("profile").then(|| user.username.clone())
}
