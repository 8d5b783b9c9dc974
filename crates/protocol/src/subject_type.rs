//! `subject_type` (OpenID Connect Core §8).

use crate::word::word;

word! {
    /// Whether all clients see the same identifier of a user.
    SubjectType {
        /// One identifier for all clients.
        Public = "public",
        /// Another one for each sector.
        Pairwise = "pairwise",
    }
}
