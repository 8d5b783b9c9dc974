//! The client information response (RFC 7591 §3.2.1, OpenID Connect Registration §3.2).

use serde::Serialize;

use crate::client_metadata::ClientMetadata;

/// A secret and when it ends: the one never without the other (RFC 7591 §3.2.1).
#[derive(Clone, Copy, Serialize)]
pub struct IssuedSecret<'a> {
    /// The secret, in the clear, this once.
    pub client_secret: &'a str,
    /// When it ends, in seconds since 1970-01-01 UTC; 0 means never.
    pub client_secret_expires_at: u64,
}

impl std::fmt::Debug for IssuedSecret<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IssuedSecret(.., expires at {})", self.client_secret_expires_at)
    }
}

/// What a client is told about itself: its identifier, its credential, and everything that was registered, with the
/// defaults and substitutions of the server.
#[derive(Debug, Serialize)]
pub struct ClientInformation<'a> {
    /// The identifier that the server gave.
    pub client_id: &'a str,
    /// When, in seconds since 1970-01-01 UTC.
    pub client_id_issued_at: u64,
    /// The secret, where the client has one.
    #[serde(flatten)]
    pub secret: Option<IssuedSecret<'a>>,
    /// What the client now is. Members that it has not are absent, never null.
    #[serde(flatten)]
    pub metadata: &'a ClientMetadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_comes_without_its_expiry_and_nothing_is_null() {
        let metadata = ClientMetadata { software_id: Some("app".into()), ..ClientMetadata::default() };
        let mut information =
            ClientInformation { client_id: "c", client_id_issued_at: 7, secret: None, metadata: &metadata };
        assert_eq!(
            serde_json::to_string(&information).unwrap(),
            r#"{"client_id":"c","client_id_issued_at":7,"software_id":"app"}"#
        );
        information.secret = Some(IssuedSecret { client_secret: "s", client_secret_expires_at: 0 });
        assert_eq!(
            serde_json::to_string(&information).unwrap(),
            r#"{"client_id":"c","client_id_issued_at":7,"client_secret":"s","client_secret_expires_at":0,"software_id":"app"}"#
        );
        assert!(!format!("{information:?}").contains("\"s\""));
    }
}
