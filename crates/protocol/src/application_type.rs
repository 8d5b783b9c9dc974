//! `application_type` (OpenID Connect Registration §2).

use crate::word::word;

word! {
    /// The kind of application. It decides which redirect URIs make sense.
    ApplicationType {
        /// Runs on a server, or in a browser from a server.
        Web = "web",
        /// Is installed on a device (RFC 8252).
        Native = "native",
    }
}
