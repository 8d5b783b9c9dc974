//! RFC 6749 §6, OAuth 2.1 §4.3: rotated at every use, with an answer that may be lost once.

use primitives::audit::{Event, EventKind};
use primitives::ordered_id::{OrderedId, TEXT_LENGTH};
use primitives::random::{Randomness, secret_text};
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use protocol::description::quoted;
use protocol::grant_type::GrantType;
use protocol::scope::{OPENID, Scope};
use protocol::token::TokenRequest;
use registration::client::EffectiveClient;
use serde_json::{Map, json};
use zeroize::Zeroizing;

use super::{GrantRecord, RefreshFamily, Rotation};
use crate::access_token::{self, Holder};
use crate::id_token;
use crate::resource;
use crate::store::{Marks, Rotated};
use crate::token::{GrantProblem, IssuedToken, TokenRefusal};
use crate::world::World;

/// What every refresh token begins with.
const PREFIX: &str = "mrt_";

/// 256 bits in base64url.
const SECRET_LENGTH: usize = 43;

/// A refresh token in the clear: the name of its grant, what is secret in the whole family, and what is secret in it.
pub(crate) struct RefreshToken {
    grant: OrderedId,
    family: Zeroizing<String>,
    text: Zeroizing<String>,
}

impl RefreshToken {
    /// The first of a family.
    pub(crate) fn first(grant: OrderedId, random: &dyn Randomness) -> Self {
        Self::of_family(grant, secret_text(random), random)
    }

    fn of_family(grant: OrderedId, family: Zeroizing<String>, random: &dyn Randomness) -> Self {
        let text = format!("{PREFIX}{grant}{}{}", *family, *secret_text(random));
        Self { grant, family, text: Zeroizing::new(text) }
    }

    /// Another one of the same family.
    fn next(&self, random: &dyn Randomness) -> Self {
        Self::of_family(self.grant, self.family.clone(), random)
    }

    /// Reads what somebody presented; `None` where it has not the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (grant, secrets) = text.strip_prefix(PREFIX)?.split_at_checked(TEXT_LENGTH)?;
        let (family, own) = secrets.split_at_checked(SECRET_LENGTH)?;
        let grant = grant.parse().ok()?;
        (own.len() == SECRET_LENGTH).then(|| Self {
            grant,
            family: Zeroizing::new(family.to_owned()),
            text: Zeroizing::new(text.to_owned()),
        })
    }

    pub(crate) fn grant(&self) -> OrderedId {
        self.grant
    }

    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.text)
    }

    /// Whether it is of this family, dead or alive.
    pub(crate) fn is_of(&self, family: &RefreshFamily) -> bool {
        family.family.is_of(&self.family)
    }

    /// What is kept when it is the first.
    pub(crate) fn begin_family(&self, grant: &GrantRecord) -> RefreshFamily {
        RefreshFamily {
            family: SecretHash::of(&self.family),
            current: self.hash(),
            previous: None,
            rotated_at: grant.id.made_at(),
        }
    }

    /// The token itself, for the one answer that hands it out.
    pub(crate) fn into_text(self) -> Zeroizing<String> {
        self.text
    }
}

/// What a refresh token that was presented comes from, with what stands against it.
pub(crate) struct PresentedGrant {
    token: RefreshToken,
    grant: GrantRecord,
    marks: Marks,
}

/// Looks for the grant that a request's refresh token names; `None` where there is none. Nothing is decided: who the
/// client is may not be known yet.
pub(crate) async fn look_up(
    request: &TokenRequest,
    world: &World<'_>,
) -> Result<Option<PresentedGrant>, StoreError> {
    let token = request.refresh_token.as_deref().and_then(|text| RefreshToken::parse(text));
    let (Some(sign_in), Some(token)) = (&world.profile.sign_in, token) else { return Ok(None) };
    let profile = world.profile.definitions.profile();
    let found = world.grants.grant(profile, &sign_in.directory, token.grant()).await?;
    Ok(found.map(|(grant, marks)| PresentedGrant { token, grant, marks }))
}

/// Gives a client new tokens for its refresh token.
pub(crate) async fn refresh_token(
    client: &EffectiveClient,
    request: &TokenRequest,
    presented: Option<PresentedGrant>,
    world: &World<'_>,
) -> Result<IssuedToken, TokenRefusal> {
    if !super::gets_refresh_tokens(client, world) {
        return Err(TokenRefusal::UnauthorizedClient(GrantType::RefreshToken));
    }
    if request.refresh_token.is_none() {
        return Err(TokenRefusal::ParameterMissing("refresh_token"));
    }
    resource::check(&request.resources, world)?;
    let sign_in = world.profile.sign_in.as_ref().ok_or(TokenRefusal::UnsupportedGrantType)?;
    let (profile, now) = (world.profile.definitions.profile(), world.clock.now());
    let refused = |why| TokenRefusal::InvalidGrant(why);

    let PresentedGrant { token, grant, marks } = presented.ok_or(refused(GrantProblem::Unknown))?;
    let family = grant.refresh.filter(|family| token.is_of(family)).ok_or(refused(GrantProblem::Unknown))?;
    if grant.client_id != client.id() {
        return Err(refused(GrantProblem::OfAnotherClient));
    }
    grant.standing(&marks, now).ok_or(refused(GrantProblem::Ended))?;
    if family.rotated_at.plus(sign_in.refresh.idle) <= now {
        return Err(refused(GrantProblem::Ended));
    }
    // Whatever the client may ask for now: a template that has less since gives less.
    let scope = scope_now(client, &grant, request.scope.as_ref())?;
    let holder = Holder::User(&grant);
    let access_token = access_token::issue(client, holder, &scope, world).await?;
    let id_token = match scope.contains(OPENID) {
        true => Some(id_token::issue(client, &grant, None, world).await?),
        false => None,
    };
    let next = token.next(world.random);
    let rotation = Rotation {
        grant: grant.id,
        presented: token.hash(),
        next: next.hash(),
        at: now,
        overlap: sign_in.refresh.overlap,
        access_token: access_token.record,
        reused: reused(&grant, world),
    };
    match world.grants.rotate(profile, rotation).await? {
        Rotated::Now => Ok(IssuedToken {
            text: access_token.text,
            lifetime: access_token.lifetime,
            scope,
            refresh_token: Some(next.into_text()),
            id_token,
        }),
        Rotated::Reused => Err(refused(GrantProblem::Reused)),
        Rotated::Ended => Err(refused(GrantProblem::Ended)),
    }
}

/// RFC 6749 §6: no more than was granted; and no more than the client has now.
fn scope_now(
    client: &EffectiveClient,
    grant: &GrantRecord,
    asked: Option<&Scope>,
) -> Result<Scope, TokenRefusal> {
    let ceiling = grant.scope.intersection(&client.scope());
    let asked = asked.filter(|asked| !asked.is_empty());
    let scope = asked.map_or_else(|| ceiling.clone(), |asked| asked.intersection(&ceiling));
    if let Some(asked) = asked.filter(|asked| !asked.is_subset(&grant.scope)) {
        let beyond = quoted(&asked.difference(&grant.scope).to_string());
        return Err(TokenRefusal::InvalidScope(format!("{beyond} was not granted: ask for '{ceiling}'")));
    }
    if scope.is_empty() {
        let text = "this client has nothing of what was granted any more, so there is no token to give";
        return Err(TokenRefusal::InvalidScope(text.to_owned()));
    }
    Ok(scope)
}

fn reused(grant: &GrantRecord, world: &World<'_>) -> Event {
    Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.definitions.profile().clone(),
        kind: EventKind::RefreshTokenReused,
        client_id: Some(grant.client_id.clone()),
        subject: Some(grant.user.to_string()),
        detail: Map::from_iter([("grant".to_owned(), json!(grant.id.to_string()))]),
    }
}
