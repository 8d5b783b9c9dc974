//! The certificate that a client authenticates with (RFC 8705 §2.1.2).

use protocol::authentication_method::AuthenticationMethod;
use protocol::client_metadata::{ClientMetadata, Member};

use super::{Authentication, Reading};

/// The one name by which the client's certificate is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CertificateSubject {
    Dn(String),
    San(SanType, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SanType {
    Dns,
    Uri,
    Ip,
    Email,
}

impl CertificateSubject {
    pub(super) fn read(
        wire: &ClientMetadata,
        authentication: &Authentication,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        let san = |kind, name: &Option<String>| name.clone().map(|name| Self::San(kind, name));
        let mut stated = [
            (Member::TlsClientAuthSubjectDn, wire.tls_client_auth_subject_dn.clone().map(Self::Dn)),
            (Member::TlsClientAuthSanDns, san(SanType::Dns, &wire.tls_client_auth_san_dns)),
            (Member::TlsClientAuthSanUri, san(SanType::Uri, &wire.tls_client_auth_san_uri)),
            (Member::TlsClientAuthSanIp, san(SanType::Ip, &wire.tls_client_auth_san_ip)),
            (Member::TlsClientAuthSanEmail, san(SanType::Email, &wire.tls_client_auth_san_email)),
        ]
        .into_iter()
        .filter_map(|(member, subject)| Some((member, subject?)));
        let wanted = authentication.method() == AuthenticationMethod::TlsClientAuth;
        match (stated.next(), stated.next()) {
            (None, _) if wanted => {
                reading.problem(
                    Member::TlsClientAuthSubjectDn,
                    "is missing: 'tls_client_auth' needs this or one of the tls_client_auth_san members",
                );
                None
            }
            (None, _) => None,
            (Some((member, _)), None) if !wanted => {
                let served = reading.serves(|served| {
                    served.authentication_methods.contains(&AuthenticationMethod::TlsClientAuth)
                });
                reading.problem(
                    member,
                    if served {
                        "goes with a token_endpoint_auth_method of 'tls_client_auth' only"
                    } else {
                        "asks for a protection that is not enforced here: leave it out"
                    },
                );
                None
            }
            (Some((_, subject)), None) => Some(subject),
            (Some(_), Some((member, _))) => {
                reading.problem(
                    member,
                    "is a second name of the certificate: send exactly one (RFC 8705 section 2.1.2)",
                );
                None
            }
        }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        match self {
            Self::Dn(name) => wire.tls_client_auth_subject_dn = Some(name.clone()),
            Self::San(SanType::Dns, name) => wire.tls_client_auth_san_dns = Some(name.clone()),
            Self::San(SanType::Uri, name) => wire.tls_client_auth_san_uri = Some(name.clone()),
            Self::San(SanType::Ip, name) => wire.tls_client_auth_san_ip = Some(name.clone()),
            Self::San(SanType::Email, name) => wire.tls_client_auth_san_email = Some(name.clone()),
        }
    }
}
