/// Who is asking for a client to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registrant {
    /// Nobody that we know.
    Anonymous,
    /// A machine, with a token that it got by client credentials.
    Client {
        /// The operator client that it authenticated as.
        client_id: String,
    },
    /// A person, with a token that they got by signing in.
    User {
        /// The operator client that carried the token.
        client_id: String,
        /// The user.
        subject: String,
    },
    /// The person who runs the server.
    Operator,
}

impl Registrant {
    /// The word for the kind of registrant, as it stands in the audit log and at rest.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Client { .. } => "client",
            Self::User { .. } => "user",
            Self::Operator => "operator",
        }
    }

    /// The client that carried the token.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Client { client_id } | Self::User { client_id, .. } => Some(client_id),
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// The user that signed in.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::User { subject, .. } => Some(subject),
            Self::Anonymous | Self::Client { .. } | Self::Operator => None,
        }
    }
}
