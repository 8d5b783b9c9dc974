//! What is found in a store that is looked at, and neither made nor changed.

use issuance::store::SealedKey;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;

/// What was found in a store.
#[derive(Debug)]
pub struct Examination {
    /// Whether its schema is this program's. If not it is an older one, which the next start brings up to date.
    pub is_current: bool,
    /// When the newest thing happened that the audit log has.
    pub newest: Option<Timestamp>,
    /// The signing keys of each profile that there ever was, sealed as they are.
    pub signing_keys: Vec<(ProfileName, Vec<SealedKey>)>,
}
