//! What form authorization requests come in (RFC 9101, RFC 9126, RFC 9396, OpenID Connect Registration §2).

use protocol::client_metadata::{ClientMetadata, Member};
use protocol::registration_error::Place;
use protocol::word;

use super::responses::{Encryption, read_encryption};
use super::{Reading, Source, web_uri};

/// Request objects, pushed requests, authorization details.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Requests {
    object_signing_alg: Option<String>,
    object_encryption: Option<Encryption>,
    require_signed_object: Option<bool>,
    request_uris: Option<Vec<String>>,
    require_pushed: Option<bool>,
    authorization_details_types: Option<Vec<String>>,
}

impl Requests {
    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let has_objects = reading.serves(|served| !served.request_object_algorithms.is_empty());
        let has_pushed = reading.serves(|served| served.pushed_authorization_requests);
        Self {
            object_signing_alg: read_object_signing_alg(wire, has_objects, reading),
            object_encryption: read_encryption(
                (Member::RequestObjectEncryptionAlg, wire.request_object_encryption_alg.as_deref()),
                (Member::RequestObjectEncryptionEnc, wire.request_object_encryption_enc.as_deref()),
                reading,
            ),
            require_signed_object: reading.protection(
                Member::RequireSignedRequestObject,
                wire.require_signed_request_object,
                has_objects,
            ),
            request_uris: read_request_uris(wire, reading),
            require_pushed: reading.protection(
                Member::RequirePushedAuthorizationRequests,
                wire.require_pushed_authorization_requests,
                has_pushed,
            ),
            authorization_details_types: narrowed_details(wire, reading),
        }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self {
            object_signing_alg,
            object_encryption,
            require_signed_object,
            request_uris,
            require_pushed,
            authorization_details_types,
        } = self;
        wire.request_object_signing_alg.clone_from(object_signing_alg);
        wire.request_object_encryption_alg =
            object_encryption.as_ref().map(|encryption| encryption.alg.clone());
        wire.request_object_encryption_enc =
            object_encryption.as_ref().map(|encryption| encryption.enc.clone());
        wire.require_signed_request_object = *require_signed_object;
        wire.request_uris.clone_from(request_uris);
        wire.require_pushed_authorization_requests = *require_pushed;
        wire.authorization_details_types.clone_from(authorization_details_types);
    }
}

/// Where there are no request objects, a promise to sign them all is kept by itself, and left out.
fn read_object_signing_alg(
    wire: &ClientMetadata,
    has_objects: bool,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let word = wire.request_object_signing_alg.as_deref().filter(|_| has_objects)?;
    let Source::Fresh(served) = reading.source else { return Some(word.to_owned()) };
    if served.request_object_algorithms.iter().any(|algorithm| algorithm.as_str() == word) {
        return Some(word.to_owned());
    }
    let text = format!(
        "is '{word}', which is not accepted here: use {}",
        word::list(&served.request_object_algorithms)
    );
    reading.problem(Member::RequestObjectSigningAlg, text);
    None
}

/// OpenID Connect Registration §2: addresses that request objects may be fetched from; a fragment may tell versions
/// apart.
fn read_request_uris(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Option<Vec<String>> {
    let uris = wire.request_uris.as_ref()?;
    for (index, uri) in uris.iter().enumerate() {
        if let Err(why) = web_uri::check(uri, web_uri::Schemes::Https) {
            reading.problem_at(Member::RequestUris, Place::Index(index), why);
        }
    }
    reading.serves(|served| served.fetches_request_objects).then(|| uris.clone())
}

fn narrowed_details(wire: &ClientMetadata, reading: &Reading<'_>) -> Option<Vec<String>> {
    let mut types = wire.authorization_details_types.clone()?;
    types.retain(|kind| reading.serves(|served| served.authorization_details_types.contains(kind)));
    Some(types).filter(|types| !types.is_empty())
}
