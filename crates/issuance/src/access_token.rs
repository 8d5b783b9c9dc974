//! JWT access tokens (RFC 9068).

use std::sync::Arc;
use std::time::Duration;

use protocol::access_token::{AccessTokenClaims, TYP};
use protocol::jose::{CompactJws, KeyRejected, encode_base64url};
use protocol::scope::Scope;
use serde_json::Value;

use crate::world::World;
use primitives::slow_work::off_thread;

/// An access token that is about to be handed out.
pub struct AccessToken {
    /// The token.
    pub text: String,
    /// How long it lives.
    pub lifetime: Duration,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AccessToken(.., {:?})", self.lifetime)
    }
}

/// Makes a token that a client got for itself: its subject is the client (RFC 9068 §2.2).
///
/// # Errors
/// [`KeyRejected`] where signing failed.
pub async fn for_client(
    client_id: &str,
    scope: &Scope,
    lifetime: Duration,
    world: &World<'_>,
) -> Result<AccessToken, KeyRejected> {
    let now = world.clock.now();
    let mut jti = [0; 16];
    world.random.fill(&mut jti);
    let claims = AccessTokenClaims {
        iss: &world.profile.issuer,
        exp: now.plus(lifetime).seconds(),
        aud: world.profile.resource.identifier.as_str(),
        sub: client_id,
        client_id,
        iat: now.seconds(),
        jti: &encode_base64url(jti),
        scope,
    };
    let key = world.profile.keys.signing();
    let text = if key.algorithm().is_slow() {
        let (key, claims) = (Arc::clone(key), serde_json::to_value(claims).map_err(|_not_json| KeyRejected)?);
        off_thread(world.slow, move || key.sign_jwt(TYP, &claims)).await.ok_or(KeyRejected)??
    } else {
        key.sign_jwt(TYP, &claims)?
    };
    Ok(AccessToken { text, lifetime })
}

/// Whether this is a living access token of the profile. It says nothing about what the token is good for.
pub async fn is_living(text: &str, world: &World<'_>) -> bool {
    let (profile, now) = (world.profile, world.clock.now());
    let Ok(jws) = CompactJws::parse(text) else { return false };
    let claims = jws.unverified_claims();
    let says = |name: &str, wanted: &str| claims.get(name).and_then(Value::as_str) == Some(wanted);
    let claims_to_be = jws.typ() == Some(TYP)
        && says("iss", &profile.issuer)
        && claims.get("exp").and_then(Value::as_u64).is_some_and(|exp| now.seconds() < exp);
    match jws.kid().and_then(|kid| profile.keys.published(kid)) {
        Some(key) if claims_to_be && jws.algorithm().is_slow() => {
            let claimed = jws.signature_of(key);
            off_thread(world.slow, move || claimed.holds()).await.unwrap_or(false)
        }
        Some(key) => claims_to_be && jws.is_signed_by(key),
        None => false,
    }
}

/// Whether this has the form of an access token that a profile of this server could have issued.
pub fn looks_like_one(text: &str) -> bool {
    CompactJws::parse(text).is_ok_and(|jws| jws.typ() == Some(TYP))
}
