//! RFC 7591 §3: from a request to a client that exists.

use std::sync::Arc;
use std::time::Duration;

use protocol::client_metadata::{BodyError, ClientMetadata, Member};
use serde_json::{Map, json};

use crate::access::{self, Access, Asker, Bearer, IdentifyError, Registrant};
use crate::client::{Brought, NewClient, Provenance, Template};
use crate::definitions::{Definitions, NamedTemplate, OwnDoor};
use crate::metadata::ValidatedMetadata;
use crate::policy::AdmittedMetadata;
use crate::rejection::Rejection;
use crate::store::{Insertion, NewRegistration};
use crate::world::World;
use primitives::audit::{Event, EventKind};
use primitives::store::StoreError;

/// A registration request.
#[derive(Debug)]
pub struct Registration<'a> {
    /// What came in the `Authorization` header.
    pub bearer: Bearer,
    /// What came in the body.
    pub body: &'a [u8],
}

/// Why no client came into being. None of these has changed anything; in particular no token is spent.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No door of this profile has an access.
    #[error("this profile registers no clients")]
    Off,
    /// A token is needed, and none came.
    #[error("an initial access token is needed")]
    TokenMissing,
    /// The token opens nothing.
    #[error(transparent)]
    Token(#[from] IdentifyError),
    /// The token is good, but the door wants one that was come by in another way.
    #[error("{0}")]
    WrongOrigin(&'static str),
    /// The body is not one JSON object.
    #[error("the body is not JSON that is accepted: {0}")]
    NotJson(String),
    /// The metadata was rejected.
    #[error("{0}")]
    Rejected(Rejection),
    /// Storing failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was admitted could not be written as JSON.
    #[error("a definition could not be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl From<Rejection> for RegisterError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<BodyError> for RegisterError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Json(error) => Self::NotJson(error.to_string()),
            BodyError::Members(problems) => Self::Rejected(problems.into()),
        }
    }
}

/// What the policy of a door has let in.
#[derive(Clone, Debug)]
pub enum Admitted {
    /// A definition of its own.
    Own {
        /// The definition.
        metadata: Arc<AdmittedMetadata>,
        /// How long its secret will live.
        secret_lifetime: Option<Duration>,
    },
    /// An instance of a template.
    Instance {
        /// The template, as it is now.
        template: Arc<Template>,
        /// What the instance says for itself.
        brought: Box<Brought>,
    },
}

/// Registers a client.
///
/// # Errors
/// See [`RegisterError`].
pub async fn register(request: Registration<'_>, world: &World<'_>) -> Result<NewClient, RegisterError> {
    let definitions = world.definitions;
    if !definitions.registers_clients() {
        return Err(RegisterError::Off);
    }
    let asker = access::identify(request.bearer, world).await?;
    if asker.registrant == Registrant::Anonymous
        && !definitions.accesses().any(|access| *access == Access::Open)
    {
        return Err(RegisterError::TokenMissing);
    }
    let metadata = ClientMetadata::parse(request.body)?;
    let admitted = match definitions.template_named_in(&metadata) {
        NamedTemplate::Template(template) => through_template(template, &metadata, &asker, definitions)?,
        NamedTemplate::Gone => return Err(no_such_template().into()),
        NamedTemplate::None => through_own_door(&metadata, &asker, definitions)?,
    };
    let provenance = Provenance { registrant: asker.registrant.clone(), revision: definitions.revision() };
    let client = NewClient::issue(admitted, provenance, world)?;
    let events = events(&client, &asker, world);
    let at = world.clock.now();
    let registration = NewRegistration { client: client.record().clone(), at, spends: asker.spends, events };
    match world.store.insert(registration).await? {
        Insertion::Inserted => Ok(client),
        Insertion::TokenNotGood => Err(IdentifyError::InvalidToken.into()),
    }
}

fn through_template(
    template: Arc<Template>,
    metadata: &ClientMetadata,
    asker: &Asker,
    definitions: &Definitions,
) -> Result<Admitted, RegisterError> {
    if !template.access().is_some_and(|access| access.admits(&asker.registrant)) {
        return Err(no_such_template().into());
    }
    let brought = template.propose(metadata, definitions.capabilities())?.into();
    Ok(Admitted::Instance { template, brought })
}

fn through_own_door(
    metadata: &ClientMetadata,
    asker: &Asker,
    definitions: &Definitions,
) -> Result<Admitted, RegisterError> {
    // Without grants and redirect URIs it is no definition (RFC 7591 §2: the default grant needs a redirect URI). Whoever
    // sends that with a software_id means a template, whether or not there is one of that name.
    let means_template =
        metadata.software_id.is_some() && metadata.grant_types.is_none() && metadata.redirect_uris.is_none();
    let Some(door) = definitions.own_door().filter(|_| !means_template) else {
        return Err(no_such_template().into());
    };
    let OwnDoor { access, policy, secret_lifetime } = door;
    if !access.admits(&asker.registrant) {
        return Err(match (access, &asker.registrant) {
            (_, Registrant::Anonymous) => RegisterError::TokenMissing,
            (Access::Users(_), _) => {
                RegisterError::WrongOrigin("registering here wants a token that a user signed in for")
            }
            _ => {
                RegisterError::WrongOrigin("this token was not got by a client that may register others here")
            }
        });
    }
    let proposal = ValidatedMetadata::of_client(metadata, definitions.capabilities())?;
    Ok(Admitted::Own { metadata: policy.admit(proposal)?.into(), secret_lifetime: *secret_lifetime })
}

/// A template that is closed to this registrant, switched off, removed, or was never there: strangers are not told
/// which.
fn no_such_template() -> Rejection {
    Rejection::of(
        Member::SoftwareId,
        "names no template that is open to you: ask who runs this server which one to use",
    )
}

fn events(client: &NewClient, asker: &Asker, world: &World<'_>) -> Vec<Event> {
    let now = world.clock.now();
    let event = |kind, detail| Event {
        id: world.ids.next(now, world.random),
        profile: world.definitions.profile().clone(),
        kind,
        client_id: Some(client.id().to_string()),
        subject: asker.registrant.subject().map(str::to_owned),
        detail,
    };
    let mut about = Map::new();
    about.insert("registrant".into(), json!(asker.registrant.kind()));
    if let Some(initial_client) = asker.registrant.client_id() {
        about.insert("initial_client".into(), json!(initial_client));
    }
    if let Some(template) = &client.record().template {
        about.insert("template".into(), json!(template.as_str()));
    }
    about.insert("revision".into(), json!(world.definitions.revision().0));
    let mut events = Vec::with_capacity(2);
    if let Some(token) = asker.spends {
        let paid = Map::from_iter([("token".to_owned(), json!(token.to_string()))]);
        events.push(event(EventKind::InitialAccessTokenSpent, paid));
    }
    events.push(event(EventKind::ClientRegistered, about));
    events
}
