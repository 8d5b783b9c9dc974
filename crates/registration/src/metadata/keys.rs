//! The client's public keys (RFC 7591 §2).

use std::sync::Arc;

use protocol::client_metadata::{ClientMetadata, Member, Object};
use protocol::jose::{JwkSet, SignatureAlgorithm};
use protocol::word;
use serde_json::Value;

use super::{Authentication, KeysAre, Reading, Source};

/// Public keys, by value or by reference, never both.
#[derive(Clone, Debug)]
pub enum Keys {
    /// A set that came with the registration, as it was sent and as it was read.
    ByValue(Value, Arc<JwkSet>),
    /// Where to fetch them.
    ByReference(String),
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ByValue(one, _), Self::ByValue(other, _)) => one == other,
            (Self::ByReference(one), Self::ByReference(other)) => one == other,
            (Self::ByValue(..), Self::ByReference(_)) | (Self::ByReference(_), Self::ByValue(..)) => false,
        }
    }
}

impl Keys {
    /// Reads the keys that an instance of a template brings for its own authentication.
    ///
    /// # Errors
    /// What is wrong with them, as the end of a sentence that begins with `jwks`.
    pub(crate) fn of_instance(
        jwks: &Object,
        authentication: &Authentication,
        accepted: &[SignatureAlgorithm],
    ) -> Result<Self, String> {
        let keys = Self::by_value(jwks)?;
        keys.serve(authentication, accepted)?;
        Ok(keys)
    }

    /// Reads keys that were sent.
    ///
    /// # Errors
    /// What is wrong with them, as the end of a sentence that begins with `jwks`.
    pub(crate) fn by_value(jwks: &Object) -> Result<Self, String> {
        let set = JwkSet::parse(&jwks.0).map_err(|error| error.to_string())?;
        Ok(Self::ByValue(jwks.0.clone(), Arc::new(set)))
    }

    /// Reads keys that were stored.
    ///
    /// # Errors
    /// What is wrong with them, as the end of a sentence that begins with `jwks`.
    pub(crate) fn restore(jwks: &Object) -> Result<Self, String> {
        let set = JwkSet::restore(&jwks.0).map_err(|error| error.to_string())?;
        Ok(Self::ByValue(jwks.0.clone(), Arc::new(set)))
    }

    /// Whether one of the keys can make the signatures that the client will be asked for.
    fn serve(&self, authentication: &Authentication, accepted: &[SignatureAlgorithm]) -> Result<(), String> {
        let Self::ByValue(_, set) = self else { return Ok(()) };
        let bound = authentication.signing_algorithm();
        let algorithms = bound.as_ref().map_or(accepted, std::slice::from_ref);
        if algorithms.iter().any(|algorithm| set.candidates(*algorithm, None).next().is_some()) {
            return Ok(());
        }
        Err(format!("has no key for signatures with {}", word::list(algorithms)))
    }

    pub(super) fn read(
        wire: &ClientMetadata,
        authentication: &Authentication,
        keys_are: KeysAre,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        if keys_are == KeysAre::BroughtByInstances {
            for (member, is_there) in
                [(Member::Jwks, wire.jwks.is_some()), (Member::JwksUri, wire.jwks_uri.is_some())]
            {
                if is_there {
                    reading.problem(member, "is no part of a template: every instance has keys of its own");
                }
            }
            return None;
        }
        let keys = match (&wire.jwks, &wire.jwks_uri) {
            (Some(_), Some(_)) => {
                reading
                    .problem(Member::Jwks, "stands beside jwks_uri: send one of them (RFC 7591 section 2)");
                return None;
            }
            (Some(jwks), None) => {
                let read = if reading.is_fresh() { Self::by_value } else { Self::restore };
                read(jwks).map_err(|why| reading.problem(Member::Jwks, why)).ok()
            }
            (None, Some(address)) => Self::by_reference(address, authentication, reading),
            (None, None) if authentication.method().uses_keys() => {
                reading.problem(
                    Member::Jwks,
                    format!("is missing: '{}' needs the client's public keys", authentication.method()),
                );
                return None;
            }
            (None, None) => return None,
        }?;
        if authentication.method().uses_assertion() {
            let accepted = match reading.source {
                Source::Fresh(served) => served.assertion_algorithms.as_slice(),
                Source::AtRest => SignatureAlgorithm::ALL,
            };
            if let Err(why) = keys.serve(authentication, accepted) {
                reading.problem(Member::Jwks, why);
            }
        }
        Some(keys)
    }

    fn by_reference(
        address: &str,
        authentication: &Authentication,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        let address = reading.https(Member::JwksUri, Some(address))?;
        if reading.serves(|served| served.fetches_keys) {
            return Some(Self::ByReference(address));
        }
        // Nobody will fetch them. A client that does not live by them loses nothing; one that does would be shut out.
        if authentication.method().uses_keys() {
            reading.problem(Member::JwksUri, "is not fetched here: send the public keys by value, as jwks");
        }
        None
    }

    pub(crate) fn write(&self, wire: &mut ClientMetadata) {
        match self {
            Self::ByValue(jwks, _) => wire.jwks = Some(Object(jwks.clone())),
            Self::ByReference(address) => wire.jwks_uri = Some(address.clone()),
        }
    }
}
