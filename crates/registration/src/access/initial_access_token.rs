//! The initial access token (RFC 7591 §1.2): good for registering one client, and for nothing else.

use super::Registrant;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::random::Randomness;
use primitives::secret::{NamedSecret, SecretHash};

/// What every initial access token begins with, so that leaked ones can be found. It never changes: tokens in the
/// field carry it.
const PREFIX: &str = "mia_";

/// A token in the clear.
#[derive(Debug)]
pub struct InitialAccessToken(NamedSecret);

impl InitialAccessToken {
    /// Makes a new one under a name that nobody else has.
    pub fn generate(id: OrderedId, random: &dyn Randomness) -> Self {
        Self(NamedSecret::generate(PREFIX, id, random))
    }

    /// Reads what a bearer presented; `None` where it has not the form of such a token.
    pub fn parse(text: &str) -> Option<Self> {
        NamedSecret::parse(PREFIX, text).map(Self)
    }

    /// Its name.
    pub const fn id(&self) -> OrderedId {
        self.0.id()
    }

    /// The token itself, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        self.0.hash()
    }
}

/// How a token was come by. A door looks at this, not only at the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By client credentials.
    ClientCredentials {
        /// The operator client that got it.
        client_id: String,
    },
    /// After a user signed in.
    SignIn {
        /// The operator client that it was given to.
        client_id: String,
        /// The user.
        subject: String,
    },
}

impl Origin {
    /// The client that the token was given to. It alone may revoke it.
    pub fn client_id(&self) -> &str {
        match self {
            Self::ClientCredentials { client_id } | Self::SignIn { client_id, .. } => client_id,
        }
    }

    /// The user that signed in for it.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::ClientCredentials { .. } => None,
            Self::SignIn { subject, .. } => Some(subject),
        }
    }

    /// From what is kept at rest.
    pub fn restore(client_id: String, subject: Option<String>) -> Self {
        match subject {
            None => Self::ClientCredentials { client_id },
            Some(subject) => Self::SignIn { client_id, subject },
        }
    }

    /// Who asks, when this token is presented.
    pub fn into_registrant(self) -> Registrant {
        match self {
            Self::ClientCredentials { client_id } => Registrant::Client { client_id },
            Self::SignIn { client_id, subject } => Registrant::User { client_id, subject },
        }
    }
}

/// A token at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessTokenRecord {
    /// Its name.
    pub id: OrderedId,
    /// The hash of the whole token.
    pub hash: SecretHash,
    /// How it was come by.
    pub origin: Origin,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was spent, if it was.
    pub spent_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl InitialAccessTokenRecord {
    /// Whether this is the token that the record is of.
    pub fn is_proven_by(&self, token: &InitialAccessToken) -> bool {
        self.hash.is_of(token.reveal())
    }

    /// Whether it still opens anything. The store has the last word when it is spent.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.spent_at.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use primitives::ordered_id::IdSource;

    use super::*;

    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
        }
    }

    #[test]
    fn a_token_is_good_until_it_ends_or_was_spent() {
        let now = Timestamp::from_seconds(1_000);
        let token = InitialAccessToken::generate(IdSource::default().next(now, &Counting), &Counting);
        let read = InitialAccessToken::parse(token.reveal()).unwrap();
        let mut record = InitialAccessTokenRecord {
            id: token.id(),
            hash: token.hash(),
            origin: Origin::ClientCredentials { client_id: "enroller".into() },
            expires_at: Timestamp::from_seconds(1_600),
            spent_at: None,
            revoked_at: None,
        };
        assert!(read.id() == record.id && record.is_proven_by(&read) && record.is_good(now));
        assert!(!record.is_good(record.expires_at));
        record.spent_at = Some(now);
        assert!(!record.is_good(now));
    }
}
