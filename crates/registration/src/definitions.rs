//! What the operator of one profile has laid down about its clients, at one revision.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use protocol::client_metadata::ClientMetadata;
use protocol::grant_type::GrantType;
use protocol::response_type::ResponseType;
use protocol::scope::{RESERVED, Scope};
use protocol::uri::is_web_origin;
use url::Url;

use crate::access::Access;
use crate::capabilities::Capabilities;
use crate::client::{Credential, InstanceMember, OperatorClient, Template, TemplateId, Terms};
use crate::metadata::{ValidatedMetadata, is_loopback};
use crate::policy::{AdmittedMetadata, Policy};
use crate::rejection::Rejection;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;

/// The number of a profile's definitions: each change makes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The door for clients that bring a whole definition (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDoor {
    /// Who may use it.
    pub access: Access,
    /// What may come in.
    pub policy: Policy,
    /// How long a client's secret lives; `None` is for ever.
    pub secret_lifetime: Option<Duration>,
}

/// A template as an operator wrote it down.
#[derive(Clone, Debug)]
pub struct TemplateDocument {
    /// Its name.
    pub id: String,
    /// Who may register instances; `None` is nobody.
    pub access: Option<Access>,
    /// Whether instances are alive.
    pub enabled: bool,
    /// What all instances are.
    pub metadata: ClientMetadata,
    /// What instances may say for themselves, by the names of the wire.
    pub may_set: Vec<String>,
    /// How long an instance's secret lives; `None` is for ever.
    pub secret_lifetime: Option<Duration>,
    /// What the operator says of instances besides.
    pub terms: Terms,
}

/// A client as an operator wrote it down.
#[derive(Clone, Debug)]
pub struct OperatorClientDocument {
    /// Its identifier.
    pub id: String,
    /// Whether it is alive.
    pub enabled: bool,
    /// What it is.
    pub metadata: ClientMetadata,
    /// The hash of its secret, where it has one.
    pub secret: Option<SecretHash>,
    /// What the operator says of it besides.
    pub terms: Terms,
}

/// Everything that an operator wrote down about the clients of a profile, not yet believed.
#[derive(Clone, Debug)]
pub struct DefinitionsDocument {
    /// The profile.
    pub profile: ProfileName,
    /// What works there.
    pub capabilities: Capabilities,
    /// Whether clients of the operator's own may use the implicit grant, which gives initial access tokens and nothing
    /// else. Nobody can register for it.
    pub implicit_grant: bool,
    /// All scopes that there are.
    pub scopes: Scope,
    /// The door for whole definitions; `None`: there is none.
    pub own_door: Option<OwnDoor>,
    /// The templates.
    pub templates: Vec<TemplateDocument>,
    /// The operator's own clients.
    pub clients: Vec<OperatorClientDocument>,
    /// How long an initial access token lives.
    pub initial_access_token_lifetime: Duration,
}

impl DefinitionsDocument {
    /// Whether any door has an access.
    pub fn has_access(&self) -> bool {
        self.own_door.is_some() || self.templates.iter().any(|template| template.access.is_some())
    }
}

/// Something that cannot work, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionProblem {
    /// As in `templates.field-app.metadata`.
    pub at: String,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for DefinitionProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.text)
    }
}

/// The definitions of one profile at one revision. What is in here works together.
#[derive(Clone, Debug)]
pub struct Definitions {
    profile: ProfileName,
    revision: Revision,
    capabilities: Capabilities,
    scopes: Scope,
    own_door: Option<OwnDoor>,
    templates: HashMap<TemplateId, Arc<Template>>,
    /// Of all templates that there ever were, as [`plainly`] writes them.
    template_names_ever: BTreeSet<String>,
    clients: HashMap<String, OperatorClient>,
    initial_access_token_lifetime: Duration,
}

/// A name without what people overlook.
fn plainly(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What a registration request names as its template.
#[derive(Clone, Debug, PartialEq)]
pub enum NamedTemplate {
    /// A living one.
    Template(Arc<Template>),
    /// One that is switched off, or was there once.
    Gone,
    /// None: the name is plain metadata, or there is no name.
    None,
}

impl Definitions {
    /// Takes a document at its word, once everything in it works.
    ///
    /// `template_ids_ever` are the ids of all templates that the profile has had before: a name that once meant a
    /// template never becomes plain metadata again.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn load(
        document: DefinitionsDocument,
        revision: Revision,
        template_ids_ever: &BTreeSet<TemplateId>,
    ) -> Result<Self, Vec<DefinitionProblem>> {
        let DefinitionsDocument {
            profile,
            capabilities,
            implicit_grant,
            scopes,
            own_door,
            templates,
            clients,
            initial_access_token_lifetime,
        } = document;
        let mut loading = Loading {
            problems: Vec::new(),
            broken_clients: BTreeSet::new(),
            people_sign_in: capabilities.sign_in,
            policy: Policy { scope_ceiling: scopes.clone(), default_scope: scopes.clone() },
        };
        loading.check_scopes(&scopes, own_door.as_ref());
        let mut of_operator = capabilities.clone();
        if implicit_grant {
            of_operator.grant_types.push(GrantType::Implicit);
            of_operator.response_types.push(ResponseType::Token);
        }
        let mut declared: BTreeSet<String> = clients.iter().map(|client| client.id.clone()).collect();
        let clients: HashMap<_, _> = clients
            .into_iter()
            .filter_map(|client| loading.client(client, &of_operator))
            .map(|client| (client.id.clone(), client))
            .collect();
        // What is wrong with those that are not loaded has been said.
        declared.retain(|id| !clients.contains_key(id));
        loading.broken_clients = declared;
        if let Some(door) = &own_door {
            loading.check_access("registration.own", Some(&door.access), &clients);
        }
        let mut template_names_ever: BTreeSet<String> =
            template_ids_ever.iter().map(|id| plainly(id.as_str())).collect();
        let mut loaded_names = BTreeSet::new();
        let mut loaded = HashMap::new();
        for template in templates {
            let at = format!("templates.{}", template.id);
            loading.check_access(&at, template.access.as_ref(), &clients);
            if let Some(template) = loading.template(template, &capabilities) {
                let name = plainly(template.id.as_str());
                if !loaded_names.insert(name.clone()) {
                    loading.problem(
                        &at,
                        "another template has this name in other letters: clients would mix them up",
                    );
                }
                template_names_ever.insert(name);
                loaded.insert(template.id.clone(), Arc::new(template));
            }
        }
        if !loading.problems.is_empty() {
            return Err(loading.problems);
        }
        Ok(Self {
            profile,
            revision,
            capabilities,
            scopes,
            own_door,
            templates: loaded,
            template_names_ever,
            clients,
            initial_access_token_lifetime,
        })
    }

    /// The profile.
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// The revision.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What works here.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// All scopes that there are.
    pub fn scopes(&self) -> &Scope {
        &self.scopes
    }

    /// The door for whole definitions.
    pub fn own_door(&self) -> Option<&OwnDoor> {
        self.own_door.as_ref()
    }

    /// How long an initial access token lives.
    pub fn initial_access_token_lifetime(&self) -> Duration {
        self.initial_access_token_lifetime
    }

    /// A client that the operator wrote down.
    pub fn client(&self, id: &str) -> Option<&OperatorClient> {
        self.clients.get(id)
    }

    /// A template that is there now, switched on or off.
    pub fn template(&self, id: &TemplateId) -> Option<&Arc<Template>> {
        self.templates.get(id)
    }

    /// The template that a request names with its `software_id`. A name that differs from a template's only in case or in
    /// the white space around it is a slip, and never plain metadata: the client would be one that nobody meant.
    pub fn template_named_in(&self, metadata: &ClientMetadata) -> NamedTemplate {
        let Some(name) = metadata.software_id.as_deref() else { return NamedTemplate::None };
        let living = name.parse().ok().and_then(|id: TemplateId| self.templates.get(&id));
        match living.filter(|template| template.is_enabled()) {
            Some(template) => NamedTemplate::Template(Arc::clone(template)),
            None if self.template_names_ever.contains(&plainly(name)) => NamedTemplate::Gone,
            None => NamedTemplate::None,
        }
    }

    /// The access of every door that has one. A profile without any registers nobody, and says nothing of registration.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        let own = self.own_door.iter().map(|door| &door.access);
        own.chain(self.templates.values().filter_map(|template| template.access()))
    }

    /// Whether clients can register here at all.
    pub fn registers_clients(&self) -> bool {
        self.accesses().next().is_some()
    }
}

/// A loading of definitions, and what was found wrong on the way.
struct Loading {
    problems: Vec<DefinitionProblem>,
    /// Clients that are there, and do not work.
    broken_clients: BTreeSet<String>,
    /// Whether there is anybody who could be a user.
    people_sign_in: bool,
    /// The operator is bound by what the profile has, and by nothing else.
    policy: Policy,
}

/// A web origin of a host that somebody can be sure of.
fn is_safe_origin(text: &str) -> bool {
    let is_safe = |url: Url| url.scheme() == "https" || is_loopback(&url);
    is_web_origin(text) && Url::parse(text).is_ok_and(is_safe)
}

fn has_grant(client: &OperatorClient, grant: GrantType) -> bool {
    client.metadata().metadata().flows().grant_types().contains(&grant)
}

fn can_ask_users(client: &OperatorClient) -> bool {
    has_grant(client, GrantType::AuthorizationCode)
        || has_grant(client, GrantType::Implicit)
        || !client.terms.allowed_origins.is_empty()
}

impl Loading {
    fn problem(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.problems.push(DefinitionProblem { at: at.into(), text: text.into() });
    }

    fn check_scopes(&mut self, scopes: &Scope, own_door: Option<&OwnDoor>) {
        for reserved in RESERVED.into_iter().filter(|reserved| scopes.contains(reserved)) {
            self.problem("resource.scopes", format!("'{reserved}' has a meaning of its own here"));
        }
        let Some(OwnDoor { policy, .. }) = own_door else { return };
        if !policy.scope_ceiling.is_subset(scopes) {
            let beyond = policy.scope_ceiling.difference(scopes);
            self.problem(
                "registration.own.scopes",
                format!("'{beyond}': no resource of this profile has these scopes"),
            );
        }
        if !policy.default_scope.is_subset(&policy.scope_ceiling) {
            let beyond = policy.default_scope.difference(&policy.scope_ceiling);
            self.problem(
                "registration.own.default_scopes",
                format!("'{beyond}' is not among the scopes of this door"),
            );
        }
    }

    fn check_access(&mut self, at: &str, access: Option<&Access>, clients: &HashMap<String, OperatorClient>) {
        let (named, of_users) = match access {
            None | Some(Access::Open) => return,
            Some(Access::Clients(named)) => (named, false),
            Some(Access::Users(named)) => (named, true),
        };
        let at = format!("{at}.access");
        if of_users && !self.people_sign_in {
            self.problem(&at, "'users' need a place to sign in: give the profile a [sign_in]");
        }
        if named.is_empty() {
            self.problem(&at, "names no client: nobody could ever use this door");
        }
        for id in named {
            match clients.get(id) {
                None if self.broken_clients.contains(id) => {}
                None => self.problem(&at, format!("there is no client '{id}' in this profile")),
                Some(client) if of_users && !can_ask_users(client) => self.problem(
                    &at,
                    format!("users cannot get a token through the client '{id}': it has neither the grant type 'authorization_code' nor an allowed origin"),
                ),
                Some(client) if !of_users && !has_grant(client, GrantType::ClientCredentials) => self.problem(
                    &at,
                    format!("the client '{id}' has not the grant type 'client_credentials', so it can get no token for this door"),
                ),
                Some(_) => {}
            }
        }
    }

    fn check_origins(&mut self, at: &str, terms: &Terms) {
        for origin in terms.allowed_origins.iter().filter(|origin| !is_safe_origin(origin)) {
            self.problem(
                format!("{at}.allowed_origins"),
                format!(
                    "'{origin}' is no web origin that can be relied on: write scheme, host and port as in https://app.example, \
                     without a slash at the end; http is for loopback addresses alone"
                ),
            );
        }
    }

    fn client(&mut self, document: OperatorClientDocument, served: &Capabilities) -> Option<OperatorClient> {
        let OperatorClientDocument { id, enabled, metadata, secret, terms } = document;
        let at = format!("clients.{id}");
        let printable = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if !printable || id.starts_with("https://") {
            self.problem(&at, "a client's id has 1 to 64 printable characters without ':' and spaces");
        }
        if id.parse::<OrderedId>().is_ok() {
            self.problem(&at, "this id has the form of those that the server gives to registered clients");
        }
        self.check_origins(&at, &terms);
        let metadata = self.admit(&at, ValidatedMetadata::of_client(&metadata, served))?;
        let method = metadata.metadata().authentication().method();
        let credential = match (secret, metadata.metadata().keys()) {
            (Some(hash), _) if method.uses_secret() => Credential::Secret { hash, expires_at: None },
            (Some(_), _) => {
                self.problem(&at, format!("a secret goes with a secret method, and not with '{method}'"));
                return None;
            }
            (None, _) if method.uses_secret() => {
                self.problem(&at, format!("'{method}' needs a secret: client_secret_sha256, client_secret_file or client_secret_env"));
                return None;
            }
            (None, Some(keys)) => Credential::Keys(keys.clone()),
            (None, None) => Credential::Nothing,
        };
        Some(OperatorClient { id, enabled, metadata: Arc::new(metadata), credential, terms })
    }

    fn template(&mut self, document: TemplateDocument, served: &Capabilities) -> Option<Template> {
        let TemplateDocument { id, access, enabled, metadata, may_set, secret_lifetime, terms } = document;
        let at = format!("templates.{id}");
        let mut members = BTreeSet::new();
        for name in &may_set {
            match InstanceMember::named(name) {
                Some(member) => {
                    members.insert(member);
                }
                None => {
                    let known = InstanceMember::ALL.map(|known| known.member().as_str()).join(", ");
                    self.problem(format!("{at}.may_set"), format!("'{name}' is not one of {known}"));
                }
            }
        }
        let admitted = self.admit(&at, ValidatedMetadata::of_template(&metadata, served));
        let id = match id.parse() {
            Ok(id) => id,
            Err(error) => {
                self.problem(&at, format!("{error}"));
                return None;
            }
        };
        let metadata = admitted?;
        if secret_lifetime.is_some() && !metadata.metadata().authentication().method().uses_secret() {
            self.problem(
                format!("{at}.client_secret_ttl"),
                "has no effect: instances of this template have no secret",
            );
        }
        Some(Template {
            id,
            access,
            enabled,
            metadata,
            may_set: members.into_iter().collect(),
            secret_lifetime,
            terms,
        })
    }

    fn admit(
        &mut self,
        at: &str,
        validated: Result<ValidatedMetadata, Rejection>,
    ) -> Option<AdmittedMetadata> {
        match validated.and_then(|metadata| self.policy.admit(metadata)) {
            Ok(admitted) => Some(admitted),
            Err(rejection) => {
                for problem in rejection.problems() {
                    self.problem(format!("{at}.metadata"), problem.to_string());
                }
                None
            }
        }
    }
}
