//! A profile: one authorization server among those of the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use identity::session::SessionRules;
use primitives::names::DirectoryName;

use protocol::authentication_method::AuthenticationMethod;
use protocol::client_metadata::Localized;
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::resource::ResourceIdentifier;
use protocol::response_type::ResponseType;
use protocol::scope::Scope;
use registration::capabilities::{Answers, Capabilities};
use registration::definitions::Definitions;

use crate::signing_keys::SigningKeys;

/// What this build can do, before a profile's configuration says which of it is wanted. Where nobody signs in, there is
/// nothing for public clients, and nothing to redirect to.
pub fn capabilities(people_sign_in: bool) -> Capabilities {
    let machines = Capabilities {
        grant_types: vec![GrantType::ClientCredentials],
        authentication_methods: vec![
            AuthenticationMethod::ClientSecretBasic,
            AuthenticationMethod::ClientSecretPost,
            AuthenticationMethod::PrivateKeyJwt,
        ],
        assertion_algorithms: SignatureAlgorithm::ALL.to_vec(),
        ..Capabilities::none()
    };
    if !people_sign_in {
        return machines;
    }
    let mut all = machines;
    all.grant_types.insert(0, GrantType::AuthorizationCode);
    all.grant_types.insert(1, GrantType::RefreshToken);
    all.authentication_methods.push(AuthenticationMethod::None);
    all.response_types = vec![ResponseType::Code];
    all.sign_in = true;
    all.userinfo = Answers::Unsigned;
    all
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// Signed, so that an API verifies them by itself (RFC 9068). One that was revoked is good there until it ends.
    Jwt,
    /// A name and a secret, which only this server can say something about. One that was revoked is good nowhere.
    Opaque,
}

/// An API that tokens are for (RFC 8707, RFC 9068 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What becomes the `aud` of a token.
    pub identifier: ResourceIdentifier,
    /// The scopes that it knows.
    pub scopes: Scope,
    /// What they are in words, for people who consent.
    pub scope_texts: BTreeMap<String, Localized>,
    /// What its access tokens look like.
    pub token_format: TokenFormat,
    /// How long its access tokens live, where the client's definition does not say.
    pub access_token_lifetime: Duration,
    /// The clients that are the API itself, and may ask about tokens that are for it.
    pub introspected_by: BTreeSet<String>,
}

/// How people sign in, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Where the users are.
    pub directory: DirectoryName,
    /// How long sessions live, and where they count.
    pub session: SessionRules,
    /// How long refresh tokens live.
    pub refresh: RefreshRules,
    /// What ID tokens are signed with; the first is the default.
    pub id_token_algorithms: Vec<SignatureAlgorithm>,
    /// Whether the implicit grant gives initial access tokens. OAuth 2.1 has dropped it.
    pub implicit_grant: bool,
    /// Whether pages of registered origins get initial access tokens in a frame.
    pub assisted_token: bool,
    /// Whether consent to a client that registered itself anonymously is remembered.
    pub remembers_anonymous_clients: bool,
    /// Whether `localhost` may have any port, as the loopback addresses may.
    pub any_port_on_localhost: bool,
    /// Whether guessing passwords is slowed down.
    pub slows_guessing: bool,
}

/// How long refresh tokens live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshRules {
    /// How long one lives while nobody uses it.
    pub idle: Duration,
    /// How long a family lives at most, from the code that it came from.
    pub absolute: Duration,
    /// How long the previous token can be repeated, where the answer with its successor was lost.
    pub overlap: Duration,
}

/// Whom a client assertion may be addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer, alone, as a string (draft-ietf-oauth-rfc7523bis §4).
    Issuer,
    /// The issuer or the token endpoint, also in a list (RFC 7523 §3), as older clients do.
    IssuerOrTokenEndpoint,
}

/// One authorization server: what it is called, what it has, and what its operator has laid down.
#[derive(Debug)]
pub struct Profile {
    /// Its identifier, without a slash at the end.
    pub issuer: String,
    /// The API that tokens are for where a request names none.
    pub resource: Resource,
    /// Whom client assertions may be addressed to.
    pub assertion_audience: AssertionAudience,
    /// How people sign in; `None`: nobody does.
    pub sign_in: Option<SignIn>,
    /// What it has laid down about clients.
    pub definitions: Arc<Definitions>,
    /// What it signs tokens with.
    pub keys: Arc<SigningKeys>,
}

impl Profile {
    /// The address of an endpoint, as in `https://id.example/staff/token`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}
