//! Where a page leads to, in terms that people can check.

use std::net::IpAddr;

use url::{Host, Url};

/// Where the user will be sent when the page is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A host of the web, with its port where that is not the usual one.
    Host(String),
    /// An app on the device of the user, which listens there under this host (RFC 8252 §7.3).
    ThisDevice(String),
    /// The app on the device of the user that opens addresses with this scheme (RFC 8252 §7.1).
    Scheme(String),
}

impl Destination {
    /// Where a redirect URI leads to.
    pub fn of(redirect_uri: &str) -> Self {
        let Ok(url) = Url::parse(redirect_uri) else {
            // Nothing that was registered comes here. If anything ever does, people see it as it is.
            return Self::Host(redirect_uri.to_owned());
        };
        match (url.scheme(), url.host()) {
            ("http" | "https", Some(host)) if is_loopback(&host) => Self::ThisDevice(host.to_string()),
            ("http" | "https", Some(host)) => Self::Host(match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_string(),
            }),
            (scheme, _) => Self::Scheme(scheme.to_owned()),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_says_who_gets_the_user() {
        for (redirect_uri, destination) in [
            ("https://shop.example/callback?x=1", Destination::Host("shop.example".to_owned())),
            ("https://shop.example:443/", Destination::Host("shop.example".to_owned())),
            ("https://shop.example:8443/", Destination::Host("shop.example:8443".to_owned())),
            // What looks like another host is not shown as one.
            ("https://bank.example@evil.example/", Destination::Host("evil.example".to_owned())),
            ("https://b\u{e4}nk.example/", Destination::Host("xn--bnk-qla.example".to_owned())),
            ("http://127.0.0.1:5000/callback", Destination::ThisDevice("127.0.0.1".to_owned())),
            ("http://[::1]/callback", Destination::ThisDevice("[::1]".to_owned())),
            ("http://localhost/callback", Destination::ThisDevice("localhost".to_owned())),
            ("com.example.app:/callback", Destination::Scheme("com.example.app".to_owned())),
            ("no uri", Destination::Host("no uri".to_owned())),
        ] {
            assert_eq!(Destination::of(redirect_uri), destination, "{redirect_uri}");
        }
    }
}
