//! The key-encryption key, and whether it opens what was sealed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use async_trait::async_trait;
use issuance::signing_keys::{Forge, KeyEncryptionKey, SigningKeys, SigningKeysError};
use issuance::store::{KeyStore, Once, SealedKey};
use primitives::audit::Event;
use primitives::names::ProfileName;
use primitives::ordered_id::IdSource;
use primitives::store::StoreError;

use super::finding::Finding;
use crate::clock::SystemClock;
use crate::config::Configuration;
use crate::config::document::ConfigDocument;
use crate::random::SystemRandomness;
use crate::slow_work::SlowThreads;

const ABOUT: &str = "keys";

/// Everybody who is neither the owner nor of the group.
const OTHERS: u32 = 0o007;

/// Where the key-encryption key comes from, and who else can read it there. That it is one is known already.
pub(super) fn look_at_file(document: &ConfigDocument, folder: &Path) -> Finding {
    let Some(file) = &document.key_encryption_key_file else {
        let name = &document.key_encryption_key_env;
        return Finding::ok(ABOUT, format!("the key-encryption key comes from the environment ({name})"));
    };
    let path = folder.join(file);
    match std::fs::metadata(&path) {
        Ok(found) if found.permissions().mode() & OTHERS != 0 => Finding::problem(
            ABOUT,
            format!("everybody on this machine may read {} or write to it", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => {
            Finding::ok(ABOUT, format!("the key-encryption key is in {}, and not for all", path.display()))
        }
        // It was read a moment ago.
        Err(error) => Finding::problem(ABOUT, format!("{}: {error}", path.display()), "look who changes it"),
    }
}

/// Whether the signing keys of each profile open.
pub(super) async fn look_at_seals(
    configuration: &Configuration,
    kept: Vec<(ProfileName, Vec<SealedKey>)>,
) -> Vec<Finding> {
    let kept = Kept(kept);
    let mut findings = Vec::new();
    let mut good = 0;
    for settings in &configuration.profiles {
        let profile = &settings.definitions.profile;
        match check(profile, &kept, &configuration.key_encryption_key).await {
            Ok(()) => good += kept.of(profile).len(),
            Err(error @ SigningKeysError::DoesNotOpen { .. }) => findings.push(Finding::problem(
                ABOUT,
                error.to_string(),
                "give it the key-encryption key that this store was made with. Without it the server does not start",
            )),
            Err(error) => findings.push(Finding::problem(
                ABOUT,
                format!("the signing keys of profile {profile}: {error}"),
                "restore the store from a backup",
            )),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            ABOUT,
            match good {
                0 => "there are no signing keys yet: the first start makes them".to_owned(),
                good => format!("the key-encryption key opens all {good} signing keys"),
            },
        ));
    }
    findings
}

async fn check(
    profile: &ProfileName,
    kept: &Kept,
    key_encryption_key: &KeyEncryptionKey,
) -> Result<(), SigningKeysError> {
    let (ids, slow) = (IdSource::default(), SlowThreads::new());
    let forge = Forge {
        store: kept,
        key_encryption_key,
        clock: &SystemClock,
        random: &SystemRandomness,
        ids: &ids,
        slow: &slow,
    };
    SigningKeys::check(profile, forge).await
}

/// Keys that were read from a store which is not to be changed.
struct Kept(Vec<(ProfileName, Vec<SealedKey>)>);

impl Kept {
    fn of(&self, profile: &ProfileName) -> &[SealedKey] {
        self.0.iter().find(|(name, _)| name == profile).map_or(&[], |(_, keys)| keys)
    }
}

#[async_trait]
impl KeyStore for Kept {
    async fn signing_keys(&self, profile: &ProfileName) -> Result<Vec<SealedKey>, StoreError> {
        Ok(self.of(profile).to_vec())
    }

    async fn insert_first_signing_key(&self, _key: SealedKey, _event: Event) -> Result<Once, StoreError> {
        Err(StoreError::Unavailable("it is looked at, and not changed".to_owned()))
    }
}
