//! Access tokens: JWTs (RFC 9068), or opaque ones, as the profile says.

use std::time::Duration;

use identity::user::User;
use primitives::clock::Timestamp;
use primitives::ordered_id::{OrderedId, TEXT_LENGTH};
use primitives::secret::{NamedSecret, SecretHash};
use primitives::slow_work::off_thread;
use primitives::store::StoreError;
use protocol::access_token::{AccessTokenClaims, TYP};
use protocol::jose::{CompactJws, KeyRejected};
use protocol::scope::Scope;
use registration::client::EffectiveClient;
use registration::resolve;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::grant::GrantRecord;
use crate::profile::TokenFormat;
use crate::signing_keys::sign_jwt;
use crate::store::AccessTokenMarks;
use crate::world::World;

/// What every opaque access token begins with.
const PREFIX: &str = "mat_";

/// An opaque access token at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenRecord {
    /// Its name.
    pub id: OrderedId,
    /// The hash of the whole token.
    pub hash: SecretHash,
    /// The client that it was given to.
    pub client_id: String,
    /// The grant that it came from; `None`: the client got it for itself.
    pub grant: Option<OrderedId>,
    /// What it is good for.
    pub scope: Scope,
    /// The resource that it is for.
    pub audience: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// In whose name a token speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'a> {
    /// The client's own (RFC 9068 §2.2: then its subject is the client).
    Client,
    /// A user's, by this grant.
    User(&'a GrantRecord),
}

/// An access token that is about to be handed out. An opaque one is worth something once its record is kept.
pub(crate) struct NewAccessToken {
    pub(crate) text: Zeroizing<String>,
    pub(crate) lifetime: Duration,
    pub(crate) record: Option<AccessTokenRecord>,
}

/// How long access tokens of a client live.
pub(crate) fn lifetime(client: &EffectiveClient, world: &World<'_>) -> Duration {
    client.terms().access_token_lifetime.unwrap_or(world.profile.resource.access_token_lifetime)
}

/// Makes an access token.
///
/// # Errors
/// [`KeyRejected`] where signing failed.
pub(crate) async fn issue(
    client: &EffectiveClient,
    holder: Holder<'_>,
    scope: &Scope,
    world: &World<'_>,
) -> Result<NewAccessToken, KeyRejected> {
    let (now, lifetime) = (world.clock.now(), lifetime(client, world));
    let id = world.ids.next(now, world.random);
    let expires_at = now.plus(lifetime);
    match world.profile.resource.token_format {
        TokenFormat::Jwt => {
            let text = jwt(client.id(), holder, scope, (id, expires_at), world).await?;
            Ok(NewAccessToken { text: Zeroizing::new(text), lifetime, record: None })
        }
        TokenFormat::Opaque => {
            let token = NamedSecret::generate(PREFIX, id, world.random);
            let grant = match holder {
                Holder::Client => None,
                Holder::User(grant) => Some(grant),
            };
            let record = AccessTokenRecord {
                id,
                hash: token.hash(),
                client_id: client.id().to_owned(),
                grant: grant.map(|grant| grant.id),
                scope: scope.clone(),
                audience: world.profile.resource.identifier.as_str().to_owned(),
                expires_at,
            };
            let text = Zeroizing::new(token.reveal().to_owned());
            Ok(NewAccessToken { text, lifetime, record: Some(record) })
        }
    }
}

/// Its `jti` is its name and, behind it, that of the grant that it came from: enough to find what stands against it.
async fn jwt(
    client_id: &str,
    holder: Holder<'_>,
    scope: &Scope,
    (id, expires_at): (OrderedId, Timestamp),
    world: &World<'_>,
) -> Result<String, KeyRejected> {
    let (subject, jti, authentication) = match holder {
        Holder::Client => (client_id.to_owned(), id.to_string(), None),
        Holder::User(grant) => {
            (grant.user.to_string(), format!("{id}{}", grant.id), Some(grant.authentication))
        }
    };
    let claims = AccessTokenClaims {
        iss: &world.profile.issuer,
        exp: expires_at.seconds(),
        aud: world.profile.resource.identifier.as_str(),
        sub: &subject,
        client_id,
        iat: world.clock.now().seconds(),
        jti: &jti,
        scope,
        auth_time: authentication.map(|authentication| authentication.at.seconds()),
        acr: authentication.map(|authentication| authentication.by.acr()),
    };
    let key = world.profile.keys.signing().ok_or(KeyRejected)?;
    sign_jwt(key, TYP, &claims, world.slow).await
}

/// An access token of this profile that has not ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivingToken {
    /// Its name.
    pub id: OrderedId,
    /// The client that it was given to.
    pub client_id: String,
    /// The grant that it came from; `None`: the client got it for itself.
    pub grant: Option<OrderedId>,
    /// What it is good for.
    pub scope: Scope,
    /// The resource that it is for.
    pub audience: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Reads what somebody presented as an access token: `None` where it is none of this profile's, or has ended. Whether it
/// was taken back since is another question: [`standing`].
///
/// # Errors
/// The store did not answer.
pub async fn read(text: &str, world: &World<'_>) -> Result<Option<LivingToken>, StoreError> {
    let now = world.clock.now();
    let token = match NamedSecret::parse(PREFIX, text) {
        Some(opaque) => {
            let profile = world.profile.definitions.profile();
            let record = world.tokens.access_token(profile, opaque.id()).await?;
            record.filter(|record| record.hash.is_of(opaque.reveal())).map(|record| LivingToken {
                id: record.id,
                client_id: record.client_id,
                grant: record.grant,
                scope: record.scope,
                audience: record.audience,
                expires_at: record.expires_at,
            })
        }
        None => read_jwt(text, world).await,
    };
    Ok(token.filter(|token| now < token.expires_at))
}

async fn read_jwt(text: &str, world: &World<'_>) -> Option<LivingToken> {
    let jws = CompactJws::parse(text).ok()?;
    let key = world.profile.keys.published(jws.kid()?)?;
    let is_signed = if jws.algorithm().is_slow() {
        let claimed = jws.signature_of(key);
        off_thread(world.slow, move || claimed.holds()).await.unwrap_or(false)
    } else {
        jws.is_signed_by(key)
    };
    let claims = jws.unverified_claims();
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if !is_signed || jws.typ() != Some(TYP) || text("iss") != Some(&*world.profile.issuer) {
        return None;
    }
    let (id, grant) = text("jti")?.split_at_checked(TEXT_LENGTH)?;
    Some(LivingToken {
        id: id.parse().ok()?,
        client_id: text("client_id")?.to_owned(),
        grant: if grant.is_empty() { None } else { Some(grant.parse().ok()?) },
        scope: text("scope")?.parse().ok()?,
        audience: text("aud")?.to_owned(),
        expires_at: Timestamp::from_seconds(claims.get("exp")?.as_u64()?),
    })
}

/// In whose name a token still speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The user; `None`: the client itself.
    pub user: Option<User>,
}

/// Whether a token that has not ended by itself still stands: it, its client, its grant, its user and their session. This
/// is asked wherever this server is asked about a token, so that taking one of them back holds at once.
///
/// # Errors
/// The store did not answer.
pub async fn standing(token: &LivingToken, world: &World<'_>) -> Result<Option<Standing>, StoreError> {
    let profile = world.profile.definitions.profile();
    let AccessTokenMarks { is_revoked, client_not_before } =
        world.tokens.access_token_marks(profile, token.id, &token.client_id).await?;
    if is_revoked || client_not_before.is_some_and(|mark| token.id.made_at() < mark) {
        return Ok(None);
    }
    let registration = world.registration();
    let lives = resolve::operators(&token.client_id, registration.definitions).is_some()
        || resolve::registered(&token.client_id, &registration).await?.is_some();
    if !lives {
        return Ok(None);
    }
    let Some(grant) = token.grant else { return Ok(Some(Standing { user: None })) };
    let Some(sign_in) = &world.profile.sign_in else { return Ok(None) };
    let Some((grant, marks)) = world.grants.grant(profile, &sign_in.directory, grant).await? else {
        return Ok(None);
    };
    let user = grant.standing(&marks, world.clock.now()).cloned();
    Ok(user.map(|user| Standing { user: Some(user) }))
}
