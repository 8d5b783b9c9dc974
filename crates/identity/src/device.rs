//! Devices that somebody signed in with before.
//!
//! They are known by a cookie that proves no more than that: its holder is judged apart from strangers when passwords
//! are guessed. Nothing is kept of them; what the cookie says is under a MAC.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use primitives::names::DirectoryName;
use primitives::ordered_id::{OrderedId, TEXT_LENGTH};
use protocol::jose::{decode_base64url, encode_base64url};

use crate::user::UserId;

/// What every such cookie begins with.
const PREFIX: &str = "mkd_";

/// What the MAC is over besides, so that the key is good for nothing else by accident.
const PURPOSE: &[u8] = b"matricula known device\0";

/// The key of the MAC.
pub struct DeviceKey(Key);

impl DeviceKey {
    /// From 256 random bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Key::new(HMAC_SHA256, bytes))
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceKey(..)")
    }
}

/// A device that a user of a directory signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: OrderedId,
}

impl KnownDevice {
    /// What the device's cookie holds.
    pub fn cookie(&self, directory: &DirectoryName, key: &DeviceKey) -> DeviceCookie {
        let Self { user, device } = self;
        let mac = sign(&key.0, &self.message(directory));
        DeviceCookie(format!("{PREFIX}{user}{device}{}", encode_base64url(mac)))
    }

    /// Reads what a device presents; `None` where it was not made for this directory under this key. The MAC is compared
    /// in constant time.
    pub fn of_cookie(text: &str, directory: &DirectoryName, key: &DeviceKey) -> Option<Self> {
        let (user, rest) = text.strip_prefix(PREFIX)?.split_at_checked(TEXT_LENGTH)?;
        let (device, mac) = rest.split_at_checked(TEXT_LENGTH)?;
        let known = Self { user: user.parse().ok()?, device: device.parse().ok()? };
        verify(&key.0, &known.message(directory), &decode_base64url(mac)?).ok()?;
        Some(known)
    }

    fn message(&self, directory: &DirectoryName) -> Vec<u8> {
        // No name of a directory has a zero in it, and the rest is of one length.
        [PURPOSE, directory.as_str().as_bytes(), b"\0", self.user.0.as_bytes(), self.device.as_bytes()]
            .concat()
    }
}

/// The value of a device's cookie.
pub struct DeviceCookie(String);

impl DeviceCookie {
    /// The value itself, for the one answer that hands it out.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceCookie(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownDevice {
        let [user, device] = [1, 2].map(|byte| OrderedId::from_bytes([byte; 16]));
        KnownDevice { user: UserId(user), device }
    }

    #[test]
    fn a_device_is_known_again_by_its_cookie() {
        let (main, key) = ("main".parse().unwrap(), DeviceKey::new(&[7; 32]));
        let cookie = known().cookie(&main, &key);
        assert_eq!(cookie.reveal().len(), 4 + 26 + 26 + 43);
        assert_eq!(KnownDevice::of_cookie(cookie.reveal(), &main, &key), Some(known()));
        assert_eq!(format!("{cookie:?} {key:?}"), "DeviceCookie(..) DeviceKey(..)");
    }

    #[test]
    fn a_cookie_is_good_for_its_own_user_device_directory_and_key() {
        let (main, key) = ("main".parse().unwrap(), DeviceKey::new(&[7; 32]));
        let cookie = known().cookie(&main, &key);
        let (cookie, partners) = (cookie.reveal(), "partners".parse().unwrap());
        assert_eq!(KnownDevice::of_cookie(cookie, &partners, &key), None);
        assert_eq!(KnownDevice::of_cookie(cookie, &main, &DeviceKey::new(&[8; 32])), None);
        let (user, device) = (known().user.to_string(), known().device.to_string());
        for forged in [
            cookie.replace(&user, &device),
            cookie.replace(&device, &user),
            format!("{cookie}A"),
            cookie[..cookie.len() - 1].to_owned(),
            cookie[..PREFIX.len() + 2 * TEXT_LENGTH].to_owned(),
            cookie.replace("mkd_", "mss_"),
            String::new(),
            "mkd_é".to_owned(),
        ] {
            assert_eq!(KnownDevice::of_cookie(&forged, &main, &key), None, "{forged}");
        }
    }
}
