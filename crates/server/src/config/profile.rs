//! A profile's configuration: what it is called, what it has, what is laid down about its clients.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use issuance::profile::{AssertionAudience, Resource, SignIn, TokenFormat, capabilities};
use primitives::names::ProfileName;
use primitives::secret::SecretHash;
use protocol::client_metadata::{ClientMetadata, Member};
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::resource::ResourceIdentifier;
use protocol::scope::Scope;
use protocol::word;
use registration::access::Access;
use registration::capabilities::{Answers, Capabilities};
use registration::client::Terms;
use registration::definitions::{
    Definitions, DefinitionsDocument, OperatorClientDocument, OwnDoor, Revision, TemplateDocument,
};
use registration::policy::Policy;
use serde_json::Value;
use storage::{DefinitionDocument, DefinitionKind};
use url::Url;

use super::document::{
    AccessDocument, AudienceDocument, ClientDocument, OwnDoorDocument, ProfileDocument, ResourceDocument,
    StatusDocument, TokenFormatDocument,
};
use super::sign_in::scope_texts;
use super::{Problem, is_loopback, problem, secret, unheeded};

/// First parts of paths that belong to the server, so that no profile can stand in their way.
const RESERVED_NAMES: [&str; 12] = [
    "admin",
    "assisted-token",
    "authorize",
    "healthz",
    "introspect",
    "jwks",
    "logout",
    "readyz",
    "register",
    "revoke",
    "token",
    "userinfo",
];

/// The longest path of an issuer, in bytes.
const MAX_ISSUER_PATH: usize = 512;

/// The longest life of anything that is counted in seconds here: ten years.
const MAX_TTL: u64 = 10 * 366 * 86_400;

/// A profile as it is to be.
#[derive(Clone, Debug)]
pub struct ProfileSettings {
    /// Its identifier.
    pub issuer: String,
    /// What access tokens are signed with.
    pub access_token_algorithm: SignatureAlgorithm,
    /// Whom client assertions may be addressed to.
    pub assertion_audience: AssertionAudience,
    /// The API that tokens are for.
    pub resource: Resource,
    /// How people sign in; `None`: nobody does.
    pub sign_in: Option<SignIn>,
    /// What is laid down about its clients.
    pub definitions: DefinitionsDocument,
    /// The same, as it was written, to be kept with its revisions.
    pub documents: Vec<DefinitionDocument>,
    /// What works, and is probably not what was meant.
    pub warnings: Vec<String>,
}

pub(super) fn read_all(
    profiles: &BTreeMap<String, ProfileDocument>,
    public_url: Option<&str>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<ProfileSettings> {
    if profiles.is_empty() {
        problem(problems, "profiles", "there is none, so there is nothing to serve: add a [profiles.NAME]");
    }
    let mut issuers = BTreeSet::new();
    let mut settings = Vec::new();
    for (name, document) in profiles {
        let at = format!("profiles.{name}");
        let issuer = read_issuer(name, document, public_url, &at, problems);
        if issuer.as_ref().is_some_and(|issuer| !issuers.insert(issuer.clone())) {
            problem(problems, format!("{at}.issuer"), "is the issuer of another profile too");
        }
        settings
            .extend(Reading { at: &at, folder, problems: &mut *problems }.profile(name, issuer, document));
    }
    settings
}

/// What is kept of a profile, and cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// A document is not of the form that this version of the program writes.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    /// The documents do not work together.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
    /// There is no document of the profile itself.
    #[error("there is no such profile")]
    Removed,
}

impl ProfileSettings {
    /// Reads a profile from the documents that are kept of it. They were written by [`documents`], which left nothing in
    /// files.
    ///
    /// # Errors
    /// See [`NotRestored`].
    pub fn restore(
        name: &ProfileName,
        documents: &[DefinitionDocument],
        public_url: &str,
    ) -> Result<Self, NotRestored> {
        let of_kind = |kind| documents.iter().filter(move |document| document.kind == kind);
        let profile = of_kind(DefinitionKind::Profile).next().ok_or(NotRestored::Removed)?;
        let mut document: ProfileDocument = serde_json::from_value(profile.document.clone())?;
        for client in of_kind(DefinitionKind::Client) {
            document.clients.insert(client.id.clone(), serde_json::from_value(client.document.clone())?);
        }
        for template in of_kind(DefinitionKind::Template) {
            document
                .templates
                .insert(template.id.clone(), serde_json::from_value(template.document.clone())?);
        }
        let (mut problems, at) = (Vec::new(), format!("profiles.{name}"));
        let issuer = read_issuer(name.as_str(), &document, Some(public_url), &at, &mut problems);
        let mut reading = Reading { at: &at, folder: Path::new(""), problems: &mut problems };
        match reading.profile(name.as_str(), issuer, &document) {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(NotRestored::Problems(problems)),
        }
    }
}

fn read_issuer(
    name: &str,
    document: &ProfileDocument,
    public_url: Option<&str>,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let (origin, path) = match &document.issuer {
        None => (public_url?.to_owned(), format!("/{name}")),
        Some(text) => match origin_and_path(text) {
            Ok(parts) => parts,
            Err(why) => {
                problem(problems, format!("{at}.issuer"), why);
                return None;
            }
        },
    };
    let first = path.split('/').nth(1).unwrap_or_default();
    if RESERVED_NAMES.contains(&first) || first.starts_with('.') {
        problem(
            problems,
            at,
            format!("'/{first}' is a path of the server's own: call the profile something else"),
        );
        return None;
    }
    Some(format!("{origin}{path}"))
}

/// Takes an issuer apart (RFC 8414 §2): origin, and path without a slash at the end.
pub(super) fn origin_and_path(text: &str) -> Result<(String, String), String> {
    let url = Url::parse(text).map_err(|error| format!("'{text}' is not a URL ({error})"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("is http: use https, or a loopback address for trying things out".to_owned()),
        other => return Err(format!("has the scheme '{other}': use https")),
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err("has a query, a fragment or a user name: leave it out (RFC 8414 section 2)".to_owned());
    }
    if matches!(url.port(), Some(80 | 443)) {
        return Err("has the port of another scheme: leave it out, or take another one".to_owned());
    }
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    if path.len() > MAX_ISSUER_PATH {
        return Err(format!("has a path of more than {MAX_ISSUER_PATH} bytes"));
    }
    if text.trim_end_matches('/') != format!("{origin}{path}") {
        return Err(format!("is not in its normal form: write it as {origin}{path}"));
    }
    Ok((origin, path.to_owned()))
}

/// A reading of one profile, and where to note what is wrong with it.
pub(super) struct Reading<'a> {
    at: &'a str,
    folder: &'a Path,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    pub(super) fn problem(&mut self, at: &str, text: impl Into<String>) {
        problem(self.problems, format!("{}.{at}", self.at), text);
    }

    fn profile(
        &mut self,
        name: &str,
        issuer: Option<String>,
        document: &ProfileDocument,
    ) -> Option<ProfileSettings> {
        let profile = match name.parse::<ProfileName>() {
            Ok(profile) => Some(profile),
            Err(error) => {
                problem(self.problems, self.at, error.to_string());
                None
            }
        };
        let of_api = self.scope("resource.scopes", &document.resource.scopes);
        let resource = self.resource(&document.resource, &of_api, document);
        let scopes = self.all_scopes(&of_api, document.sign_in.is_some());
        let algorithm = document.access_token_signing_alg;
        let sign_in = match (&document.sign_in, &profile) {
            (Some(sign_in), Some(profile)) => self.sign_in(sign_in, profile, algorithm),
            _ => None,
        };
        let capabilities = self.capabilities(document, sign_in.as_ref());
        let registration = document.registration.as_ref();
        let own_door = registration.and_then(|registration| registration.own.as_ref());
        let own_door = own_door.map(|door| self.own_door(door, &scopes));
        let ttl = registration.map_or(600, |registration| registration.initial_access_token_ttl);
        let initial_access_token_lifetime = self.ttl("registration.initial_access_token_ttl", ttl);
        let templates = self.templates(document);
        let clients = self.clients(document);
        let definitions = DefinitionsDocument {
            profile: profile?,
            capabilities,
            implicit_grant: sign_in.as_ref().is_some_and(|sign_in| sign_in.implicit_grant),
            scopes,
            own_door,
            templates,
            clients,
            initial_access_token_lifetime,
        };
        // Whatever the heart has against it is said now, and not when the first client comes.
        let mut warnings = Vec::new();
        match Definitions::load(definitions.clone(), Revision(0), &BTreeSet::new()) {
            Ok(loaded) => warnings = unheeded::warnings(self.at, &definitions, &loaded),
            Err(found) => {
                for found in found {
                    self.problem(&found.at, found.text);
                }
            }
        }
        let resource = resource?;
        for token in resource.scope_texts.keys().filter(|token| !resource.scopes.contains(token)) {
            let at = format!("{}.resource.scope_texts", self.at);
            warnings
                .push(format!("{at}: '{token}' is no scope of this resource, so nobody is shown its text"));
        }
        let issuer = issuer?;
        Some(ProfileSettings {
            documents: documents(document, &definitions),
            warnings,
            issuer,
            access_token_algorithm: algorithm,
            assertion_audience: match document.client_assertion_audience {
                AudienceDocument::Issuer => AssertionAudience::Issuer,
                AudienceDocument::IssuerOrTokenEndpoint => AssertionAudience::IssuerOrTokenEndpoint,
            },
            resource,
            sign_in,
            definitions,
        })
    }

    /// What this build can do, as far as the profile wants it.
    fn capabilities(&mut self, document: &ProfileDocument, sign_in: Option<&SignIn>) -> Capabilities {
        let mut built = capabilities(document.sign_in.is_some());
        if let (Some(sign_in), Some(document)) = (sign_in, &document.sign_in) {
            built.id_tokens = Answers::Signed(sign_in.id_token_algorithms.clone());
            built.refresh_tokens_for_public_clients = document.refresh_tokens_for_public_clients;
        }
        let mut wanted = built.clone();
        if let Some(grant_types) = &document.grant_types {
            for grant in grant_types.iter().filter(|grant| !built.grant_types.contains(grant)) {
                let known = word::list(&built.grant_types);
                let text = match grant {
                    GrantType::AuthorizationCode | GrantType::RefreshToken => {
                        format!("'{grant}' needs people who sign in: give the profile a [sign_in]")
                    }
                    GrantType::Implicit => {
                        "'implicit' is a switch of its own: sign_in.implicit_grant".to_owned()
                    }
                    _ => format!("'{grant}' is not served by this version: use {known}"),
                };
                self.problem("grant_types", text);
            }
            wanted.grant_types.retain(|grant| grant_types.contains(grant));
        }
        if let Some(methods) = &document.token_endpoint_auth_methods {
            for method in methods.iter().filter(|method| !built.authentication_methods.contains(method)) {
                let known = word::list(&built.authentication_methods);
                self.problem(
                    "token_endpoint_auth_methods",
                    format!("'{method}' is not served by this version: use {known}"),
                );
            }
            wanted.authentication_methods.retain(|method| methods.contains(method));
        }
        if !wanted.grant_types.contains(&GrantType::AuthorizationCode) {
            wanted.response_types.clear();
        }
        if wanted.grant_types.is_empty() && document.grant_types.as_ref().is_some_and(Vec::is_empty) {
            self.problem("grant_types", "names none, so no client could get a token");
        }
        if wanted.authentication_methods.is_empty()
            && document.token_endpoint_auth_methods.as_ref().is_some_and(Vec::is_empty)
        {
            self.problem("token_endpoint_auth_methods", "names none, so no client could authenticate");
        }
        wanted
    }

    fn resource(
        &mut self,
        document: &ResourceDocument,
        of_api: &Scope,
        profile: &ProfileDocument,
    ) -> Option<Resource> {
        if document.scopes.is_empty() {
            self.problem("resource.scopes", "names none, so no token could be good for anything");
        }
        for id in document.introspected_by.iter().filter(|id| !profile.clients.contains_key(*id)) {
            self.problem("resource.introspected_by", format!("there is no client '{id}' in this profile"));
        }
        let access_token_lifetime = self.ttl("resource.access_token_ttl", document.access_token_ttl);
        let scope_texts = scope_texts(&document.scope_texts);
        match ResourceIdentifier::parse(&document.identifier) {
            Ok(identifier) => Some(Resource {
                identifier,
                scopes: of_api.clone(),
                scope_texts,
                token_format: match document.access_token_format {
                    TokenFormatDocument::Jwt => TokenFormat::Jwt,
                    TokenFormatDocument::Opaque => TokenFormat::Opaque,
                },
                access_token_lifetime,
                introspected_by: document.introspected_by.clone(),
            }),
            Err(error) => {
                self.problem("resource.identifier", error.to_string());
                None
            }
        }
    }

    fn own_door(&mut self, document: &OwnDoorDocument, all: &Scope) -> OwnDoor {
        let OwnDoorDocument { access, scopes, default_scopes, client_secret_ttl } = document;
        let ceiling = scopes.as_ref().map(|scopes| self.scope("registration.own.scopes", scopes));
        let scope_ceiling = ceiling.unwrap_or_else(|| all.clone());
        let default =
            default_scopes.as_ref().map(|scopes| self.scope("registration.own.default_scopes", scopes));
        let default_scope = default.unwrap_or_else(|| scope_ceiling.clone());
        let secret_lifetime =
            client_secret_ttl.map(|ttl| self.ttl("registration.own.client_secret_ttl", ttl));
        OwnDoor {
            access: read_access(access),
            policy: Policy { scope_ceiling, default_scope },
            secret_lifetime,
        }
    }

    fn templates(&mut self, document: &ProfileDocument) -> Vec<TemplateDocument> {
        let mut templates = Vec::with_capacity(document.templates.len());
        for (id, template) in &document.templates {
            let at = format!("templates.{id}");
            let access_token_lifetime = self.access_token_ttl(&at, template.tokens.access_token_ttl);
            let first_party = template.first_party;
            let terms = Terms { access_token_lifetime, first_party, ..Terms::default() };
            let secret_lifetime =
                template.client_secret_ttl.map(|ttl| self.ttl(&format!("{at}.client_secret_ttl"), ttl));
            let Some(metadata) = self.metadata(&at, &template.metadata) else { continue };
            templates.push(TemplateDocument {
                id: id.clone(),
                access: template.access.as_ref().map(read_access),
                enabled: matches!(template.status, StatusDocument::Enabled),
                metadata,
                may_set: template.may_set.iter().cloned().collect(),
                secret_lifetime,
                terms,
            });
        }
        templates
    }

    fn clients(&mut self, document: &ProfileDocument) -> Vec<OperatorClientDocument> {
        let mut clients = Vec::with_capacity(document.clients.len());
        for (id, client) in &document.clients {
            let at = format!("clients.{id}");
            let terms = Terms {
                access_token_lifetime: self.access_token_ttl(&at, client.tokens.access_token_ttl),
                first_party: client.first_party,
                allowed_origins: client.allowed_origins.clone(),
            };
            let place = format!("{}.{at}", self.at);
            let before = self.problems.len();
            let secret = secret::client_secret(client, &place, self.folder, self.problems);
            let secret_is_wrong = self.problems.len() > before;
            // That has been said, and is no reason to miss the client elsewhere.
            let secret = if secret_is_wrong { Some(SecretHash::NOBODYS) } else { secret };
            let Some(metadata) = self.metadata(&at, &client.metadata) else { continue };
            clients.push(OperatorClientDocument {
                id: id.clone(),
                enabled: client.enabled,
                metadata,
                secret,
                terms,
            });
        }
        clients
    }

    /// Metadata that an operator writes. Unlike a stranger's, a member that nobody knows is a mistake.
    fn metadata(&mut self, at: &str, members: &BTreeMap<String, Value>) -> Option<ClientMetadata> {
        let at = format!("{at}.metadata");
        for name in members.keys() {
            let (member, language) =
                name.split_once('#').map_or((name.as_str(), None), |(m, l)| (m, Some(l)));
            match Member::named(member) {
                None => self.problem(&at, format!("'{name}' is no client metadata that is known")),
                Some(known) if language.is_some() && !known.has_languages() => {
                    self.problem(&at, format!("'{name}': '{member}' is the same in all languages"));
                }
                Some(_) => {}
            }
        }
        match ClientMetadata::from_members(members.clone().into_iter().collect()) {
            Ok(metadata) => Some(metadata),
            Err(found) => {
                for found in found {
                    self.problem(&at, found.to_string());
                }
                None
            }
        }
    }

    fn scope(&mut self, at: &str, tokens: &BTreeSet<String>) -> Scope {
        Scope::from_tokens(tokens.iter().map(String::as_str)).unwrap_or_else(|error| {
            self.problem(at, error.to_string());
            Scope::default()
        })
    }

    fn access_token_ttl(&mut self, at: &str, seconds: Option<u64>) -> Option<Duration> {
        seconds.map(|seconds| self.ttl(&format!("{at}.tokens.access_token_ttl"), seconds))
    }

    pub(super) fn ttl(&mut self, at: &str, seconds: u64) -> Duration {
        if !(1..=MAX_TTL).contains(&seconds) {
            self.problem(at, format!("must be 1 to {MAX_TTL} seconds"));
        }
        Duration::from_secs(seconds)
    }
}

fn read_access(document: &AccessDocument) -> Access {
    match document {
        AccessDocument::Open => Access::Open,
        AccessDocument::Clients(named) => Access::Clients(named.clone()),
        AccessDocument::Users(named) => Access::Users(named.clone()),
    }
}

/// Each definition by itself, as it was written, so that each has revisions of its own. The hash of a secret stands in it
/// and not the file that has the secret: when that changes, the definition has changed, and any node can read it. An issuer
/// that is not stated follows the address of the node.
fn documents(document: &ProfileDocument, definitions: &DefinitionsDocument) -> Vec<DefinitionDocument> {
    let ProfileDocument { clients, templates, .. } = document;
    let alone = ProfileDocument { clients: BTreeMap::new(), templates: BTreeMap::new(), ..document.clone() };
    let one = |kind, id: &str, document: serde_json::Result<Value>| {
        // These types have been read from text, so they can be written as text.
        DefinitionDocument { kind, id: id.to_owned(), document: document.unwrap_or_default() }
    };
    let mut all = vec![one(DefinitionKind::Profile, "", serde_json::to_value(alone))];
    for (id, client) in clients {
        let hash =
            definitions.clients.iter().find(|known| known.id == *id).and_then(|known| known.secret.as_ref());
        let client = ClientDocument {
            client_secret_sha256: hash.map(SecretHash::to_hexadecimal),
            client_secret_file: None,
            client_secret_env: None,
            ..client.clone()
        };
        all.push(one(DefinitionKind::Client, id, serde_json::to_value(client)));
    }
    for (id, template) in templates {
        all.push(one(DefinitionKind::Template, id, serde_json::to_value(template)));
    }
    all
}
