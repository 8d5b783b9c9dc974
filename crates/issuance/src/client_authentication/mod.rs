//! Who is this client, really? (RFC 6749 §2.3, RFC 7521, RFC 7523)
//!
//! Every failure is answered alike, and costs alike: one look into the store and one hash compared or one signature
//! verified, whether the client is unknown, switched off, orphaned, or merely wrong.

mod assertion;
mod secret;

use primitives::store::StoreError;
use protocol::authentication_method::AuthenticationMethod;
use protocol::client_authentication::{PresentedClient, Proof};
use registration::client::EffectiveClient;
use registration::resolve;

use crate::world::World;

/// Why a client was not believed. For the audit log only: the client is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disbelief {
    /// There is no such client, or none any more.
    UnknownClient,
    /// It may not authenticate in this way: its definition says another one, or the profile serves it no more.
    WrongMethod,
    /// The secret is another one.
    WrongSecret,
    /// The secret was good once.
    ExpiredSecret,
    /// The assertion is no signed JWT with the claims that it must have.
    MalformedAssertion,
    /// No key of the client's has made the signature.
    WrongSignature,
    /// It speaks of another client.
    WrongSubject,
    /// It is meant for somebody else.
    WrongAudience,
    /// It is expired, not good yet, or good for longer than is accepted.
    WrongTime,
    /// It has been used before.
    Replayed,
}

impl Disbelief {
    /// The word in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown-client",
            Self::WrongMethod => "wrong-method",
            Self::WrongSecret => "wrong-secret",
            Self::ExpiredSecret => "expired-secret",
            Self::MalformedAssertion => "malformed-assertion",
            Self::WrongSignature => "wrong-signature",
            Self::WrongSubject => "wrong-subject",
            Self::WrongAudience => "wrong-audience",
            Self::WrongTime => "wrong-time",
            Self::Replayed => "replayed-assertion",
        }
    }
}

/// Client authentication did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The client was not believed.
    #[error("client authentication failed")]
    Disbelieved {
        /// The client that it said it is.
        claimed: Option<String>,
        /// The reason, which stays here.
        why: Disbelief,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Authenticates a client.
///
/// # Errors
/// See [`AuthenticationError`].
pub async fn authenticate(
    presented: PresentedClient,
    world: &World<'_>,
) -> Result<EffectiveClient, AuthenticationError> {
    let assertion = match &presented.proof {
        Proof::Assertion(text) => Some(assertion::Presented::parse(text)),
        Proof::Nothing | Proof::BasicSecret(_) | Proof::PostSecret(_) => None,
    };
    // An assertion may be the only thing that names the client (RFC 7521 §4.2).
    let subject = assertion.as_ref().and_then(assertion::Presented::subject);
    let claimed = presented.client_id.clone().or_else(|| subject.map(str::to_owned));

    let (name, registration) = (claimed.as_deref().unwrap_or_default(), world.registration());
    let operators = resolve::operators(name, registration.definitions);
    let looked = operators.is_none();
    let client = match operators {
        Some(client) => Some(client),
        None => world.effort.lookup(resolve::registered(name, &registration)).await?,
    };
    let proven = match (&presented.proof, &assertion) {
        (_, Some(assertion)) => {
            assertion.prove(presented.client_id.as_deref(), client.as_ref(), world).await?
        }
        (Proof::BasicSecret(secret), None) => {
            secret::prove(secret, AuthenticationMethod::ClientSecretBasic, client.as_ref(), world)
        }
        (Proof::PostSecret(secret), None) => {
            secret::prove(secret, AuthenticationMethod::ClientSecretPost, client.as_ref(), world)
        }
        (Proof::Nothing | Proof::Assertion(_), None) => prove_nothing(client.as_ref(), world),
    };
    match (proven, client) {
        (Ok(()), Some(client)) => Ok(client),
        (proven, _) => {
            if !looked {
                world.effort.lookup(resolve::look_for_nobody(&registration)).await?;
            }
            let why = proven.err().unwrap_or(Disbelief::UnknownClient);
            Err(AuthenticationError::Disbelieved { claimed, why })
        }
    }
}

/// Whether the client is to use this method, and the profile (still) serves it.
fn uses(client: &EffectiveClient, method: AuthenticationMethod, world: &World<'_>) -> bool {
    client.authentication().method() == method
        && world.profile.definitions.capabilities().authentication_methods.contains(&method)
}

/// A public client says who it is, and that is all.
fn prove_nothing(client: Option<&EffectiveClient>, world: &World<'_>) -> Result<(), Disbelief> {
    let client = client.ok_or(Disbelief::UnknownClient)?;
    if uses(client, AuthenticationMethod::None, world) { Ok(()) } else { Err(Disbelief::WrongMethod) }
}
