//! How the client will prove who it is (RFC 7591 §2, OpenID Connect Registration §2).

use protocol::authentication_method::AuthenticationMethod;
use protocol::client_metadata::{ClientMetadata, Member};
use protocol::description::quoted;
use protocol::jose::SignatureAlgorithm;
use protocol::word;

use super::{Reading, Source};

/// What is required of a client that authenticates. What it proves it with is its credential, and not part of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    method: AuthenticationMethod,
    signing_algorithm: Option<SignatureAlgorithm>,
}

impl Authentication {
    /// The one method that the client may use.
    pub fn method(&self) -> AuthenticationMethod {
        self.method
    }

    /// The one algorithm that its assertions may be signed with, where it has bound itself to one.
    pub fn signing_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.signing_algorithm
    }

    /// Whether there is a credential at all.
    pub fn is_by_credential(&self) -> bool {
        self.method != AuthenticationMethod::None
    }

    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let method = read_method(wire, reading);
        let signing_algorithm = match wire.token_endpoint_auth_signing_alg.as_deref() {
            // It says something of assertions, so without any it says nothing (OpenID Connect Registration §2).
            Some(word) if method.uses_assertion() => read_algorithm(word, reading),
            _ => None,
        };
        Self { method, signing_algorithm }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { method, signing_algorithm } = self;
        wire.token_endpoint_auth_method = Some(method.to_string());
        wire.token_endpoint_auth_signing_alg = signing_algorithm.map(|algorithm| algorithm.to_string());
    }
}

fn read_method(wire: &ClientMetadata, reading: &mut Reading<'_>) -> AuthenticationMethod {
    // RFC 7591 §2: omitted means client_secret_basic.
    let word = wire.token_endpoint_auth_method.as_deref().unwrap_or("client_secret_basic");
    let served = match reading.source {
        Source::Fresh(capabilities) => capabilities.authentication_methods.as_slice(),
        Source::AtRest => AuthenticationMethod::ALL,
    };
    match word.parse() {
        Ok(method) if served.contains(&method) => method,
        _ => {
            let text = format!("is {}, which is not served here: use {}", quoted(word), word::list(served));
            reading.problem(Member::TokenEndpointAuthMethod, text);
            AuthenticationMethod::ClientSecretBasic
        }
    }
}

fn read_algorithm(word: &str, reading: &mut Reading<'_>) -> Option<SignatureAlgorithm> {
    let served = match reading.source {
        Source::Fresh(capabilities) => capabilities.assertion_algorithms.as_slice(),
        Source::AtRest => SignatureAlgorithm::ALL,
    };
    match word.parse() {
        Ok(algorithm) if served.contains(&algorithm) => Some(algorithm),
        _ => {
            let text = format!("is {}, which is not accepted here: use {}", quoted(word), word::list(served));
            reading.problem(Member::TokenEndpointAuthSigningAlg, text);
            None
        }
    }
}
