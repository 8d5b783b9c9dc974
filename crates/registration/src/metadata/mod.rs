//! From metadata as it was sent to metadata that is coherent and that this profile serves.
//!
//! One file per topic. Each reads its own members of the wire type, notes what is wrong with them, applies the
//! defaults of the specifications, and writes itself back. Omission means something only here: afterwards there is
//! no «not said» where the specifications give it a meaning.
//!
//! What is asked for beyond what is served ([`Capabilities`]) is treated by one rule:
//! - lists are narrowed to what is served, and the answer shows what is left;
//! - a protection that nobody would enforce is refused, never dropped;
//! - anything else that has no effect here is left out, and the answer does not show it.

mod authentication;
mod backchannel_authentication;
mod certificate;
mod flows;
mod keys;
mod logout;
mod presentation;
mod redirect_uri;
mod requests;
mod responses;
mod sign_in;
mod software;
mod subject;
mod token_binding;
mod visible_text;
mod web_uri;

pub use authentication::Authentication;
pub use flows::Flows;
pub use keys::Keys;
pub use presentation::Presentation;
use protocol::client_metadata::{ClientMetadata, Member, ScopeText};
use protocol::jose::SignatureAlgorithm;
use protocol::registration_error::Place;
use protocol::scope::Scope;
pub(crate) use redirect_uri::is_loopback;
pub use redirect_uri::{RedirectUri, destination};
pub use software::Software;

use self::backchannel_authentication::BackchannelAuthentication;
use self::certificate::CertificateSubject;
use self::logout::Logout;
use self::requests::Requests;
use self::responses::Responses;
use self::sign_in::SignIn;
use self::subject::Subject;
use self::token_binding::TokenBinding;
use crate::capabilities::Capabilities;
use crate::rejection::{Problems, Rejection};

/// Who will prove with which keys, where a definition's authentication rests on keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeysAre {
    /// The definition is a client's own: it brings its keys.
    InTheDefinition,
    /// The definition is a template: every instance brings its own.
    BroughtByInstances,
}

/// Where the metadata comes from: it decides what is compared with what is served, and whether omission has a meaning.
enum Source<'a> {
    /// A request, or an operator's document.
    Fresh(&'a Capabilities),
    /// The store: it was judged when it came in, and nothing in it was left to defaults.
    AtRest,
}

/// A reading of metadata, and what was found wrong on the way.
struct Reading<'a> {
    source: Source<'a>,
    problems: Problems,
}

impl Reading<'_> {
    fn is_fresh(&self) -> bool {
        matches!(self.source, Source::Fresh(_))
    }

    fn serves(&self, asked: impl Fn(&Capabilities) -> bool) -> bool {
        match self.source {
            Source::Fresh(capabilities) => asked(capabilities),
            Source::AtRest => true,
        }
    }

    fn problem(&mut self, member: Member, text: impl Into<String>) {
        self.problems.add(member, text);
    }

    fn problem_at(&mut self, member: Member, place: Place, text: impl Into<String>) {
        self.problems.add_at(member, place, text);
    }

    /// A protection that is asked for with `true`. Nobody enforces it: refused. Nobody asks for it: left out.
    fn protection(&mut self, member: Member, asked: Option<bool>, served: bool) -> Option<bool> {
        match (served, asked) {
            (true, asked) if self.is_fresh() => Some(asked.unwrap_or(false)),
            (true, asked) => asked,
            (false, Some(true)) => {
                self.problem(member, "asks for a protection that is not enforced here: leave it out");
                None
            }
            (false, Some(false) | None) => None,
        }
    }

    /// An `https` address that this server or a browser goes to.
    fn https(&mut self, member: Member, address: Option<&str>) -> Option<String> {
        let address = address?;
        match web_uri::check(address, web_uri::Schemes::Https) {
            Ok(()) => Some(address.to_owned()),
            Err(text) => {
                self.problem(member, text);
                None
            }
        }
    }
}

/// Metadata that is coherent, of which everything is served, with every default in its place. Whether a client may
/// have it is still for the policy to say.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedMetadata {
    flows: Flows,
    authentication: Authentication,
    keys: Option<Keys>,
    certificate: Option<CertificateSubject>,
    scope: Option<Scope>,
    presentation: Presentation,
    software: Software,
    subject: Subject,
    sign_in: SignIn,
    requests: Requests,
    responses: Responses,
    token_binding: TokenBinding,
    logout: Logout,
    backchannel_authentication: Option<BackchannelAuthentication>,
}

impl ValidatedMetadata {
    /// Reads what a client says of itself (RFC 7591 §2, OpenID Connect Registration §2).
    ///
    /// # Errors
    /// Everything that is incoherent, malformed, or asks for a protection that is not enforced.
    pub fn of_client(metadata: &ClientMetadata, served: &Capabilities) -> Result<Self, Rejection> {
        Self::read(metadata, Source::Fresh(served), KeysAre::InTheDefinition)
    }

    /// Reads what an operator says of all instances of a template. Keys are no part of it: each instance has its own.
    ///
    /// # Errors
    /// As [`ValidatedMetadata::of_client`], and where it has keys, a software statement, or a `software_id`.
    pub fn of_template(metadata: &ClientMetadata, served: &Capabilities) -> Result<Self, Rejection> {
        Self::read(metadata, Source::Fresh(served), KeysAre::BroughtByInstances)
    }

    /// Reads what was written by [`ValidatedMetadata::to_wire`] when it was admitted.
    ///
    /// # Errors
    /// Whatever would not be admitted by anybody: then the row is corrupt.
    pub fn restore(metadata: &ClientMetadata) -> Result<Self, Rejection> {
        Self::read(metadata, Source::AtRest, KeysAre::InTheDefinition)
    }

    fn read(wire: &ClientMetadata, source: Source<'_>, keys_are: KeysAre) -> Result<Self, Rejection> {
        let mut reading = Reading { source, problems: Problems::default() };
        let reading_ref = &mut reading;
        let mut flows = Flows::read(wire, reading_ref);
        let authentication = Authentication::read(wire, reading_ref);
        if !authentication.is_by_credential()
            && !reading_ref.serves(|served| served.refresh_tokens_for_public_clients)
        {
            flows.leave_out_refresh_tokens();
        }
        let keys = Keys::read(wire, &authentication, keys_are, reading_ref);
        let certificate = CertificateSubject::read(wire, &authentication, reading_ref);
        let metadata = Self {
            scope: read_scope(wire, reading_ref),
            presentation: Presentation::read(wire, reading_ref),
            software: Software::read(wire, keys_are, reading_ref),
            subject: Subject::read(wire, &flows, reading_ref),
            sign_in: SignIn::read(wire, reading_ref),
            requests: Requests::read(wire, reading_ref),
            responses: Responses::read(wire, keys.as_ref(), reading_ref),
            token_binding: TokenBinding::read(wire, reading_ref),
            logout: Logout::read(wire, reading_ref),
            backchannel_authentication: BackchannelAuthentication::read(wire, &flows, reading_ref),
            flows,
            authentication,
            keys,
            certificate,
        };
        // RFC 6749 §4.4: without a credential nobody can be sure which client it is.
        if !metadata.authentication.is_by_credential()
            && let Some(grant) =
                metadata.flows.grant_types().iter().find(|grant| grant.needs_client_authentication())
        {
            reading.problem(
                Member::TokenEndpointAuthMethod,
                format!(
                    "'none' does not go with the grant type '{grant}': a public client cannot prove who it is"
                ),
            );
        }
        reading.problems.unless_any(metadata)
    }

    /// The same, in the words of the RFCs: what is stored, and what is echoed. Reading it again gives the same.
    pub fn to_wire(&self) -> ClientMetadata {
        let mut wire = ClientMetadata::default();
        let Self {
            flows,
            authentication,
            keys,
            certificate,
            scope,
            presentation,
            software,
            subject,
            sign_in,
            requests,
            responses,
            token_binding,
            logout,
            backchannel_authentication,
        } = self;
        flows.write(&mut wire);
        authentication.write(&mut wire);
        if let Some(keys) = keys {
            keys.write(&mut wire);
        }
        if let Some(certificate) = certificate {
            certificate.write(&mut wire);
        }
        wire.scope = scope.as_ref().map(|scope| ScopeText(scope.to_string()));
        presentation.write(&mut wire);
        software.write(&mut wire);
        subject.write(&mut wire);
        sign_in.write(&mut wire);
        requests.write(&mut wire);
        responses.write(&mut wire);
        token_binding.write(&mut wire);
        logout.write(&mut wire);
        if let Some(backchannel_authentication) = backchannel_authentication {
            backchannel_authentication.write(&mut wire);
        }
        wire
    }

    /// Grants, response types, redirect URIs.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// How the client authenticates.
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// Its public keys.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The scope it asks for; `None` where it leaves that to the server.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// How old a sign-in may be where a request does not say, in seconds.
    pub fn default_max_age(&self) -> Option<u64> {
        self.sign_in.default_max_age()
    }

    /// What ID tokens are signed with, where there are any.
    pub fn id_token_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.responses.id_token_algorithm()
    }

    /// What people are shown of it.
    pub fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    /// What software it is.
    pub fn software(&self) -> &Software {
        &self.software
    }
}

/// The parts of metadata that an instance of a template may have of its own, apart from its keys.
#[derive(Debug)]
pub(crate) struct InstanceParts {
    pub(crate) presentation: Presentation,
    pub(crate) software_version: Option<String>,
    pub(crate) scope: Option<Scope>,
}

impl InstanceParts {
    /// Reads these members and looks at no others.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(wire: &ClientMetadata) -> Result<Self, Rejection> {
        let mut reading = Reading { source: Source::AtRest, problems: Problems::default() };
        let parts = Self {
            presentation: Presentation::read(wire, &mut reading),
            software_version: wire.software_version.clone(),
            scope: read_scope(wire, &mut reading).filter(|scope| !scope.is_empty()),
        };
        reading.problems.unless_any(parts)
    }
}

fn read_scope(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Option<Scope> {
    match wire.scope.as_ref()?.0.parse::<Scope>() {
        // Real clients send an empty scope and mean «whatever you give».
        Ok(scope) => Some(scope).filter(|scope| !scope.is_empty() || !reading.is_fresh()),
        Err(error) => {
            reading.problem(Member::Scope, format!("is malformed: {error}"));
            None
        }
    }
}
