//! RFC 6749 §4.1.3, OAuth 2.1 §4.1.3: a code becomes tokens, once.

use primitives::audit::{Event, EventKind};
use protocol::grant_type::GrantType;
use protocol::scope::{DCR, OFFLINE_ACCESS, OPENID};
use protocol::token::TokenRequest;
use registration::client::EffectiveClient;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Gives, GrantRecord, Redemption, RefreshToken, gets_refresh_tokens};
use crate::access_token::{self, Holder};
use crate::authorize::{self, CodeRecord};
use crate::profile::SignIn;
use crate::store::Redeemed;
use crate::token::{GrantProblem, IssuedToken, TokenRefusal};
use crate::world::World;
use crate::{id_token, resource};

/// Gives a client what its code is good for.
pub(crate) async fn authorization_code(
    client: &EffectiveClient,
    request: &TokenRequest,
    world: &World<'_>,
) -> Result<IssuedToken, TokenRefusal> {
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(TokenRefusal::UnauthorizedClient(GrantType::AuthorizationCode));
    }
    let text = request.code.as_deref().ok_or(TokenRefusal::ParameterMissing("code"))?;
    let verifier = request.code_verifier.as_deref().ok_or(TokenRefusal::ParameterMissing("code_verifier"))?;
    resource::check(&request.resources, world)?;
    let sign_in = world.profile.sign_in.as_ref().ok_or(TokenRefusal::UnsupportedGrantType)?;
    let (profile, now) = (world.profile.definitions.profile(), world.clock.now());
    let refused = |why| TokenRefusal::InvalidGrant(why);

    let presented = authorize::parse_code(text).ok_or(refused(GrantProblem::Unknown))?;
    let found = world.grants.code(profile, &sign_in.directory, presented.id()).await?;
    let (code, marks) = found
        .filter(|(code, _)| code.hash.is_of(presented.reveal()))
        .ok_or(refused(GrantProblem::Unknown))?;
    check_binding(&code, client, request.redirect_uri.as_deref(), verifier)?;
    let user = marks.user.as_ref().filter(|user| user.stands_by(code.authentication.at));
    let is_over = code.expires_at <= now
        || user.is_none()
        || marks.session.ended_at.is_some()
        || marks.client_not_before.is_some_and(|mark| code.id.made_at() < mark);
    // A code that was used is presented to the store all the same: there it takes back what it gave.
    if is_over && code.used_at.is_none() {
        return Err(refused(GrantProblem::Ended));
    }
    let (gives, answer, given) = if code.scope.is_only(DCR) {
        for_registering(&code, world)
    } else {
        tokens(client, &code, sign_in, world).await?
    };
    let replayed =
        event(EventKind::AuthorizationCodeReplayed, &code, ("code", json!(code.id.to_string())), world);
    let redemption = Redemption { code: code.id, at: now, gives, given, replayed };
    match world.grants.redeem(profile, &sign_in.directory, redemption).await? {
        Redeemed::Now => Ok(answer),
        Redeemed::Before => Err(refused(GrantProblem::Replayed)),
        Redeemed::Unknown => Err(refused(GrantProblem::Unknown)),
    }
}

/// Whoever presents a code is the client that it was given to, and knows what that client knew when it asked. A redirect
/// URI that is sent is the one that the code was sent to (RFC 6749 §4.1.3); OAuth 2.1 §4.1.3 does without.
fn check_binding(
    code: &CodeRecord,
    client: &EffectiveClient,
    redirect_uri: Option<&str>,
    verifier: &str,
) -> Result<(), TokenRefusal> {
    let is_met = code.challenge.is_met_by(verifier);
    if code.client_id != client.id() {
        return Err(TokenRefusal::InvalidGrant(GrantProblem::OfAnotherClient));
    }
    if redirect_uri.is_some_and(|uri| uri != code.redirect_uri) {
        return Err(TokenRefusal::InvalidGrant(GrantProblem::SentElsewhere));
    }
    if is_met { Ok(()) } else { Err(TokenRefusal::InvalidGrant(GrantProblem::WrongVerifier)) }
}

/// RFC 7591 §1.2: it never comes with a refresh token.
fn for_registering(code: &CodeRecord, world: &World<'_>) -> (Gives, IssuedToken, Event) {
    let (token, record) = authorize::for_user(&code.client_id, code.user, world);
    let lifetime = world.profile.definitions.initial_access_token_lifetime();
    let answer = IssuedToken::alone(Zeroizing::new(token.reveal().to_owned()), lifetime, code.scope.clone());
    let detail = ("token", json!(token.id().to_string()));
    let given = event(EventKind::InitialAccessTokenIssued, code, detail, world);
    (Gives::InitialAccessToken(record), answer, given)
}

async fn tokens(
    client: &EffectiveClient,
    code: &CodeRecord,
    sign_in: &SignIn,
    world: &World<'_>,
) -> Result<(Gives, IssuedToken, Event), TokenRefusal> {
    let now = world.clock.now();
    // The template may have less since the user consented.
    let mut scope = code.scope.intersection(&client.scope());
    let is_refreshable = gets_refresh_tokens(client, world);
    if !is_refreshable {
        scope = scope.without(OFFLINE_ACCESS);
    }
    if scope.is_empty() {
        let text = "this client has nothing of what was granted any more, so there is no token to give";
        return Err(TokenRefusal::InvalidScope(text.to_owned()));
    }
    let mut grant = GrantRecord {
        id: world.ids.next(now, world.random),
        client_id: client.id().to_owned(),
        user: code.user,
        session: code.session,
        authentication: code.authentication,
        scope: scope.clone(),
        refresh: None,
        expires_at: now.plus(access_token::lifetime(client, world)),
        ended_at: None,
    };
    let refresh_token = is_refreshable.then(|| RefreshToken::first(grant.id, world.random));
    if let Some(token) = &refresh_token {
        grant.refresh = Some(token.begin_family(&grant));
        grant.expires_at = now.plus(sign_in.refresh.absolute);
    }
    let access_token = access_token::issue(client, Holder::User(&grant), &scope, world).await?;
    let id_token = match scope.contains(OPENID) {
        true => Some(id_token::issue(client, &grant, code.nonce.as_deref(), world).await?),
        false => None,
    };
    let detail = ("grant", json!(grant.id.to_string()));
    let mut given = event(EventKind::GrantIssued, code, detail, world);
    given.detail.insert("scope".to_owned(), json!(scope));
    let answer = IssuedToken {
        text: access_token.text,
        lifetime: access_token.lifetime,
        scope,
        refresh_token: refresh_token.map(RefreshToken::into_text),
        id_token,
    };
    Ok((Gives::Grant(Box::new(grant), access_token.record), answer, given))
}

fn event(kind: EventKind, code: &CodeRecord, (name, value): (&str, Value), world: &World<'_>) -> Event {
    Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.definitions.profile().clone(),
        kind,
        client_id: Some(code.client_id.clone()),
        subject: Some(code.user.to_string()),
        detail: Map::from_iter([(name.to_owned(), value)]),
    }
}
