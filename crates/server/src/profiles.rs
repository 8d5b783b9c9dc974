//! The profiles of the process, and which of them a request is for.

use std::collections::HashMap;
use std::sync::Arc;

use issuance::profile::Profile;
use primitives::names::ProfileName;
use url::Url;

/// The longest path that is looked at, in bytes. None of ours comes near it.
const MAX_PATH: usize = 1_024;

/// The metadata documents: RFC 8414 §3 puts them before the issuer's path, OpenID Connect Discovery §4 behind it, and
/// clients look in both ways for both.
const WELL_KNOWN: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// All profiles, each at one revision. A request is judged wholly by the set that it found when it began.
#[derive(Debug, Default)]
pub struct Profiles {
    /// By the path of the issuer. Those that are found under whatever name the process is reached by.
    anywhere: HashMap<String, Arc<Profile>>,
    /// Those on hosts of their own, by host (and port), then by path.
    on_hosts: HashMap<String, HashMap<String, Arc<Profile>>>,
}

impl Profiles {
    /// Arranges profiles; those whose issuer is not on the process's own host are found under theirs alone.
    pub fn new(profiles: Vec<Arc<Profile>>, public_host: &str) -> Self {
        let mut arranged = Self::default();
        for profile in profiles {
            let (host, path) = host_and_path(&profile.issuer);
            let place = if host == public_host {
                &mut arranged.anywhere
            } else {
                arranged.on_hosts.entry(host).or_default()
            };
            place.insert(path, profile);
        }
        arranged
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.anywhere.values().chain(self.on_hosts.values().flat_map(HashMap::values))
    }

    /// The profile of this name.
    pub fn named(&self, name: &ProfileName) -> Option<&Arc<Profile>> {
        self.iter().find(|profile| profile.definitions.profile() == name)
    }

    /// The profile that a path belongs to, and what of the path remains below its issuer.
    pub fn locate<'p>(&self, host: Option<&str>, path: &'p str) -> Option<(&Arc<Profile>, &'p str)> {
        if path.len() > MAX_PATH {
            return None;
        }
        let here = host.and_then(|host| self.on_hosts.get(&normal_host(host))).unwrap_or(&self.anywhere);
        let document = WELL_KNOWN.iter().find_map(|document| {
            let profile = here.get(path.strip_prefix(document)?)?;
            Some((profile, path.get(..document.len())?))
        });
        document.or_else(|| {
            // From the longest beginning to the shortest: a profile below another one's path is found first.
            path.rmatch_indices('/')
                .find_map(|(cut, _)| Some((here.get(path.get(..cut)?)?, path.get(cut..)?)))
        })
    }
}

/// A `Host` header names the port also where it is the scheme's own.
fn normal_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
    // A dot at the end means the root of the DNS, and the same host.
    bare.strip_suffix('.').unwrap_or(bare).to_owned()
}

/// Host (and port, where it is not the scheme's) and path of an issuer.
pub fn host_and_path(issuer: &str) -> (String, String) {
    let Ok(url) = Url::parse(issuer) else { return (String::new(), issuer.to_owned()) };
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    (host, url.path().trim_end_matches('/').to_owned())
}
