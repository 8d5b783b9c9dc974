//! How answers to the client are signed and encrypted (OpenID Connect Registration §2, JARM §3, RFC 9701 §6).

use protocol::client_metadata::{ClientMetadata, Member};
use protocol::description::quoted;
use protocol::jose::SignatureAlgorithm;
use protocol::word;

use super::{Keys, Reading, Source};
use crate::capabilities::Answers;

/// OpenID Connect Registration §2: what the content is encrypted with where only the key's encryption is stated.
const DEFAULT_CONTENT_ENCRYPTION: &str = "A128CBC-HS256";

/// How something is encrypted. The one algorithm never without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encryption {
    pub(super) alg: String,
    pub(super) enc: String,
}

/// How one kind of answer is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Protection {
    signed: Option<String>,
    encrypted: Option<Encryption>,
}

/// How each kind of answer is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Responses {
    id_token: Protection,
    userinfo: Protection,
    authorization: Protection,
    introspection: Protection,
}

impl Responses {
    /// What was registered was a word of ours; one that we have forgotten since is none.
    pub(super) fn id_token_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.id_token.signed.as_deref()?.parse().ok()
    }

    pub(super) fn read(wire: &ClientMetadata, keys: Option<&Keys>, reading: &mut Reading<'_>) -> Self {
        let responses = Self {
            id_token: Protection {
                signed: read_id_token_alg(wire, reading),
                encrypted: read_encryption(
                    (Member::IdTokenEncryptedResponseAlg, wire.id_token_encrypted_response_alg.as_deref()),
                    (Member::IdTokenEncryptedResponseEnc, wire.id_token_encrypted_response_enc.as_deref()),
                    reading,
                ),
            },
            userinfo: Protection {
                signed: read_alg(
                    Member::UserinfoSignedResponseAlg,
                    wire.userinfo_signed_response_alg.as_deref(),
                    |served| &served.userinfo,
                    reading,
                ),
                encrypted: read_encryption(
                    (Member::UserinfoEncryptedResponseAlg, wire.userinfo_encrypted_response_alg.as_deref()),
                    (Member::UserinfoEncryptedResponseEnc, wire.userinfo_encrypted_response_enc.as_deref()),
                    reading,
                ),
            },
            authorization: Protection {
                signed: read_alg(
                    Member::AuthorizationSignedResponseAlg,
                    wire.authorization_signed_response_alg.as_deref(),
                    |served| &served.authorization_responses,
                    reading,
                ),
                encrypted: read_encryption(
                    (
                        Member::AuthorizationEncryptedResponseAlg,
                        wire.authorization_encrypted_response_alg.as_deref(),
                    ),
                    (
                        Member::AuthorizationEncryptedResponseEnc,
                        wire.authorization_encrypted_response_enc.as_deref(),
                    ),
                    reading,
                ),
            },
            introspection: Protection {
                signed: read_alg(
                    Member::IntrospectionSignedResponseAlg,
                    wire.introspection_signed_response_alg.as_deref(),
                    |served| &served.introspection,
                    reading,
                ),
                encrypted: read_encryption(
                    (
                        Member::IntrospectionEncryptedResponseAlg,
                        wire.introspection_encrypted_response_alg.as_deref(),
                    ),
                    (
                        Member::IntrospectionEncryptedResponseEnc,
                        wire.introspection_encrypted_response_enc.as_deref(),
                    ),
                    reading,
                ),
            },
        };
        let Self { id_token, userinfo, authorization, introspection } = &responses;
        let encrypts =
            [id_token, userinfo, authorization, introspection].iter().any(|kind| kind.encrypted.is_some());
        if encrypts && keys.is_none() {
            reading.problem(Member::Jwks, "is missing: encrypted answers need a public key of the client");
        }
        responses
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { id_token, userinfo, authorization, introspection } = self;
        let alg = |kind: &Protection| kind.encrypted.as_ref().map(|encryption| encryption.alg.clone());
        let enc = |kind: &Protection| kind.encrypted.as_ref().map(|encryption| encryption.enc.clone());
        wire.id_token_signed_response_alg.clone_from(&id_token.signed);
        wire.id_token_encrypted_response_alg = alg(id_token);
        wire.id_token_encrypted_response_enc = enc(id_token);
        wire.userinfo_signed_response_alg.clone_from(&userinfo.signed);
        wire.userinfo_encrypted_response_alg = alg(userinfo);
        wire.userinfo_encrypted_response_enc = enc(userinfo);
        wire.authorization_signed_response_alg.clone_from(&authorization.signed);
        wire.authorization_encrypted_response_alg = alg(authorization);
        wire.authorization_encrypted_response_enc = enc(authorization);
        wire.introspection_signed_response_alg.clone_from(&introspection.signed);
        wire.introspection_encrypted_response_alg = alg(introspection);
        wire.introspection_encrypted_response_enc = enc(introspection);
    }
}

/// ID tokens are always signed, so omission means an algorithm: RS256 in OpenID Connect Registration §2, and where
/// the profile has no RS256, its first.
fn read_id_token_alg(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Option<String> {
    let stated = wire.id_token_signed_response_alg.as_deref();
    if let (None, Source::Fresh(served)) = (stated, &reading.source) {
        let Answers::Signed(algorithms) = &served.id_tokens else { return None };
        let default = algorithms.iter().find(|algorithm| **algorithm == SignatureAlgorithm::Rs256);
        return default.or(algorithms.first()).map(ToString::to_string);
    }
    read_alg(Member::IdTokenSignedResponseAlg, stated, |served| &served.id_tokens, reading)
}

fn read_alg(
    member: Member,
    stated: Option<&str>,
    answers: impl Fn(&crate::capabilities::Capabilities) -> &Answers,
    reading: &mut Reading<'_>,
) -> Option<String> {
    let word = stated?;
    let Source::Fresh(served) = reading.source else { return Some(word.to_owned()) };
    match answers(served) {
        // There are no such answers: nothing is promised, and nothing is echoed.
        Answers::None => None,
        Answers::Unsigned => {
            reading.problem(member, "asks for signatures that are not made here: leave it out");
            None
        }
        Answers::Signed(algorithms) if algorithms.iter().any(|known| known.as_str() == word) => {
            Some(word.to_owned())
        }
        Answers::Signed(algorithms) => {
            let text = format!("is {}, which is not made here: use {}", quoted(word), word::list(algorithms));
            reading.problem(member, text);
            None
        }
    }
}

/// Reads a pair of encryption algorithms, each with the member it stands in.
pub(super) fn read_encryption(
    (alg_member, alg): (Member, Option<&str>),
    (enc_member, enc): (Member, Option<&str>),
    reading: &mut Reading<'_>,
) -> Option<Encryption> {
    let Some(alg) = alg else {
        if enc.is_some() {
            reading.problem(enc_member, format!("is nothing without {}", alg_member.as_str()));
        }
        return None;
    };
    let enc = enc.unwrap_or(DEFAULT_CONTENT_ENCRYPTION);
    let Source::Fresh(served) = reading.source else {
        return Some(Encryption { alg: alg.to_owned(), enc: enc.to_owned() });
    };
    if served.key_encryption_algorithms.is_empty() {
        reading.problem(alg_member, "asks for encryption, which is not done here: leave it out");
        return None;
    }
    let mut good = true;
    for (member, word, known) in [
        (alg_member, alg, &served.key_encryption_algorithms),
        (enc_member, enc, &served.content_encryption_algorithms),
    ] {
        if !known.iter().any(|known| known == word) {
            reading.problem(
                member,
                format!("is {}, which is not done here: use {}", quoted(word), word::list(known)),
            );
            good = false;
        }
    }
    good.then(|| Encryption { alg: alg.to_owned(), enc: enc.to_owned() })
}
