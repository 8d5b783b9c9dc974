//! `private_key_jwt` (RFC 7523 §2.2, §3; OpenID Connect Core §9).

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use primitives::clock::Timestamp;
use primitives::store::StoreError;
use protocol::authentication_method::AuthenticationMethod;
use protocol::client_assertion::{Audience, ClientAssertion};
use protocol::jose::{CompactJws, Jwk};
use registration::client::{Credential, EffectiveClient};
use registration::metadata::Keys;
use serde_json::json;

use super::{Disbelief, uses};
use crate::profile::AssertionAudience;
use crate::store::Once;
use crate::world::World;

/// How far ahead an assertion may end. Whatever ends later would have to be remembered for as long.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How far a client's clock may be off.
const LEEWAY: Duration = Duration::from_secs(30);

/// A key that is no client's, and a text that it has not signed: what is verified for strangers, so that they cost the
/// same work. (The public key of RFC 7515 §A.3.)
static NOBODYS: LazyLock<Option<(Jwk, CompactJws<'static>)>> = LazyLock::new(|| {
    let key = Jwk::parse(&json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}));
    Some((key.ok()?, CompactJws::parse(NOBODYS_WORDS).ok()?))
});

/// `{"alg":"ES256"}`, no claims, and 64 bytes that are no signature of them.
const NOBODYS_WORDS: &str = "eyJhbGciOiJFUzI1NiJ9.e30.AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ";

/// RFC 8725 §3.11: what says that it is something else is something else, a DPoP proof or an access token for example.
fn is_of_an_assertion(typ: &str) -> bool {
    let typ = typ.strip_prefix("application/").unwrap_or(typ);
    typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("client-authentication+jwt")
}

/// An assertion, taken apart and not yet believed. `None` where it could not be.
pub(super) struct Presented<'a>(Option<(CompactJws<'a>, ClientAssertion)>);

impl<'a> Presented<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let jws = CompactJws::parse(text).ok().filter(|jws| jws.typ().is_none_or(is_of_an_assertion));
        Self(jws.and_then(|jws| {
            let claims = ClientAssertion::read(jws.unverified_claims()).ok()?;
            Some((jws, claims))
        }))
    }

    pub(super) fn subject(&self) -> Option<&str> {
        self.0.as_ref().map(|(_, claims)| claims.sub.as_str())
    }

    /// One signature is verified, whoever asks; what is good is then accepted once.
    pub(super) async fn prove(
        &self,
        client_id: Option<&str>,
        client: Option<&EffectiveClient>,
        world: &World<'_>,
    ) -> Result<Result<(), Disbelief>, StoreError> {
        let key = client.ok_or(Disbelief::UnknownClient).and_then(|client| self.key_of(client, world));
        let signed = self.is_signed_by(key.as_ref().ok().copied(), world).await;
        let believed = key.and_then(|_| self.check(client_id, client, signed, world));
        let claims = match believed {
            Ok(claims) => claims,
            Err(why) => return Ok(Err(why)),
        };
        let profile = world.profile.definitions.profile();
        let expires_at = Timestamp::from_seconds(claims.exp).plus(LEEWAY);
        Ok(match world.tokens.accept_assertion(profile, fingerprint(claims), expires_at).await? {
            Once::Now => Ok(()),
            Once::Before => Err(Disbelief::Replayed),
        })
    }

    /// The one key that must have made the signature. OpenID Connect Core §10.1: with several keys, `kid` says which.
    fn key_of<'k>(&self, client: &'k EffectiveClient, world: &World<'_>) -> Result<&'k Jwk, Disbelief> {
        let (jws, _) = self.0.as_ref().ok_or(Disbelief::MalformedAssertion)?;
        let Credential::Keys(Keys::ByValue(_, set)) = client.credential() else {
            return Err(Disbelief::WrongMethod);
        };
        let accepted = &world.profile.definitions.capabilities().assertion_algorithms;
        let bound = client.authentication().signing_algorithm();
        let algorithm = jws.algorithm();
        if !uses(client, AuthenticationMethod::PrivateKeyJwt, world)
            || !accepted.contains(&algorithm)
            || bound.is_some_and(|bound| bound != algorithm)
        {
            return Err(Disbelief::WrongMethod);
        }
        let mut candidates = set.candidates(algorithm, jws.kid());
        match (candidates.next(), candidates.next()) {
            (Some(key), None) => Ok(key),
            (None, _) | (Some(_), Some(_)) => Err(Disbelief::WrongSignature),
        }
    }

    async fn is_signed_by(&self, key: Option<&Jwk>, world: &World<'_>) -> bool {
        match (&self.0, key, &*NOBODYS) {
            (Some((jws, _)), Some(key), _) => world.effort.signature(jws.signature_of(key), world.slow).await,
            (_, _, Some((key, jws))) => {
                world.effort.signature(jws.signature_of(key), world.slow).await;
                false
            }
            (_, _, None) => false,
        }
    }

    fn check(
        &self,
        client_id: Option<&str>,
        client: Option<&EffectiveClient>,
        signed: bool,
        world: &World<'_>,
    ) -> Result<&ClientAssertion, Disbelief> {
        let (_, claims) = self.0.as_ref().ok_or(Disbelief::MalformedAssertion)?;
        let client = client.ok_or(Disbelief::UnknownClient)?;
        if !signed {
            return Err(Disbelief::WrongSignature);
        }
        // RFC 7523 §3: issuer and subject are the client; RFC 7521 §4.2: client_id, if sent, is the same.
        if claims.sub != client.id()
            || claims.iss != client.id()
            || client_id.is_some_and(|id| id != client.id())
        {
            return Err(Disbelief::WrongSubject);
        }
        if !is_for_us(claims, world) {
            return Err(Disbelief::WrongAudience);
        }
        let now = world.clock.now();
        let (ends, latest) = (Timestamp::from_seconds(claims.exp), now.plus(MAX_LIFETIME).plus(LEEWAY));
        let begins = claims.nbf.max(claims.iat).map(Timestamp::from_seconds);
        if ends.plus(LEEWAY) <= now || ends > latest || begins.is_some_and(|begins| begins > now.plus(LEEWAY))
        {
            return Err(Disbelief::WrongTime);
        }
        Ok(claims)
    }
}

fn is_for_us(claims: &ClientAssertion, world: &World<'_>) -> bool {
    let profile = world.profile;
    match profile.assertion_audience {
        // The draft of RFC 7523bis: one string, so that an assertion for us is for nobody else.
        AssertionAudience::Issuer => matches!(&claims.aud, Audience::One(only) if *only == profile.issuer),
        AssertionAudience::IssuerOrTokenEndpoint => {
            claims.aud.contains(&profile.issuer) || claims.aud.contains(&profile.endpoint("/token"))
        }
    }
}

fn fingerprint(claims: &ClientAssertion) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(claims.sub.as_bytes());
    context.update(&[0]);
    context.update(claims.jti.as_bytes());
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}
