//! Whether the client's tokens are worth nothing to a thief (RFC 9449 §5.2, RFC 8705 §3.4).

use protocol::client_metadata::{ClientMetadata, Member};

use super::Reading;

/// What access tokens are bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenBinding {
    dpop: Option<bool>,
    certificate: Option<bool>,
}

impl TokenBinding {
    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let dpop_is_served = reading.serves(|served| served.dpop);
        let certificates_are_served = reading.serves(|served| served.certificate_bound_tokens);
        Self {
            dpop: reading.protection(
                Member::DpopBoundAccessTokens,
                wire.dpop_bound_access_tokens,
                dpop_is_served,
            ),
            certificate: reading.protection(
                Member::TlsClientCertificateBoundAccessTokens,
                wire.tls_client_certificate_bound_access_tokens,
                certificates_are_served,
            ),
        }
    }

    pub(super) fn write(self, wire: &mut ClientMetadata) {
        let Self { dpop, certificate } = self;
        wire.dpop_bound_access_tokens = dpop;
        wire.tls_client_certificate_bound_access_tokens = certificate;
    }
}
