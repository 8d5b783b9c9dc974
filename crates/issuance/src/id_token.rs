//! ID tokens (OpenID Connect Core §2): who signed in, for one client.

use std::time::Duration;

use protocol::id_token::{IdTokenClaims, TYP};
use protocol::jose::KeyRejected;
use registration::client::EffectiveClient;
use zeroize::Zeroizing;

use crate::grant::GrantRecord;
use crate::signing_keys::sign_jwt;
use crate::world::World;

/// How long one lives: it is read once, when it comes.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Makes one. `nonce` is what the authorization request had.
///
/// # Errors
/// [`KeyRejected`] where signing failed, or there is no key for what the client wants.
pub(crate) async fn issue(
    client: &EffectiveClient,
    grant: &GrantRecord,
    nonce: Option<&str>,
    world: &World<'_>,
) -> Result<Zeroizing<String>, KeyRejected> {
    let now = world.clock.now();
    let algorithms = world.profile.sign_in.as_ref().map_or(&[][..], |sign_in| &sign_in.id_token_algorithms);
    // What it registered may have been served once.
    let wanted = client.id_token_algorithm().filter(|wanted| algorithms.contains(wanted));
    let algorithm = wanted.or(algorithms.first().copied()).ok_or(KeyRejected)?;
    let key = world.profile.keys.for_algorithm(algorithm).ok_or(KeyRejected)?;
    let subject = grant.user.to_string();
    let claims = IdTokenClaims {
        iss: &world.profile.issuer,
        sub: &subject,
        aud: client.id(),
        exp: now.plus(LIFETIME).seconds(),
        iat: now.seconds(),
        auth_time: grant.authentication.at.seconds(),
        nonce,
        acr: grant.authentication.by.acr(),
        amr: [grant.authentication.by.amr()],
    };
    sign_jwt(key, TYP, &claims, world.slow).await.map(Zeroizing::new)
}
