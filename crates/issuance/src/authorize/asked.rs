//! What is asked for, and whether it makes sense from this client.

use std::collections::BTreeSet;
use std::time::Duration;

use identity::user::UserId;
use protocol::authorization::{
    AuthorizationError, AuthorizationErrorCode as Code, AuthorizationRequest, Prompt, ResponseMode,
};
use protocol::description::quoted;
use protocol::grant_type::GrantType;
use protocol::jose::CompactJws;
use protocol::pkce::{CodeChallenge, S256};
use protocol::response_type::ResponseType;
use protocol::scope::{DCR, OF_IDENTITY, OFFLINE_ACCESS, Scope};
use registration::client::EffectiveClient;
use serde_json::Value;

use super::{Endpoint, Inquiry};
use crate::resource;
use crate::world::World;

/// What is to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A code, which only whoever knows the verifier can redeem.
    Code {
        /// What the verifier must meet.
        challenge: CodeChallenge,
        /// What the ID token is to repeat.
        nonce: Option<String>,
    },
    /// An initial access token in the fragment (RFC 6749 §4.2).
    Token,
    /// An initial access token in a message.
    Message,
}

/// A request that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is to come back.
    pub wants: Wants,
    /// What it will be good for, if nobody says no: what was asked, as far as the client has it now.
    pub scope: Scope,
    /// What the user is to be asked.
    pub prompts: BTreeSet<Prompt>,
    /// How old the sign-in may be.
    pub max_age: Option<Duration>,
    /// Who must have signed in.
    pub hinted: Option<UserId>,
}

impl Asked {
    /// Whether this is about registering (RFC 7591 §1.2), and not about an API.
    pub fn is_for_registering(&self) -> bool {
        self.scope.is_only(DCR)
    }

    /// What of the scope is another one than what consent was given to.
    pub fn is_covered_by(&self, consented: &Scope) -> bool {
        self.scope.is_subset(consented)
    }

    /// Reads what an inquiry asks for.
    ///
    /// # Errors
    /// What the client is told at the address that it registered.
    pub async fn read(inquiry: &Inquiry, world: &World<'_>) -> Result<Self, AuthorizationError> {
        let request = &inquiry.request;
        if let Some(name) = &request.repeated {
            let text = format!("the parameter {} stands more than once", quoted(name));
            return Err(AuthorizationError::new(Code::InvalidRequest, text));
        }
        if let Some(code) = request.not_taken.first() {
            return Err(AuthorizationError::new(*code, "send the parameters themselves instead"));
        }
        let prompts = request.prompts().map_err(invalid)?;
        let wants = match inquiry.endpoint {
            Endpoint::Authorize => wants_redirect(inquiry, world)?,
            Endpoint::AssistedToken => wants_message(inquiry, &prompts)?,
        };
        resource::check(&request.resources, world)
            .map_err(|error| AuthorizationError::new(Code::InvalidTarget, error.to_string()))?;
        let scope = read_scope(inquiry, world)?;
        // Tokens that do not pass through a code are for registering.
        if matches!(wants, Wants::Token | Wants::Message) && !scope.is_only(DCR) {
            let text =
                format!("this flow gives tokens with the scope '{DCR}' and nothing else: ask for it alone");
            return Err(AuthorizationError::new(Code::InvalidScope, text));
        }
        Ok(Self {
            wants,
            scope,
            prompts,
            max_age: read_max_age(request, &inquiry.client)?,
            hinted: read_hint(request, &inquiry.client, world).await?,
        })
    }
}

fn invalid(text: &str) -> AuthorizationError {
    AuthorizationError::new(Code::InvalidRequest, text)
}

fn wants_redirect(inquiry: &Inquiry, world: &World<'_>) -> Result<Wants, AuthorizationError> {
    let (request, client) = (&inquiry.request, &inquiry.client);
    let stated = request.response_type.as_deref().ok_or_else(|| invalid("'response_type' is missing"))?;
    let implicit = world.profile.sign_in.as_ref().is_some_and(|sign_in| sign_in.implicit_grant);
    let response_type = match ResponseType::read(stated) {
        Some(ResponseType::Code) => ResponseType::Code,
        Some(ResponseType::Token) if implicit => ResponseType::Token,
        _ => {
            let text = format!("the response type {} is not served here: use code", quoted(stated));
            return Err(AuthorizationError::new(Code::UnsupportedResponseType, text));
        }
    };
    let (grant, mode) = match response_type {
        ResponseType::Token => (GrantType::Implicit, ResponseMode::Fragment),
        _ => (GrantType::AuthorizationCode, ResponseMode::Query),
    };
    if !client.may_use(grant) || !client.flows().response_types().contains(&response_type) {
        let text = format!("this client has not registered the response type '{response_type}'");
        return Err(AuthorizationError::new(Code::UnauthorizedClient, text));
    }
    if request.response_mode.as_deref().is_some_and(|stated| stated != mode.as_str()) {
        return Err(invalid("'response_mode' is not one that goes with this response type: leave it out"));
    }
    if response_type == ResponseType::Token {
        return Ok(Wants::Token);
    }
    let challenge = request.code_challenge.as_deref().ok_or_else(|| {
        invalid("'code_challenge' is missing: this server asks for PKCE with S256 (OAuth 2.1 section 4.1.1)")
    })?;
    // RFC 7636 §4.3: omitted would mean `plain`.
    if request.code_challenge_method.as_deref() != Some(S256) {
        return Err(invalid("'code_challenge_method' must be S256"));
    }
    let challenge = CodeChallenge::parse(challenge).map_err(|error| invalid(&error.to_string()))?;
    Ok(Wants::Code { challenge, nonce: request.nonce.clone() })
}

fn wants_message(inquiry: &Inquiry, prompts: &BTreeSet<Prompt>) -> Result<Wants, AuthorizationError> {
    let (request, registered) = (&inquiry.request, &inquiry.client.terms().allowed_origins);
    if request.for_origin.as_ref().is_some_and(|origin| !registered.contains(origin)) {
        return Err(invalid("'for_origin' is no origin that this client has registered"));
    }
    if request.response_type.is_some() {
        let text = "this endpoint has one kind of answer: leave 'response_type' out";
        return Err(AuthorizationError::new(Code::UnsupportedResponseType, text));
    }
    if prompts.iter().any(|prompt| !matches!(prompt, Prompt::None | Prompt::Consent)) {
        return Err(invalid("'prompt' is none or consent here"));
    }
    Ok(Wants::Message)
}

/// RFC 6749 §3.3. What is beyond the client is left out, as long as something is left; the answer says what it is.
fn read_scope(inquiry: &Inquiry, world: &World<'_>) -> Result<Scope, AuthorizationError> {
    let error = |text: String| AuthorizationError::new(Code::InvalidScope, text);
    let client = &inquiry.client;
    let asked: Option<Scope> = match &inquiry.request.scope {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|wrong: protocol::scope::NotAScope| error(wrong.to_string()))?)
        }
    };
    if let Some(asked) = asked.as_ref().filter(|asked| asked.contains(DCR)) {
        if !asked.is_only(DCR) {
            return Err(error(format!("'{DCR}' must be asked for alone")));
        }
        let definitions = &world.profile.definitions;
        if !definitions.accesses().any(|access| access.names_client_of_users(client.id())) {
            return Err(error(format!(
                "users cannot register anything through this client, so there is no '{DCR}'"
            )));
        }
        return Ok(asked.clone());
    }
    let of_apis = &world.profile.resource.scopes;
    let all = OF_IDENTITY.iter().fold(of_apis.clone(), |all, token| {
        Scope::from_tokens([*token]).map_or(all.clone(), |token| all.union(&token))
    });
    let mut ceiling = client.scope().intersection(&all);
    if !client.may_use(GrantType::RefreshToken) {
        ceiling = ceiling.without(OFFLINE_ACCESS);
    }
    // What a client learns of its user, it asks for by name (OpenID Connect Core §3.1.2.1).
    let scope =
        asked.as_ref().map_or_else(|| ceiling.intersection(of_apis), |asked| asked.intersection(&ceiling));
    if scope.is_empty() {
        return Err(error(match asked {
            Some(asked) => format!(
                "this client has nothing of {} now: it can ask for '{ceiling}'",
                quoted(&asked.to_string())
            ),
            None => format!("'scope' is missing: this client can ask for '{ceiling}'"),
        }));
    }
    Ok(scope)
}

fn read_max_age(
    request: &AuthorizationRequest,
    client: &EffectiveClient,
) -> Result<Option<Duration>, AuthorizationError> {
    let stated = request.max_age.as_deref().map(str::parse::<u64>).transpose();
    let seconds = stated.map_err(|_not_a_number| invalid("'max_age' is not a whole number of seconds"))?;
    Ok(seconds.or(client.default_max_age()).map(Duration::from_secs))
}

/// OpenID Connect Core §3.1.2.1: an ID token of ours, to this client, however old.
async fn read_hint(
    request: &AuthorizationRequest,
    client: &EffectiveClient,
    world: &World<'_>,
) -> Result<Option<UserId>, AuthorizationError> {
    let Some(text) = request.id_token_hint.as_deref() else { return Ok(None) };
    let wrong = || invalid("'id_token_hint' is no ID token that this client got here");
    let jws = CompactJws::parse(text).map_err(|_error| wrong())?;
    let key = jws.kid().and_then(|kid| world.profile.keys.published(kid)).ok_or_else(wrong)?;
    if !world.effort.signature(jws.signature_of(key), world.slow).await {
        return Err(wrong());
    }
    let claim = |name: &str| jws.unverified_claims().get(name).and_then(Value::as_str);
    let is_ours = claim("iss") == Some(&*world.profile.issuer) && claim("aud") == Some(client.id());
    if !is_ours || jws.typ() != Some(protocol::id_token::TYP) {
        return Err(wrong());
    }
    claim("sub").and_then(|subject| subject.parse().ok()).map(Some).ok_or_else(wrong)
}
