//! What the operator has laid down: from the configuration into the store, and from there to every node.
//!
//! A request is judged by definitions that are no older than itself, on whatever node it arrives: before anything else,
//! the store is asked at which revision they are ([`App::current`]). What other nodes tell is for the rest: profiles that
//! are new, and documents that are served also while the store is out of reach.

use std::collections::BTreeSet;
use std::sync::Arc;

use issuance::profile::Profile;
use issuance::signing_keys::{Forge, SigningKeys};
use primitives::audit::{Event, EventKind};
use primitives::names::ProfileName;
use primitives::store::StoreError;
use protocol::jose::SignatureAlgorithm;
use registration::client::TemplateId;
use registration::definitions::{Definitions, Revision};
use serde_json::Map;
use storage::{DefinitionDocument, DefinitionKind, Provision};

use super::{App, Reloaded, StartError};
use crate::config::{Configuration, ProfileSettings};
use crate::profiles::{Profiles, host_and_path};

impl App {
    /// Makes the profiles what a configuration wants them to be. Whatever begins after this has returned sees the new
    /// ones; what is under way is finished by the old ones. Where this fails, the old ones keep serving.
    ///
    /// Only the profiles are taken from the configuration: the rest belongs to the process, and waits for its restart.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn reload(&self, configuration: &Configuration) -> Result<Vec<Reloaded>, StartError> {
        // A file that the next start would fail with is none to go on with.
        let forge = Forge { key_encryption_key: &configuration.key_encryption_key, ..self.forge() };
        for settings in &configuration.profiles {
            SigningKeys::check(&settings.definitions.profile, forge).await?;
        }
        let mut public_url = self.loading.lock().await;
        let reloaded = self.load(&configuration.profiles, &configuration.public_url).await?;
        // Where it failed, what follows other nodes goes on under the old address.
        public_url.clone_from(&configuration.public_url);
        Ok(reloaded)
    }

    /// Whoever calls this holds `loading`, whose text is the public URL.
    pub(super) async fn load(
        &self,
        settings: &[ProfileSettings],
        public_url: &str,
    ) -> Result<Vec<Reloaded>, StartError> {
        // What cannot work is not kept, and neither is what stands beside it.
        for settings in settings {
            let unchecked = settings.definitions.clone();
            Definitions::load(unchecked, Revision::default(), &BTreeSet::new())
                .map_err(StartError::Definitions)?;
            SigningKeys::check(&settings.definitions.profile, self.forge()).await?;
        }
        let mut provisions: Vec<Provision> = settings
            .iter()
            .map(|settings| self.provision(&settings.definitions.profile, settings.documents.clone()))
            .collect();
        let is_wanted =
            |name: &ProfileName| settings.iter().any(|settings| settings.definitions.profile == *name);
        for name in self.store.profiles_ever().await?.iter().filter(|name| !is_wanted(name)) {
            provisions.push(self.provision(name, Vec::new()));
        }
        let names: Vec<String> =
            provisions.iter().map(|provision| provision.event.profile.to_string()).collect();
        let kept = self.store.provision(provisions).await?;

        let mut profiles = Vec::with_capacity(settings.len());
        for (settings, kept) in settings.iter().zip(&kept) {
            profiles
                .push(Arc::new(self.load_profile(settings, kept.revision, &kept.template_ids_ever).await?));
        }
        self.profiles.store(Arc::new(Profiles::new(profiles, &host_and_path(public_url).0)));
        let reloaded = names.into_iter().zip(kept).map(|(profile, kept)| Reloaded {
            profile,
            revision: kept.revision.0,
            changes: kept.changes,
        });
        // Profiles that went long ago have nothing to tell.
        let is_served = |reloaded: &Reloaded| {
            settings.iter().any(|settings| settings.definitions.profile.as_str() == reloaded.profile)
        };
        Ok(reloaded.filter(|reloaded| is_served(reloaded) || !reloaded.changes.is_empty()).collect())
    }

    fn provision(&self, profile: &ProfileName, documents: Vec<DefinitionDocument>) -> Provision {
        let event = Event {
            id: self.ids.next(self.outside.clock.now(), &*self.outside.random),
            profile: profile.clone(),
            kind: EventKind::DefinitionsChanged,
            client_id: None,
            subject: None,
            detail: Map::new(),
        };
        Provision { documents, made_by: "configuration file".to_owned(), event }
    }

    async fn load_profile(
        &self,
        settings: &ProfileSettings,
        revision: Revision,
        template_ids_ever: &BTreeSet<TemplateId>,
    ) -> Result<Profile, StartError> {
        let definitions = Definitions::load(settings.definitions.clone(), revision, template_ids_ever)
            .map_err(StartError::Definitions)?;
        let name = definitions.profile();
        let of_id_tokens = settings.sign_in.iter().flat_map(|sign_in| &sign_in.id_token_algorithms);
        let algorithms: Vec<SignatureAlgorithm> =
            std::iter::once(settings.access_token_algorithm).chain(of_id_tokens.copied()).collect();
        let keys = SigningKeys::load(name, &algorithms, self.forge()).await?;
        Ok(Profile {
            issuer: settings.issuer.clone(),
            resource: settings.resource.clone(),
            sign_in: settings.sign_in.clone(),
            assertion_audience: settings.assertion_audience,
            definitions: Arc::new(definitions),
            keys: Arc::new(keys),
        })
    }

    /// A profile at the revision that its definitions are at now; `None` where it was removed. Whatever was acknowledged
    /// before this is called is seen, whichever node has acknowledged it.
    ///
    /// # Errors
    /// The store did not answer, or what it keeps cannot be read by this version of the program.
    pub(crate) async fn current(&self, found: &Arc<Profile>) -> Result<Option<Arc<Profile>>, StoreError> {
        let name = found.definitions.profile();
        let newest = self.store.revision(name).await?;
        if newest <= found.definitions.revision() {
            return Ok(Some(Arc::clone(found)));
        }
        self.catch_up(name, newest).await?;
        Ok(self.profiles().named(name).cloned())
    }

    /// Makes every profile what the store has of it, where that is newer, or new.
    ///
    /// # Errors
    /// As of [`Self::current`].
    pub async fn catch_up_all(&self) -> Result<(), StoreError> {
        for name in self.store.profiles_ever().await? {
            let revision = self.store.revision(&name).await?;
            let known = self.profiles().named(&name).map(|profile| profile.definitions.revision());
            if known.unwrap_or_default() < revision {
                self.catch_up(&name, revision).await?;
            }
        }
        Ok(())
    }

    async fn catch_up(&self, name: &ProfileName, newest: Revision) -> Result<(), StoreError> {
        let public_url = self.loading.lock().await;
        let before = self.profiles();
        // Somebody who waited too may have been faster.
        if before.named(name).is_some_and(|profile| profile.definitions.revision() >= newest) {
            return Ok(());
        }
        let kept = self.store.definitions(name).await?;
        if before.named(name).is_some_and(|profile| profile.definitions.revision() >= kept.revision) {
            return Ok(());
        }
        let mut profiles: Vec<Arc<Profile>> =
            before.iter().filter(|profile| profile.definitions.profile() != name).cloned().collect();
        if kept.documents.iter().any(|document| document.kind == DefinitionKind::Profile) {
            let unreadable = |error: &dyn std::fmt::Display| {
                StoreError::Corrupt(format!("the profile {name} at revision {}: {error}", kept.revision.0))
            };
            let settings = ProfileSettings::restore(name, &kept.documents, &public_url)
                .map_err(|error| unreadable(&error))?;
            let loaded = self.load_profile(&settings, kept.revision, &kept.template_ids_ever).await;
            profiles.push(Arc::new(match loaded {
                Err(StartError::Store(error)) => return Err(error),
                loaded => loaded.map_err(|error| unreadable(&error))?,
            }));
        }
        tracing::info!(profile = %name, revision = kept.revision.0, "definitions that another node has changed");
        self.profiles.store(Arc::new(Profiles::new(profiles, &host_and_path(&public_url).0)));
        Ok(())
    }
}
