//! Whether a user has consented, without being asked now.

use identity::user::{User, UserId};
use primitives::clock::Timestamp;
use primitives::store::StoreError;
use protocol::authorization::Prompt;
use protocol::scope::Scope;
use registration::access::Registrant;

use super::{Asked, Inquiry, ReplyTo};
use crate::world::World;

/// What a user let a client have, to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenConsent {
    /// Who.
    pub user: UserId,
    /// Whom.
    pub client_id: String,
    /// Where answers are sent.
    pub destination: String,
    /// What.
    pub scope: Scope,
    /// When.
    pub at: Timestamp,
}

/// Whether the user need not be asked.
pub(super) async fn is_there(
    inquiry: &Inquiry,
    asked: &Asked,
    user: &User,
    world: &World<'_>,
) -> Result<bool, StoreError> {
    if asked.prompts.contains(&Prompt::Consent) {
        return Ok(false);
    }
    if is_implied(inquiry, asked, user) {
        return Ok(true);
    }
    if !is_remembered(inquiry, asked, user, world) {
        return Ok(false);
    }
    let (profile, destination) = (world.profile.definitions.profile(), inquiry.lasting_destination());
    let given = world.authorizations.consent(profile, user.id, inquiry.client.id(), &destination).await?;
    Ok(given.is_some_and(|given| asked.is_covered_by(&given)))
}

/// Only an operator can call a client its own. Of a public one nobody knows who is asking (RFC 8252 §8.6), and an
/// instance is the user's who registered it: for everybody else it is a stranger's.
fn is_implied(inquiry: &Inquiry, asked: &Asked, user: &User) -> bool {
    let client = &inquiry.client;
    if !client.terms().first_party {
        return false;
    }
    if let ReplyTo::Message { .. } = &inquiry.reply_to {
        // The browser vouches for the origin, which the operator has written down.
        return true;
    }
    let is_of_this_user = match client.registered().map(|registered| &registered.by) {
        None => true,
        Some(Registrant::User { subject, .. }) => *subject == user.id.to_string(),
        Some(Registrant::Anonymous | Registrant::Client { .. } | Registrant::Operator) => false,
    };
    client.is_confidential() && is_of_this_user && !asked.is_for_registering()
}

/// Whether consent to this client is worth remembering: not where anybody could be asking in its name.
pub(super) fn is_remembered(inquiry: &Inquiry, asked: &Asked, user: &User, world: &World<'_>) -> bool {
    let client = &inquiry.client;
    // What is installed on one user's device is that user's; whoever else signs in there is asked each time.
    if let (true, Some(Registrant::User { subject, .. })) =
        (client.terms().first_party, client.registered().map(|registered| &registered.by))
        && *subject != user.id.to_string()
    {
        return false;
    }
    let is_anonymous = client.registered().is_some_and(|registered| registered.by == Registrant::Anonymous);
    let remembers_anonymous =
        world.profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.remembers_anonymous_clients);
    if is_anonymous && !remembers_anonymous {
        return false;
    }
    match &inquiry.reply_to {
        ReplyTo::Message { .. } => true,
        // RFC 8252 §8.6: whatever a program on the device can ask for, it is not given without a person seeing it.
        ReplyTo::Redirect { is_of_a_server, .. } => {
            !asked.is_for_registering() && (client.is_confidential() || *is_of_a_server)
        }
    }
}
