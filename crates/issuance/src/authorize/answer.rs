//! What the client is told: a code, a token to register with, or an error (RFC 6749 §4.1.2, §4.2.2; RFC 9207).

use std::time::Duration;

use identity::authentication::Authentication;
use identity::user::UserId;
use primitives::audit::{Event, EventKind};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::{NamedSecret, SecretHash};
use primitives::store::StoreError;
use protocol::authorization::{AuthorizationError, AuthorizationErrorCode, ResponseMode, answer_uri};
use protocol::pkce::CodeChallenge;
use protocol::scope::Scope;
use registration::access::{InitialAccessToken, InitialAccessTokenRecord, Origin};
use serde_json::{Map, Value, json};

pub use super::consent::GivenConsent;
use super::{Asked, Inquiry, Person, ReplyTo, Wants};
use crate::store::CodeIssue;
use crate::world::World;

/// What every code begins with.
const PREFIX: &str = "mac_";

/// How long a code lives (OAuth 2.1 §4.1.2: short).
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Reads what somebody presented as a code; `None` where it has not the form of one.
pub(crate) fn parse_code(text: &str) -> Option<NamedSecret> {
    NamedSecret::parse(PREFIX, text)
}

/// A code at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRecord {
    /// Its name.
    pub id: OrderedId,
    /// The hash of the whole code.
    pub hash: SecretHash,
    /// The client that it was given to.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What its redeemer must know.
    pub challenge: CodeChallenge,
    /// What it is good for.
    pub scope: Scope,
    /// What the ID token is to repeat.
    pub nonce: Option<String>,
    /// Who let the client have it.
    pub user: UserId,
    /// The session that they did that in.
    pub session: OrderedId,
    /// How they had signed in.
    pub authentication: Authentication,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was redeemed, if it was.
    pub used_at: Option<Timestamp>,
}

/// A code that comes into being, with everything that happens in the same moment.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The code.
    pub code: CodeRecord,
    /// The consent that is remembered.
    pub consent: Option<GivenConsent>,
    /// The pending request that is answered by it.
    pub answers: Option<OrderedId>,
    /// What the audit log says.
    pub events: Vec<Event>,
}

/// An initial access token that comes into being without a code.
#[derive(Clone, Debug)]
pub struct NewInitialAccessToken {
    /// The token.
    pub record: InitialAccessTokenRecord,
    /// The consent that is remembered.
    pub consent: Option<GivenConsent>,
    /// The pending request that is answered by it.
    pub answers: Option<OrderedId>,
    /// What the audit log says.
    pub events: Vec<Event>,
}

/// An answer, with whatever secret it carries.
pub enum Answer {
    /// The browser is sent there.
    Redirect(String),
    /// Pages of these origins are told this.
    Message {
        /// The origins.
        origins: Vec<String>,
        /// What they are told.
        message: Value,
    },
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Redirect(_) => "Redirect(..)",
            Self::Message { .. } => "Message(..)",
        })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The request has been answered before.
    #[error("this request has been answered, or has waited for too long")]
    RequestGone,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells the client what is wrong, or that the answer is no.
pub fn refuse(inquiry: &Inquiry, error: &AuthorizationError, world: &World<'_>) -> Answer {
    let text = error.error_description.as_str();
    match &inquiry.reply_to {
        ReplyTo::Redirect { uri, .. } => {
            let parameters = [
                ("error", Some(error.error.as_str())),
                ("error_description", Some(text)),
                ("state", inquiry.request.state.as_deref()),
                ("iss", Some(world.profile.issuer.as_str())),
            ];
            Answer::Redirect(answer_uri(uri, mode(inquiry), &parameters))
        }
        ReplyTo::Message { origins } => Answer::Message {
            origins: origins.clone(),
            message: json!({ "error": error.error, "error_description": error.error_description }),
        },
    }
}

/// The person said no. The request is forgotten, so that the answer is given once.
///
/// # Errors
/// See [`AnswerError`].
pub async fn deny(inquiry: &Inquiry, pending: OrderedId, world: &World<'_>) -> Result<Answer, AnswerError> {
    let profile = world.profile.definitions.profile();
    match world.authorizations.drop_request(profile, pending).await? {
        crate::store::Once::Now => {
            let error = AuthorizationError::new(AuthorizationErrorCode::AccessDenied, "the user said no");
            Ok(refuse(inquiry, &error, world))
        }
        crate::store::Once::Before => Err(AnswerError::RequestGone),
    }
}

/// Gives the client what it asked for. `remember`: the person has just said yes, and that is remembered.
///
/// # Errors
/// See [`AnswerError`].
pub async fn grant(
    inquiry: &Inquiry,
    asked: &Asked,
    person: &Person,
    (pending, remember): (Option<OrderedId>, bool),
    world: &World<'_>,
) -> Result<Answer, AnswerError> {
    let now = world.clock.now();
    let consent = remember.then(|| GivenConsent {
        user: person.user.id,
        client_id: inquiry.client.id().to_owned(),
        destination: inquiry.lasting_destination(),
        scope: asked.scope.clone(),
        at: now,
    });
    let mut events = Vec::new();
    if let Some(GivenConsent { destination, scope, .. }) = &consent {
        let detail = [("scope", json!(scope)), ("destination", json!(destination))];
        events.push(event(EventKind::ConsentGiven, inquiry, person, &detail, world));
    }
    match &asked.wants {
        Wants::Code { challenge, nonce } => {
            let terms = Terms { challenge, nonce: nonce.as_deref(), scope: &asked.scope };
            code(inquiry, terms, person, (pending, consent, events), world).await
        }
        Wants::Token | Wants::Message => {
            initial_access_token(inquiry, asked, person, (pending, consent, events), world).await
        }
    }
}

/// What a code is bound to.
struct Terms<'a> {
    challenge: &'a CodeChallenge,
    nonce: Option<&'a str>,
    scope: &'a Scope,
}

type AtOnce = (Option<OrderedId>, Option<GivenConsent>, Vec<Event>);

async fn code(
    inquiry: &Inquiry,
    terms: Terms<'_>,
    person: &Person,
    (answers, consent, events): AtOnce,
    world: &World<'_>,
) -> Result<Answer, AnswerError> {
    let ReplyTo::Redirect { uri, .. } = &inquiry.reply_to else {
        // A message has no code; `Asked` sees to that.
        return Err(AnswerError::RequestGone);
    };
    let now = world.clock.now();
    let code = NamedSecret::generate(PREFIX, world.ids.next(now, world.random), world.random);
    let record = CodeRecord {
        id: code.id(),
        hash: code.hash(),
        client_id: inquiry.client.id().to_owned(),
        redirect_uri: uri.clone(),
        challenge: terms.challenge.clone(),
        scope: terms.scope.clone(),
        nonce: terms.nonce.map(str::to_owned),
        user: person.user.id,
        session: person.session.id,
        authentication: person.session.authentication,
        expires_at: now.plus(CODE_LIFETIME),
        used_at: None,
    };
    let issue = NewCode { code: record, consent, answers, events };
    match world.authorizations.issue_code(world.profile.definitions.profile(), issue).await? {
        CodeIssue::RequestGone => Err(AnswerError::RequestGone),
        CodeIssue::Issued => {
            let parameters = [
                ("code", Some(code.reveal())),
                ("state", inquiry.request.state.as_deref()),
                ("iss", Some(world.profile.issuer.as_str())),
            ];
            Ok(Answer::Redirect(answer_uri(uri, ResponseMode::Query, &parameters)))
        }
    }
}

/// RFC 7591 §1.2, by way of a user.
async fn initial_access_token(
    inquiry: &Inquiry,
    asked: &Asked,
    person: &Person,
    (answers, consent, mut events): AtOnce,
    world: &World<'_>,
) -> Result<Answer, AnswerError> {
    let lifetime = world.profile.definitions.initial_access_token_lifetime();
    let (token, record) = for_user(inquiry.client.id(), person.user.id, world);
    let detail = [("token", json!(token.id().to_string()))];
    events.push(event(EventKind::InitialAccessTokenIssued, inquiry, person, &detail, world));
    let issue = NewInitialAccessToken { record, consent, answers, events };
    let profile = world.profile.definitions.profile();
    if world.authorizations.issue_initial_access_token(profile, issue).await? == CodeIssue::RequestGone {
        return Err(AnswerError::RequestGone);
    }
    let (seconds, scope) = (lifetime.as_secs().to_string(), asked.scope.to_string());
    Ok(match &inquiry.reply_to {
        ReplyTo::Redirect { uri, .. } => {
            let parameters = [
                ("access_token", Some(token.reveal())),
                ("token_type", Some("Bearer")),
                ("expires_in", Some(seconds.as_str())),
                ("scope", Some(scope.as_str())),
                ("state", inquiry.request.state.as_deref()),
                ("iss", Some(world.profile.issuer.as_str())),
            ];
            Answer::Redirect(answer_uri(uri, ResponseMode::Fragment, &parameters))
        }
        ReplyTo::Message { origins } => Answer::Message {
            origins: origins.clone(),
            message: json!({
                "access_token": token.reveal(), "token_type": "Bearer", "expires_in": lifetime.as_secs(),
                "scope": scope, "sub": person.user.id.to_string(),
            }),
        },
    })
}

/// A token to register with, for a client that a user trusts with it.
pub(crate) fn for_user(
    client_id: &str,
    user: UserId,
    world: &World<'_>,
) -> (InitialAccessToken, InitialAccessTokenRecord) {
    let now = world.clock.now();
    let token = InitialAccessToken::generate(world.ids.next(now, world.random), world.random);
    let record = InitialAccessTokenRecord {
        id: token.id(),
        hash: token.hash(),
        origin: Origin::SignIn { client_id: client_id.to_owned(), subject: user.to_string() },
        expires_at: now.plus(world.profile.definitions.initial_access_token_lifetime()),
        spent_at: None,
        revoked_at: None,
    };
    (token, record)
}

/// Errors of a request for a token in the fragment come back in the fragment.
fn mode(inquiry: &Inquiry) -> ResponseMode {
    if inquiry.request.response_type.as_deref() == Some("token") {
        ResponseMode::Fragment
    } else {
        ResponseMode::Query
    }
}

fn event(
    kind: EventKind,
    inquiry: &Inquiry,
    person: &Person,
    detail: &[(&str, Value)],
    world: &World<'_>,
) -> Event {
    Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.definitions.profile().clone(),
        kind,
        client_id: Some(inquiry.client.id().to_owned()),
        subject: Some(person.user.id.to_string()),
        detail: detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>(),
    }
}
