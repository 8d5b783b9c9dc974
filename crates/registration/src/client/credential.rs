use crate::metadata::Keys;
use primitives::clock::Timestamp;
use primitives::secret::SecretHash;

/// What a client proves itself with: each registration has its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Credential {
    /// A public client has none.
    Nothing,
    /// A secret that the server made.
    Secret {
        /// What is kept of it.
        hash: SecretHash,
        /// When it ends; `None` means never.
        expires_at: Option<Timestamp>,
    },
    /// Keys that the client made.
    Keys(Keys),
}
