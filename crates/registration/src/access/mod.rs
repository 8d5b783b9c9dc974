//! Who asks, and which door is open to whom.

pub mod initial_access_token;
mod registrant;

use std::collections::BTreeSet;

pub use initial_access_token::{InitialAccessToken, InitialAccessTokenRecord, Origin};
pub use registrant::Registrant;

use crate::resolve;
use crate::world::World;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;

/// Who may use a door. A door that says nothing has none of these, and is closed to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// These operator clients, with a token that they got by client credentials.
    Clients(BTreeSet<String>),
    /// Users, with a token that they got by signing in through one of these operator clients.
    Users(BTreeSet<String>),
    /// Everybody, with or without a token.
    Open,
}

impl Access {
    /// Whether the door is open to this registrant. What counts is where the token came from: a token that a machine
    /// got opens no door that wants a user, nor the reverse.
    pub fn admits(&self, registrant: &Registrant) -> bool {
        match (self, registrant) {
            (Self::Open, Registrant::Anonymous | Registrant::Client { .. } | Registrant::User { .. })
            | (_, Registrant::Operator) => true,
            (Self::Clients(named), Registrant::Client { client_id })
            | (Self::Users(named), Registrant::User { client_id, .. }) => named.contains(client_id),
            (Self::Clients(_), Registrant::Anonymous | Registrant::User { .. })
            | (Self::Users(_), Registrant::Anonymous | Registrant::Client { .. }) => false,
        }
    }

    /// Whether this client may obtain tokens for the door by client credentials.
    pub fn names_client(&self, client_id: &str) -> bool {
        matches!(self, Self::Clients(named) if named.contains(client_id))
    }

    /// Whether users may obtain tokens for the door through this client.
    pub fn names_client_of_users(&self, client_id: &str) -> bool {
        matches!(self, Self::Users(named) if named.contains(client_id))
    }
}

/// What came in the `Authorization` header of a registration request.
#[derive(Debug)]
pub enum Bearer {
    /// Nothing.
    Absent,
    /// Text in the form of an initial access token. Whether it is one, the store knows.
    InitialAccessToken(InitialAccessToken),
    /// A living access token of this profile, for something else.
    OtherAccessToken,
    /// Neither.
    Unrecognised,
    /// Perhaps one: the store did not say.
    Unreadable(StoreError),
    /// More than one of them.
    Several,
}

/// Who asks, and which one-shot token pays for it.
#[derive(Debug)]
pub struct Asker {
    /// Who.
    pub registrant: Registrant,
    /// The initial access token that is spent if the client comes into being.
    pub spends: Option<OrderedId>,
}

/// Why somebody with a token is nobody here.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The token is unknown, spent, expired, revoked, or another profile's: the bearer is not told which.
    #[error("the initial access token is unknown, expired, revoked or spent: get a new one and try again")]
    InvalidToken,
    /// RFC 6750 §3.1: there is more than one, and nobody chooses.
    #[error("there is more than one Authorization header: send the token once")]
    SeveralTokens,
    /// RFC 6750 §3.1: a good token, without the scope `dcr`.
    #[error("this access token has not the scope 'dcr': ask for it, and for nothing beside it")]
    InsufficientScope,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who is asking?
///
/// # Errors
/// See [`IdentifyError`].
pub async fn identify(bearer: Bearer, world: &World<'_>) -> Result<Asker, IdentifyError> {
    let token = match bearer {
        Bearer::Absent => return Ok(Asker { registrant: Registrant::Anonymous, spends: None }),
        Bearer::OtherAccessToken => return Err(IdentifyError::InsufficientScope),
        Bearer::Unrecognised => return Err(IdentifyError::InvalidToken),
        Bearer::Unreadable(error) => return Err(error.into()),
        Bearer::Several => return Err(IdentifyError::SeveralTokens),
        Bearer::InitialAccessToken(token) => token,
    };
    let record = world.store.initial_access_token(world.definitions.profile(), token.id()).await?;
    let record = record.filter(|record| record.is_proven_by(&token) && record.is_good(world.clock.now()));
    // Whoever has been switched off since opens nothing any more, also with what was handed out before.
    let record = record.filter(|record| {
        let client_id = record.origin.client_id();
        resolve::operators(client_id, world.definitions).is_some()
    });
    let record = record.ok_or(IdentifyError::InvalidToken)?;
    Ok(Asker { spends: Some(record.id), registrant: record.origin.into_registrant() })
}
