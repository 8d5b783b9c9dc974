//! Who asks, and where an answer may be sent.

use primitives::store::StoreError;
use protocol::authorization::AuthorizationRequest;
use protocol::form::Form;
use registration::client::EffectiveClient;
use registration::metadata::destination;
use registration::resolve;

use crate::profile::SignIn;
use crate::world::World;

/// Which endpoint was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/authorize`: the answer is a redirect.
    Authorize,
    /// `/assisted-token`: the answer is a message to a page of a registered origin.
    AssistedToken,
}

impl Endpoint {
    /// The word at rest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::AssistedToken => "assisted-token",
        }
    }

    /// From the word at rest.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Authorize, Self::AssistedToken].into_iter().find(|known| known.as_str() == word)
    }
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyTo {
    /// To a redirect URI of the client's, as the request spells it.
    Redirect {
        /// The address.
        uri: String,
        /// Whether only whoever holds the name of a server can receive it.
        is_of_a_server: bool,
    },
    /// To pages of these origins, all of them registered.
    Message {
        /// The origins.
        origins: Vec<String>,
    },
}

/// A request of a living client, with a place where the answer may go. Whatever else is wrong with it is told there.
#[derive(Debug)]
pub struct Inquiry {
    /// Who asks.
    pub client: EffectiveClient,
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// What was sent.
    pub request: AuthorizationRequest,
    /// The endpoint that was asked.
    pub endpoint: Endpoint,
}

/// Why nobody can be told anything but the person in front of the screen: nobody else is known to be meant.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// People do not sign in here, or the endpoint is not switched on.
    #[error("there is nothing at this address")]
    NotServed,
    /// There is no such client, or none any more.
    #[error("no client of this name is registered here")]
    UnknownClient,
    /// The parameter that says who asks, or where the answer goes, is missing or stands twice.
    #[error("the parameter '{0}' is missing, or stands more than once")]
    Parameter(&'static str),
    /// The redirect URI is none of the client's.
    #[error("the redirect URI is not one that this client has registered")]
    RedirectMismatch {
        /// Where the registered ones lead.
        registered: Vec<String>,
        /// Where this one leads.
        received: String,
    },
    /// The client has no pages that could be told.
    #[error("this client has no registered origin")]
    NoOrigin,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inquiry {
    /// Reads a request as far as it must be believed before anything is answered.
    ///
    /// # Errors
    /// See [`Unanswerable`].
    pub async fn read(endpoint: Endpoint, form: &Form, world: &World<'_>) -> Result<Self, Unanswerable> {
        let sign_in = world.profile.sign_in.as_ref().ok_or(Unanswerable::NotServed)?;
        if endpoint == Endpoint::AssistedToken && !sign_in.assisted_token {
            return Err(Unanswerable::NotServed);
        }
        let request = AuthorizationRequest::read(form);
        for name in ["client_id", "redirect_uri", "for_origin"] {
            if request.repeated.as_deref() == Some(name) {
                return Err(Unanswerable::Parameter(name));
            }
        }
        let client_id = request.client_id.as_deref().ok_or(Unanswerable::Parameter("client_id"))?;
        let registration = world.registration();
        let client = match resolve::operators(client_id, registration.definitions) {
            Some(client) => client,
            None => {
                resolve::registered(client_id, &registration).await?.ok_or(Unanswerable::UnknownClient)?
            }
        };
        let reply_to = match endpoint {
            Endpoint::Authorize => redirect(&client, request.redirect_uri.as_deref(), sign_in)?,
            Endpoint::AssistedToken => message(&client, request.for_origin.as_deref())?,
        };
        Ok(Self { client, reply_to, request, endpoint })
    }

    /// What a person is told of where the answer goes.
    pub fn destination(&self) -> String {
        match &self.reply_to {
            ReplyTo::Redirect { uri, .. } => destination(uri),
            ReplyTo::Message { origins } => {
                origins.iter().map(|origin| destination(origin)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// What a consent is remembered for: like [`Inquiry::destination`], without the port of a loopback address, which is
    /// another one each time.
    pub fn lasting_destination(&self) -> String {
        match &self.reply_to {
            ReplyTo::Redirect { uri, is_of_a_server: false, .. } => {
                let shown = destination(uri);
                let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
                match shown.rsplit_once(':') {
                    Some((host, port)) if is_port(port) => host.to_owned(),
                    _ => shown,
                }
            }
            ReplyTo::Redirect { .. } | ReplyTo::Message { .. } => self.destination(),
        }
    }
}

/// RFC 6749 §3.1.2.3: one that is registered; it may be left out where there is only one.
fn redirect(
    client: &EffectiveClient,
    requested: Option<&str>,
    sign_in: &SignIn,
) -> Result<ReplyTo, Unanswerable> {
    let registered = client.flows().redirect_uris();
    let (known, uri) = match (requested, registered) {
        (None, [only]) => (Some(only), only.as_str()),
        (None, _) => return Err(Unanswerable::Parameter("redirect_uri")),
        (Some(requested), _) => {
            let receives = |uri: &&registration::metadata::RedirectUri| {
                uri.receives(requested, sign_in.any_port_on_localhost)
            };
            (registered.iter().find(receives), requested)
        }
    };
    match known {
        Some(known) => Ok(ReplyTo::Redirect { uri: uri.to_owned(), is_of_a_server: known.is_of_a_server() }),
        None => Err(Unanswerable::RedirectMismatch {
            registered: registered.iter().map(registration::metadata::RedirectUri::destination).collect(),
            received: destination(uri),
        }),
    }
}

/// The origin that the request names, or all that there are. One that is not registered is told nothing, and the others
/// are told what is wrong.
fn message(client: &EffectiveClient, for_origin: Option<&str>) -> Result<ReplyTo, Unanswerable> {
    let registered = &client.terms().allowed_origins;
    if registered.is_empty() {
        return Err(Unanswerable::NoOrigin);
    }
    let named = for_origin.filter(|origin| registered.iter().any(|known| known == origin));
    let origins = named.map_or_else(|| registered.clone(), |origin| vec![origin.to_owned()]);
    Ok(ReplyTo::Message { origins })
}
