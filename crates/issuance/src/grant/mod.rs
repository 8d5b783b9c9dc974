//! The grants, one file each, and what a grant of a user's is at rest.

mod authorization_code;
mod client_credentials;
mod refresh_token;

use std::time::Duration;

pub(crate) use authorization_code::authorization_code;
pub(crate) use client_credentials::client_credentials;
use identity::authentication::Authentication;
use identity::user::{User, UserId};
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use protocol::grant_type::GrantType;
use protocol::scope::{OFFLINE_ACCESS, Scope};
pub(crate) use refresh_token::{RefreshToken, look_up, refresh_token};
use registration::access::InitialAccessTokenRecord;
use registration::client::EffectiveClient;

use crate::access_token::AccessTokenRecord;
use crate::store::Marks;
use crate::world::World;

/// What a user let a client have, and what it holds of that. One row for each, however often it is refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// Its name.
    pub id: OrderedId,
    /// The client.
    pub client_id: String,
    /// The user.
    pub user: UserId,
    /// The session that the user granted it in.
    pub session: OrderedId,
    /// How they had signed in.
    pub authentication: Authentication,
    /// What it is good for.
    pub scope: Scope,
    /// The refresh tokens, where there are any.
    pub refresh: Option<RefreshFamily>,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
}

/// The refresh tokens of a grant: one that is good, and the one before it, which can be repeated for a moment.
///
/// Every token has in it what is secret in the whole family. So a dead one can be told from one that was made up: the
/// former ends the family, the latter is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    /// The hash of what all of them have in common.
    pub family: SecretHash,
    /// The hash of the one that is good.
    pub current: SecretHash,
    /// The hash of the one before.
    pub previous: Option<SecretHash>,
    /// When the previous one was used, or the first one made.
    pub rotated_at: Timestamp,
}

impl GrantRecord {
    /// Whether it still stands, by itself and with what stands against it; the user, where it does.
    ///
    /// Signing out ends what was given for as long as somebody is signed in. `offline_access` is what outlives that
    /// (OpenID Connect Core §11).
    pub fn standing<'m>(&self, marks: &'m Marks, now: Timestamp) -> Option<&'m User> {
        let Marks { user, session, client_not_before } = marks;
        let given_at = self.id.made_at();
        let is_over = self.ended_at.is_some()
            || self.expires_at <= now
            || session.is_revoked
            || (session.ended_at.is_some() && !self.scope.contains(OFFLINE_ACCESS))
            || client_not_before.is_some_and(|mark| given_at < mark);
        user.as_ref().filter(|user| !is_over && user.stands_by(self.authentication.at))
    }
}

/// What a code gives, in the moment in which it is spent.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code.
    pub code: OrderedId,
    /// When.
    pub at: Timestamp,
    /// What it gives.
    pub gives: Gives,
    /// What the audit log says of that.
    pub given: Event,
    /// What it says where the code had been redeemed before.
    pub replayed: Event,
}

/// What a code gives.
#[derive(Clone, Debug)]
pub enum Gives {
    /// Tokens.
    Grant(Box<GrantRecord>, Option<AccessTokenRecord>),
    /// A token to register with.
    InitialAccessToken(InitialAccessTokenRecord),
}

/// A new refresh token in the place of another.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The grant.
    pub grant: OrderedId,
    /// The hash of the token that was presented.
    pub presented: SecretHash,
    /// The hash of the next one.
    pub next: SecretHash,
    /// When.
    pub at: Timestamp,
    /// How long after its use the previous one can be repeated.
    pub overlap: Duration,
    /// An opaque access token that is given beside it.
    pub access_token: Option<AccessTokenRecord>,
    /// What the audit log says where the token was a dead one.
    pub reused: Event,
}

/// A client that can prove who it is; another one only where the profile says so.
fn gets_refresh_tokens(client: &EffectiveClient, world: &World<'_>) -> bool {
    let capabilities = world.profile.definitions.capabilities();
    client.may_use(GrantType::RefreshToken)
        && capabilities.grant_types.contains(&GrantType::RefreshToken)
        && (client.is_confidential() || capabilities.refresh_tokens_for_public_clients)
}
