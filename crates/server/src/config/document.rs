//! The configuration file, as it is written. What it means is [`super::Configuration`].
//!
//! Unknown keys are errors everywhere. The documentation of these types is what `matricula config schema` prints.

use std::collections::{BTreeMap, BTreeSet};

use protocol::authentication_method::AuthenticationMethod;
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The configuration of a Matricula server.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigDocument {
    /// The address and port to listen on, as in `127.0.0.1:8080`.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// What the world calls this server: scheme and host (and port), without a path. `https`, unless it is a loopback
    /// address.
    pub public_url: String,
    /// The proxies in front of this server, as networks: `10.0.0.0/8` or one address. Their `Forwarded` or
    /// `X-Forwarded-For` says where a request came from; nobody else's does. Without this, everybody behind a proxy is one
    /// network, and shares what is allowed to one.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Where everything is kept: `sqlite:PATH`, where a relative path begins at the folder of this file, or
    /// `postgres://USER@HOST/DATABASE`.
    pub store: String,
    /// File that has the password of the database, where it needs one.
    pub store_password_file: Option<String>,
    /// Environment variable that has it (where no file is named).
    #[serde(default = "default_store_password_env")]
    pub store_password_env: String,
    /// A file with the key that signing keys are sealed with at rest, as `matricula keygen` prints it. A relative path
    /// begins at the folder of this file.
    pub key_encryption_key_file: Option<String>,
    /// The environment variable that has this key, where no file is named.
    #[serde(default = "default_key_encryption_key_env")]
    pub key_encryption_key_env: String,
    /// What whoever runs this server is told of its inside. Where this is omitted, nothing listens for such questions.
    pub operations: Option<OperationsDocument>,
    /// Bounds on what the network can ask of this process.
    #[serde(default)]
    pub limits: LimitsDocument,
    /// How long the audit log is kept.
    #[serde(default)]
    pub audit: AuditDocument,
    /// The profiles: each is an authorization server of its own. The name stands in its issuer: `a-z`, `0-9` and `-`.
    #[serde(default)]
    pub profiles: BTreeMap<String, ProfileDocument>,
}

fn default_listen() -> String {
    "127.0.0.1:8080".to_owned()
}

fn default_store_password_env() -> String {
    STORE_PASSWORD_ENV.to_owned()
}

/// The environment variable that has the password of the database, unless the configuration names another.
pub(crate) const STORE_PASSWORD_ENV: &str = "MATRICULA_STORE_PASSWORD";

fn default_key_encryption_key_env() -> String {
    "MATRICULA_KEY_ENCRYPTION_KEY".to_owned()
}

/// What whoever runs this server is told of its inside.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationsDocument {
    /// The address and port to listen on for `/healthz`, `/readyz` and `/metrics`, as in `127.0.0.1:9800`. Keep it away
    /// from the world: whoever reaches it is told how the server is doing.
    pub listen: String,
}

/// Bounds on what the network can ask of this process.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsDocument {
    /// The most connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long a request may take to arrive, in seconds.
    pub request_seconds: u64,
    /// How long requests that are under way may take after a signal to stop, in seconds.
    pub drain_seconds: u64,
}

impl Default for LimitsDocument {
    fn default() -> Self {
        Self { connections: 10_000, request_seconds: 15, drain_seconds: 30 }
    }
}

/// How long the audit log is kept.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditDocument {
    /// Days that outcomes are kept: clients registered, tokens spent.
    pub retention_days: u64,
    /// Days that activity is kept: authentications and refusals, counted by the minute.
    pub activity_retention_days: u64,
}

impl Default for AuditDocument {
    fn default() -> Self {
        Self { retention_days: 400, activity_retention_days: 30 }
    }
}

/// One authorization server.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileDocument {
    /// Its identifier, where it is not `<public_url>/<name>`: the `public_url` itself for a profile at the root, or an
    /// address on a host of its own.
    pub issuer: Option<String>,
    /// What access tokens are signed with.
    #[serde(default = "default_signing_alg")]
    #[schemars(schema_with = "signature_algorithm")]
    pub access_token_signing_alg: SignatureAlgorithm,
    /// The grants that are served; all that there are, where this is omitted.
    #[serde(default)]
    #[schemars(schema_with = "grant_types")]
    pub grant_types: Option<Vec<GrantType>>,
    /// How clients may authenticate; in all ways that there are, where this is omitted.
    #[serde(default)]
    #[schemars(schema_with = "authentication_methods")]
    pub token_endpoint_auth_methods: Option<Vec<AuthenticationMethod>>,
    /// Whom client assertions may be addressed to.
    #[serde(default)]
    pub client_assertion_audience: AudienceDocument,
    /// The API that tokens are for.
    pub resource: ResourceDocument,
    /// How people sign in. Where this is omitted, nobody does, and the profile serves machines alone.
    pub sign_in: Option<SignInDocument>,
    /// Who may register clients. Where this is omitted, nobody.
    pub registration: Option<RegistrationDocument>,
    /// The clients that you write down yourself, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clients: BTreeMap<String, ClientDocument>,
    /// The templates that clients are instances of, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, TemplateDocument>,
}

fn default_signing_alg() -> SignatureAlgorithm {
    SignatureAlgorithm::Es256
}

/// Whom client assertions may be addressed to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudienceDocument {
    /// The issuer alone, as one string: what the current draft of RFC 7523bis asks for.
    #[default]
    Issuer,
    /// The issuer or the token endpoint, also in a list, for older clients.
    IssuerOrTokenEndpoint,
}

/// An API that tokens are for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceDocument {
    /// Its identifier: an absolute URI without a fragment. It becomes the `aud` of tokens, letter by letter.
    pub identifier: String,
    /// The scopes that it knows.
    pub scopes: BTreeSet<String>,
    /// What its access tokens look like.
    #[serde(default)]
    pub access_token_format: TokenFormatDocument,
    /// How long its access tokens live, in seconds.
    #[serde(default = "default_ttl")]
    pub access_token_ttl: u64,
    /// The clients of yours that are this API, and may ask about tokens that are for it (`/introspect`).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub introspected_by: BTreeSet<String>,
    /// The scopes in words, for people who consent: by scope, and in another language by scope, `#` and its tag, as in
    /// `"orders:read#de"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_texts: BTreeMap<String, String>,
}

fn default_ttl() -> u64 {
    600
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormatDocument {
    /// Signed, so that the API verifies them by itself (RFC 9068).
    #[default]
    Jwt,
    /// A name and a secret, which only this server can say something about (`/introspect`). One that is revoked is good
    /// nowhere any more.
    Opaque,
}

/// How people sign in.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignInDocument {
    /// The directory that the users are in. Profiles that name the same one have the same users.
    pub directory: String,
    /// Where a session counts.
    pub sso: SsoDocument,
    /// How long a session lives at most, in seconds.
    pub session_ttl: u64,
    /// How long a session lives while nobody uses it, in seconds.
    pub session_idle_ttl: u64,
    /// How long refresh tokens of one sign-in live at most, in seconds.
    pub refresh_token_ttl: u64,
    /// How long a refresh token lives while nobody uses it, in seconds.
    pub refresh_token_idle_ttl: u64,
    /// How long after its use a refresh token can be repeated, in seconds, where the answer with the next one was lost.
    pub refresh_token_overlap: u64,
    /// Whether clients that cannot prove who they are get refresh tokens. Those are rotated like all others.
    pub refresh_tokens_for_public_clients: bool,
    /// What ID tokens are signed with; the first is the default. Where this is omitted, what access tokens are signed
    /// with.
    #[schemars(schema_with = "signature_algorithms")]
    pub id_token_signing_algs: Option<Vec<SignatureAlgorithm>>,
    /// Whether clients of yours with the grant type `implicit` get tokens to register with in the fragment. OAuth 2.1 has
    /// dropped this flow; it gives nothing else here.
    pub implicit_grant: bool,
    /// Whether pages of the origins that you allow get tokens to register with in a frame (`/assisted-token`).
    pub assisted_token: bool,
    /// Whether consent to a client is remembered that registered itself without a token.
    pub remember_consent_to_anonymous_clients: bool,
    /// Whether a redirect URI with `http://localhost` may be used with any port, as those with loopback addresses may.
    pub any_port_on_localhost: bool,
    /// Whether guessing passwords is slowed down, by user, network and device. Only for trying things out is it not.
    pub slow_guessing: bool,
}

impl Default for SignInDocument {
    fn default() -> Self {
        Self {
            directory: "main".to_owned(),
            sso: SsoDocument::default(),
            session_ttl: 8 * 3_600,
            session_idle_ttl: 3_600,
            refresh_token_ttl: 365 * 86_400,
            refresh_token_idle_ttl: 60 * 86_400,
            refresh_token_overlap: 60,
            refresh_tokens_for_public_clients: false,
            id_token_signing_algs: None,
            implicit_grant: false,
            assisted_token: false,
            remember_consent_to_anonymous_clients: false,
            any_port_on_localhost: true,
            slow_guessing: true,
        }
    }
}

/// Where a session counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SsoDocument {
    /// In this profile.
    #[default]
    Profile,
    /// In all profiles of the directory that say the same: who signed in to one need not to the others.
    Directory,
}

/// Who may register clients.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationDocument {
    /// How long an initial access token lives, in seconds.
    #[serde(default = "default_ttl")]
    pub initial_access_token_ttl: u64,
    /// The door for clients that bring a whole definition of their own. Where this is omitted, it is closed; templates
    /// have doors of their own.
    pub own: Option<OwnDoorDocument>,
}

/// The door for clients that bring a whole definition of their own.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnDoorDocument {
    /// Who may use it.
    pub access: AccessDocument,
    /// The scopes that a client can get here; all of the resource's, where this is omitted.
    pub scopes: Option<BTreeSet<String>>,
    /// What a client gets that asks for no scope in particular; all that it can get, where this is omitted.
    pub default_scopes: Option<BTreeSet<String>>,
    /// How long a client's secret lives, in seconds; for ever, where this is omitted.
    pub client_secret_ttl: Option<u64>,
}

/// Who may use a door.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessDocument {
    /// Everybody, with or without a token.
    Open,
    /// These of your clients, with a token that they got by client credentials.
    Clients(BTreeSet<String>),
    /// Users, with a token that they got by signing in through one of these of your clients.
    Users(BTreeSet<String>),
}

/// A client that you write down yourself.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientDocument {
    /// Whether it is alive.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What it is, in the members of RFC 7591 §2.
    #[schemars(schema_with = "client_metadata")]
    pub metadata: BTreeMap<String, Value>,
    /// The SHA-256 of its secret in hexadecimal, as `matricula secret` prints it. For secrets that were made at random.
    pub client_secret_sha256: Option<String>,
    /// A file with its secret (at least 32 characters). A relative path begins at the folder of this file.
    pub client_secret_file: Option<String>,
    /// The environment variable that has its secret (at least 32 characters).
    pub client_secret_env: Option<String>,
    /// What tokens it gets.
    #[serde(default)]
    pub tokens: TokensDocument,
    /// Whether it is your own, so that users need not consent to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_party: bool,
    /// The web origins of whose pages it is, as in `https://app.example`: what they are told in a frame is told to nobody
    /// else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
}

/// A definition that many clients are instances of.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateDocument {
    /// Who may register instances. Where this is omitted, nobody; those that exist stay alive.
    pub access: Option<AccessDocument>,
    /// Whether its instances are alive.
    #[serde(default)]
    pub status: StatusDocument,
    /// What all instances are, in the members of RFC 7591 §2. Keys are no part of it: each instance has its own.
    #[schemars(schema_with = "client_metadata")]
    pub metadata: BTreeMap<String, Value>,
    /// The members that an instance may say for itself.
    #[serde(default)]
    pub may_set: BTreeSet<String>,
    /// How long an instance's secret lives, in seconds; for ever, where this is omitted.
    pub client_secret_ttl: Option<u64>,
    /// What tokens instances get.
    #[serde(default)]
    pub tokens: TokensDocument,
    /// Whether instances are your own, so that the user who registered one need not consent to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_party: bool,
}

/// Whether the instances of a template are alive.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusDocument {
    /// They are.
    #[default]
    Enabled,
    /// They are not, and nobody can register more of them.
    Disabled,
}

/// What tokens a client gets.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensDocument {
    /// How long access tokens live, in seconds; as long as the resource says, where this is omitted.
    pub access_token_ttl: Option<u64>,
}

fn yes() -> bool {
    true
}

fn signature_algorithm(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = SignatureAlgorithm::ALL.iter().map(|word| word.as_str()).collect();
    json_schema!({ "type": "string", "enum": words })
}

fn signature_algorithms(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = SignatureAlgorithm::ALL.iter().map(|word| word.as_str()).collect();
    json_schema!({ "type": ["array", "null"], "items": { "type": "string", "enum": words } })
}

fn grant_types(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = GrantType::ALL.iter().map(|word| word.as_str()).collect();
    json_schema!({ "type": ["array", "null"], "items": { "type": "string", "enum": words } })
}

fn authentication_methods(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = AuthenticationMethod::ALL.iter().map(|word| word.as_str()).collect();
    json_schema!({ "type": ["array", "null"], "items": { "type": "string", "enum": words } })
}

fn client_metadata(_: &mut SchemaGenerator) -> Schema {
    let members: Vec<String> = protocol::client_metadata::Member::ALL
        .iter()
        .map(|member| format!("^{}(#.+)?$", member.as_str()))
        .collect();
    json_schema!({ "type": "object", "propertyNames": { "anyOf": members.iter().map(|member| serde_json::json!({ "pattern": member })).collect::<Vec<_>>() } })
}
