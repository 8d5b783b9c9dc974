//! What a person has to be asked before there is an answer.

use identity::session::Session;
use identity::user::User;
use primitives::store::StoreError;
use protocol::authorization::{AuthorizationError, AuthorizationErrorCode as Code, Prompt};

use super::{Asked, Inquiry, PendingRequest, Wants, consent};
use crate::world::World;

/// Who is in front of the screen, as a session says.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The person signs in.
    SignIn,
    /// The person says whether to go on with the account that is signed in.
    ChooseAccount,
    /// The person says yes or no.
    Consent {
        /// Whether a yes is remembered.
        is_remembered: bool,
    },
    /// There is nothing more to ask.
    Grant,
    /// There is something to ask, and nobody may be asked.
    Refuse(AuthorizationError),
}

/// Decides. `progress` is the pending request, where one is being answered: what its person did through it counts.
///
/// # Errors
/// The store did not answer.
pub async fn decide(
    inquiry: &Inquiry,
    asked: &Asked,
    person: Option<&Person>,
    progress: Option<&PendingRequest>,
    world: &World<'_>,
) -> Result<Next, StoreError> {
    let next = next(inquiry, asked, person, progress, world).await?;
    if !asked.prompts.contains(&Prompt::None) {
        return Ok(next);
    }
    // OpenID Connect Core §3.1.2.6: whoever must not be asked is told what the question would have been.
    let refuse = |code, text| Next::Refuse(AuthorizationError::new(code, text));
    Ok(match (next, &asked.wants) {
        (Next::SignIn | Next::ChooseAccount, Wants::Message) => {
            refuse(Code::InteractionRequired, "the user has to sign in: open this address in a window")
        }
        (Next::SignIn, _) => refuse(Code::LoginRequired, "the user has to sign in"),
        (Next::ChooseAccount, _) => {
            refuse(Code::AccountSelectionRequired, "the user has to choose an account")
        }
        (Next::Consent { .. }, Wants::Code { .. } | Wants::Token) if asked.is_for_registering() => refuse(
            Code::InteractionRequired,
            "nothing registers itself on a device without its user seeing it",
        ),
        (Next::Consent { .. }, _) => refuse(Code::ConsentRequired, "the user has to consent"),
        (next @ (Next::Grant | Next::Refuse(_)), _) => next,
    })
}

async fn next(
    inquiry: &Inquiry,
    asked: &Asked,
    person: Option<&Person>,
    progress: Option<&PendingRequest>,
    world: &World<'_>,
) -> Result<Next, StoreError> {
    let Some(Person { session, user }) = person else { return Ok(Next::SignIn) };
    let answered_by = |done: fn(&PendingRequest) -> bool| {
        progress.is_some_and(|request| request.session == Some(session.id) && done(request))
    };
    let has_just_signed_in = answered_by(|request| request.has_signed_in);
    let now = world.clock.now();
    let is_too_old = asked.max_age.is_some_and(|age| session.authentication.at.plus(age) < now);
    let is_somebody_else = asked.hinted.is_some_and(|hinted| hinted != user.id);
    if is_somebody_else && has_just_signed_in {
        // Asking once more would be asking for ever.
        let text = "the user who signed in is not the one of 'id_token_hint'";
        return Ok(Next::Refuse(AuthorizationError::new(Code::LoginRequired, text)));
    }
    if is_somebody_else || (!has_just_signed_in && (is_too_old || asked.prompts.contains(&Prompt::Login))) {
        return Ok(Next::SignIn);
    }
    if asked.prompts.contains(&Prompt::SelectAccount) && !answered_by(|_chose_or_signed_in| true) {
        return Ok(Next::ChooseAccount);
    }
    if consent::is_there(inquiry, asked, user, world).await? {
        return Ok(Next::Grant);
    }
    // The sign-in page named the app, and this person answered it just now, for this app and nothing else.
    let seen = asked.is_for_registering() && inquiry.client.terms().first_party && has_just_signed_in;
    if seen && !asked.prompts.contains(&Prompt::Consent) {
        return Ok(Next::Grant);
    }
    Ok(Next::Consent { is_remembered: consent::is_remembered(inquiry, asked, user, world) })
}
