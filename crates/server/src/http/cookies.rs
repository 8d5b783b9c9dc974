//! Cookies. All of them live at `/` of the host, so each has the name of its
//! profile in its own, or of the directory where profiles share it; the prefix `__Host-` keeps
//! other hosts of the same domain from planting one (RFC 6265bis §4.1.3.2).

use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use issuance::profile::{Profile, SignIn};

/// How long a device is known, in seconds: as long as browsers keep anything (RFC 6265bis §5.5).
const DEVICE_SECONDS: u64 = 400 * 86_400;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Which browser it is, so that requests stay with the one that they were begun in.
    Browser,
    /// Who signed in.
    Session,
    /// The same, for frames of other sites.
    Frame,
    /// That somebody signed in with this device before.
    Device,
}

impl Cookie {
    fn name(self, profile: &Profile, sign_in: &SignIn) -> String {
        let (name, directory) = (profile.definitions.profile(), &sign_in.directory);
        let is_shared = sign_in.session.counts_in.is_none();
        match self {
            Self::Browser => format!("__Host-browser.{name}"),
            Self::Session if is_shared => format!("__Host-sso.{directory}"),
            Self::Session => format!("__Host-session.{name}"),
            Self::Frame if is_shared => format!("__Host-sso-frame.{directory}"),
            Self::Frame => format!("__Host-frame.{name}"),
            Self::Device => format!("__Host-device.{directory}"),
        }
    }

    /// What the browser sent; `None` where it sent none, or two of this name: nobody chooses between them.
    pub(crate) fn read(self, headers: &HeaderMap, profile: &Profile) -> Option<String> {
        let name = self.name(profile, profile.sign_in.as_ref()?);
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value.to_owned()),
            _ => None,
        }
    }

    /// What the browser is to keep.
    pub(crate) fn set(self, value: &str, profile: &Profile) -> Option<HeaderValue> {
        let sign_in = profile.sign_in.as_ref()?;
        let age = match self {
            Self::Browser => None,
            Self::Session | Self::Frame => Some(sign_in.session.absolute),
            Self::Device => Some(Duration::from_secs(DEVICE_SECONDS)),
        };
        self.header(value, age, profile, sign_in)
    }

    /// What the browser is to forget.
    pub(crate) fn clear(self, profile: &Profile) -> Option<HeaderValue> {
        self.header("", Some(Duration::ZERO), profile, profile.sign_in.as_ref()?)
    }

    fn header(
        self,
        value: &str,
        age: Option<Duration>,
        profile: &Profile,
        sign_in: &SignIn,
    ) -> Option<HeaderValue> {
        let name = self.name(profile, sign_in);
        // What is sent to frames of other sites is sent whoever asks; what it opens gives nothing but a message to
        // registered origins.
        let same_site = if self == Self::Frame { "None" } else { "Lax" };
        let age = age.map(|age| format!("; Max-Age={}", age.as_secs())).unwrap_or_default();
        let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{age}");
        HeaderValue::from_str(&text).ok()
    }
}
