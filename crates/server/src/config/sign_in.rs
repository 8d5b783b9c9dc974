//! How people sign in, from what was written down.

use std::collections::BTreeMap;

use identity::session::SessionRules;
use issuance::profile::{RefreshRules, SignIn};
use primitives::names::ProfileName;
use protocol::client_metadata::Localized;
use protocol::jose::SignatureAlgorithm;
use protocol::scope::{OF_IDENTITY, Scope};

use super::document::{SignInDocument, SsoDocument};
use super::profile::Reading;

impl Reading<'_> {
    /// What the section says; everything in it that cannot work is noted.
    pub(super) fn sign_in(
        &mut self,
        document: &SignInDocument,
        profile: &ProfileName,
        access_token_algorithm: SignatureAlgorithm,
    ) -> Option<SignIn> {
        let mut ttl = |name: &str, seconds: u64| self.ttl(&format!("sign_in.{name}"), seconds);
        let session = SessionRules {
            absolute: ttl("session_ttl", document.session_ttl),
            idle: ttl("session_idle_ttl", document.session_idle_ttl),
            counts_in: (document.sso == SsoDocument::Profile).then(|| profile.clone()),
        };
        let refresh = RefreshRules {
            absolute: ttl("refresh_token_ttl", document.refresh_token_ttl),
            idle: ttl("refresh_token_idle_ttl", document.refresh_token_idle_ttl),
            overlap: ttl("refresh_token_overlap", document.refresh_token_overlap),
        };
        let stated = document.id_token_signing_algs.clone();
        let id_token_algorithms = stated.unwrap_or_else(|| vec![access_token_algorithm]);
        if id_token_algorithms.is_empty() {
            self.problem("sign_in.id_token_signing_algs", "names none, so no ID token could be signed");
        }
        let directory = match document.directory.parse() {
            Ok(directory) => directory,
            Err(error) => {
                self.problem("sign_in.directory", format!("{error}"));
                return None;
            }
        };
        Some(SignIn {
            directory,
            session,
            refresh,
            id_token_algorithms,
            implicit_grant: document.implicit_grant,
            assisted_token: document.assisted_token,
            remembers_anonymous_clients: document.remember_consent_to_anonymous_clients,
            any_port_on_localhost: document.any_port_on_localhost,
            slows_guessing: document.slow_guessing,
        })
    }

    /// All scopes of a profile: those of its API and, where people sign in, those that say what a client learns of them.
    pub(super) fn all_scopes(&mut self, of_api: &Scope, people_sign_in: bool) -> Scope {
        if !people_sign_in {
            return of_api.clone();
        }
        for token in OF_IDENTITY.into_iter().filter(|token| of_api.contains(token)) {
            self.problem(
                "resource.scopes",
                format!("'{token}' is about users, and there without being named"),
            );
        }
        // They are scope tokens.
        Scope::from_tokens(OF_IDENTITY)
            .map_or_else(|_never| of_api.clone(), |identity| identity.union(of_api))
    }
}

/// The scopes in words, by language.
pub(super) fn scope_texts(written: &BTreeMap<String, String>) -> BTreeMap<String, Localized> {
    let mut texts: BTreeMap<String, Localized> = BTreeMap::new();
    for (name, text) in written {
        let (token, tag) = name.split_once('#').map_or((name.as_str(), None), |(t, tag)| (t, Some(tag)));
        let localized = texts.entry(token.to_owned()).or_default();
        match tag {
            None => localized.plain = Some(text.clone()),
            Some(tag) => drop(localized.tagged.insert(tag.to_owned(), text.clone())),
        }
    }
    texts
}
