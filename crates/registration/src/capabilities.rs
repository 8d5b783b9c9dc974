//! What a profile serves.

use protocol::authentication_method::AuthenticationMethod;
use protocol::grant_type::GrantType;
use protocol::jose::SignatureAlgorithm;
use protocol::response_type::ResponseType;

/// A kind of answer, and what can be done to protect it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// There are no such answers, so nothing that a client says of them matters.
    None,
    /// There are, and they are not signed.
    Unsigned,
    /// They can be signed with these; the first is the default.
    Signed(Vec<SignatureAlgorithm>),
}

/// What works, in this build and in one profile's configuration. What a client asks for beyond it is narrowed away,
/// or refused where it would be a protection that nobody enforces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Grants of the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// Answers of the authorization endpoint.
    pub response_types: Vec<ResponseType>,
    /// Ways of client authentication.
    pub authentication_methods: Vec<AuthenticationMethod>,
    /// What client assertions may be signed with.
    pub assertion_algorithms: Vec<SignatureAlgorithm>,
    /// Whether client keys are fetched from a `jwks_uri`.
    pub fetches_keys: bool,
    /// Whether people sign in here.
    pub sign_in: bool,
    /// Whether clients that cannot prove who they are get refresh tokens.
    pub refresh_tokens_for_public_clients: bool,
    /// Whether pairwise subject identifiers are given.
    pub pairwise_subjects: bool,
    /// ID tokens.
    pub id_tokens: Answers,
    /// Userinfo answers.
    pub userinfo: Answers,
    /// Authorization answers (JARM).
    pub authorization_responses: Answers,
    /// Introspection answers (RFC 9701).
    pub introspection: Answers,
    /// What request objects may be signed with; none: there are no request objects.
    pub request_object_algorithms: Vec<SignatureAlgorithm>,
    /// Whether request objects are fetched from a `request_uri`.
    pub fetches_request_objects: bool,
    /// Whether authorization requests can be pushed (RFC 9126).
    pub pushed_authorization_requests: bool,
    /// Whether tokens can be bound to a DPoP key (RFC 9449).
    pub dpop: bool,
    /// Whether tokens can be bound to a certificate (RFC 8705 §3).
    pub certificate_bound_tokens: bool,
    /// The authorization details types (RFC 9396).
    pub authorization_details_types: Vec<String>,
    /// Whether a client can have users sent back after they signed out.
    pub rp_initiated_logout: bool,
    /// Whether front-channel logout is done.
    pub frontchannel_logout: bool,
    /// Whether back-channel logout is done.
    pub backchannel_logout: bool,
    /// How keys of encrypted answers may be encrypted; none: nothing is encrypted.
    pub key_encryption_algorithms: Vec<String>,
    /// How the content of encrypted answers may be encrypted.
    pub content_encryption_algorithms: Vec<String>,
}

impl Capabilities {
    /// Nothing works.
    pub const fn none() -> Self {
        Self {
            grant_types: Vec::new(),
            response_types: Vec::new(),
            authentication_methods: Vec::new(),
            assertion_algorithms: Vec::new(),
            fetches_keys: false,
            sign_in: false,
            refresh_tokens_for_public_clients: false,
            pairwise_subjects: false,
            id_tokens: Answers::None,
            userinfo: Answers::None,
            authorization_responses: Answers::None,
            introspection: Answers::None,
            request_object_algorithms: Vec::new(),
            fetches_request_objects: false,
            pushed_authorization_requests: false,
            dpop: false,
            certificate_bound_tokens: false,
            authorization_details_types: Vec::new(),
            rp_initiated_logout: false,
            frontchannel_logout: false,
            backchannel_logout: false,
            key_encryption_algorithms: Vec::new(),
            content_encryption_algorithms: Vec::new(),
        }
    }
}
