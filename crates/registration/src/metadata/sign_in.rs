//! How users are to sign in where an authorization request does not say (OpenID Connect Registration §2).

use protocol::client_metadata::{ClientMetadata, Member};

use super::Reading;

/// Wishes about signing in. They mean nothing where nobody signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SignIn {
    default_max_age: Option<u64>,
    require_auth_time: Option<bool>,
    default_acr_values: Option<Vec<String>>,
    initiate_login_uri: Option<String>,
}

impl SignIn {
    pub(super) fn default_max_age(&self) -> Option<u64> {
        self.default_max_age
    }

    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        // OpenID Connect Core §4: the login initiation endpoint is https. Echoed as it was sent.
        let initiate_login_uri = reading.https(Member::InitiateLoginUri, wire.initiate_login_uri.as_deref());
        if !reading.serves(|served| served.sign_in) {
            return Self::default();
        }
        Self {
            default_max_age: wire.default_max_age,
            require_auth_time: wire.require_auth_time.or_else(|| reading.is_fresh().then_some(false)),
            default_acr_values: wire.default_acr_values.clone(),
            initiate_login_uri,
        }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { default_max_age, require_auth_time, default_acr_values, initiate_login_uri } = self;
        wire.default_max_age = *default_max_age;
        wire.require_auth_time = *require_auth_time;
        wire.default_acr_values.clone_from(default_acr_values);
        wire.initiate_login_uri.clone_from(initiate_login_uri);
    }
}
