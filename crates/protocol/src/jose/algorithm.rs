use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    VerificationAlgorithm,
};

use crate::word::word;

word! {
    /// The signature algorithms that we make and verify (RFC 7518 §3.1, RFC 8037 §3.1). All are asymmetric.
    SignatureAlgorithm {
        /// ECDSA with P-256 and SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
    }
}

impl SignatureAlgorithm {
    /// Whether signing and verifying take long enough to be kept off the threads that serve requests.
    ///
    /// RSA with 2,048 bits signs in about 0.2 ms, and verifying takes the longer the larger the key is that a client
    /// brings; the others do either in about 0.01 to 0.04 ms.
    pub const fn is_slow(self) -> bool {
        matches!(self, Self::Ps256 | Self::Rs256)
    }

    pub(super) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::EdDsa => &ED25519,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}
