//! Redirect URIs (RFC 7591 §2 and §5, RFC 8252 §7, OAuth 2.1 §2.3).

use protocol::application_type::ApplicationType;
use protocol::authorization::ANSWER_PARAMETERS;
use protocol::description::quoted;
use url::{Host, Url};

use super::web_uri;

/// The longest redirect URI that is registered, in bytes. Browsers and proxies take longer ones, unreliably.
const MAX_LENGTH: usize = 1_024;

/// Schemes that run code, read files or stay inside the browser. None of them ever carries an answer to a client.
const DANGEROUS_SCHEMES: [&str; 18] = [
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "resource",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Where an answer goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Destination {
    /// A server (or an app that has claimed its address, RFC 8252 §7.2).
    Https,
    /// The device itself (RFC 8252 §7.3), with or without TLS.
    Loopback,
    /// An app, by a scheme that it has registered on its device (RFC 8252 §7.1).
    PrivateUse,
}

/// A redirect URI: text that is compared letter by letter (RFC 3986 §6.2.1), and known to be harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    destination: Destination,
}

impl RedirectUri {
    /// Reads one; what is wrong with it, as the end of a sentence, where it is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("is {} bytes long: at most {MAX_LENGTH} are accepted", text.len()));
        }
        web_uri::characters(text)?;
        if text.contains('#') {
            return Err(
                "has a fragment: leave everything from the # on out (RFC 6749 section 3.1.2)".to_owned()
            );
        }
        if text.contains('*') {
            return Err(
                "has a wildcard: register every URI as it will be sent, they are compared exactly".to_owned()
            );
        }
        let url = Url::parse(text).map_err(|error| format!("is not an absolute URI ({error})"))?;
        let destination = match url.scheme() {
            "https" | "http" if is_loopback(&url) => Destination::Loopback,
            "https" => Destination::Https,
            "http" => {
                return Err(
                    "is http to another machine: use https, or a loopback address on the device itself"
                        .to_owned(),
                );
            }
            scheme if DANGEROUS_SCHEMES.contains(&scheme) => {
                return Err(format!("has the scheme '{scheme}', which is never redirected to"));
            }
            // RFC 8252 §7.1: a scheme under a domain of the app's, reversed. One without a dot belongs to nobody.
            scheme if !scheme.contains('.') => {
                return Err(format!(
                    "has the scheme {}: a private-use scheme is a domain name in reverse, as in com.example.app (RFC 8252 \
                     section 7.1)",
                    quoted(scheme)
                ));
            }
            _ => Destination::PrivateUse,
        };
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err("has a user name in it: leave everything up to the @ out".to_owned());
        }
        // Whatever a browser would rewrite before it goes there (a port that is the default, upper case in the host,
        // dots in the path, numbers for hosts) is refused, so that what we compare is what gets the answer.
        let canonical = url.as_str();
        let bare_host = canonical.strip_suffix('/') == Some(text) && url.path() == "/";
        if canonical != text && !bare_host {
            return Err(format!("is not in its normal form: write it as {canonical}"));
        }
        Ok(Self { text: text.to_owned(), destination })
    }

    /// The text, as it was registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an answer to this address is one to this client: letter by letter the same (OAuth 2.1 §2.3.1), or the
    /// same but for the port of a loopback address, which the system gives an app when it starts (RFC 8252 §7.3).
    ///
    /// `localhost` is a name and not an address, so whether its port may differ too is for the caller to say; it never
    /// means an address, nor the reverse (RFC 8252 §8.3).
    pub fn receives(&self, requested: &str, any_port_on_localhost: bool) -> bool {
        if self.text == requested {
            return true;
        }
        match (http_parts(&self.text), http_parts(requested)) {
            (Some((host, rest)), Some(other)) if self.destination == Destination::Loopback => {
                (host, rest) == other && (host != "localhost" || any_port_on_localhost)
            }
            _ => false,
        }
    }

    /// Whether only whoever holds the name of a server can receive what is sent there. What is sent to a device can be
    /// received by any program on it (RFC 8252 §8.6).
    pub fn is_of_a_server(&self) -> bool {
        self.destination == Destination::Https
    }

    /// What a person is told of where they are sent: the host (and its port, where it is not the usual one), or the
    /// scheme of an app.
    pub fn destination(&self) -> String {
        destination(&self.text)
    }

    /// Whether an application of this type may have it; why not, where it may not.
    pub(super) fn suits(&self, application_type: ApplicationType) -> Result<(), String> {
        match (application_type, self.destination) {
            (ApplicationType::Native, _) | (ApplicationType::Web, Destination::Https) => Ok(()),
            (ApplicationType::Web, Destination::Loopback) => {
                Err("is on the user's own device: an application_type of 'native' may have it, 'web' may not"
                    .to_owned())
            }
            (ApplicationType::Web, Destination::PrivateUse) => {
                Err("has a private-use scheme: an application_type of 'native' may have it, 'web' may not"
                    .to_owned())
            }
        }
    }

    /// Whether only an app on a device can receive what is sent there.
    pub(super) fn is_on_a_device(&self) -> bool {
        self.destination != Destination::Https
    }

    /// Nobody could tell parameters of an answer from those that were registered.
    pub(super) fn has_no_parameter_of_an_answer(&self) -> Result<(), String> {
        let query = self.text.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let mut names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        match names.find(|name| ANSWER_PARAMETERS.contains(&name.as_ref())) {
            None => Ok(()),
            Some(name) => {
                Err(format!("has '{name}' in its query, which answers have too: call it something else"))
            }
        }
    }
}

/// What a person is told of where an address leads: the host (and its port), or the scheme of an app.
pub fn destination(redirect_uri: &str) -> String {
    let host = Url::parse(redirect_uri).ok().and_then(|url| {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "https" | "http"))?.to_owned();
        Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
    });
    let scheme = || redirect_uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default().to_owned();
    host.unwrap_or_else(scheme)
}

/// Host and rest of an http address, without the port between them. What could be read in another way is `None`.
fn http_parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let end_of_host = authority.find(']').map_or_else(|| authority.find(':'), |bracket| Some(bracket + 1));
    let (host, port) = authority.split_at(end_of_host.unwrap_or(authority.len()));
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((host, rest))
}

fn authority(text: &str) -> &str {
    let Some((_, rest)) = text.split_once("//") else { return "" };
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// RFC 8252 §7.3, §8.3: the loopback addresses, and the name that usually means them.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        match RedirectUri::parse(text) {
            Err(why) => why,
            Ok(uri) => panic!("{uri:?}"),
        }
    }

    #[test]
    fn addresses_that_a_client_can_be_reached_at_are_accepted_letter_by_letter() {
        for good in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example/",
            "https://app.example:8443/cb?tenant=1&x=%2F",
            "https://xn--bcher-kva.example/cb",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:8123/callback",
            "http://[::1]:8123/callback",
            "http://localhost:3000/callback",
            "https://[2001:db8::1]/cb",
            "com.example.app:/callback",
            "com.example.app://callback",
        ] {
            assert_eq!(RedirectUri::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn addresses_that_lead_astray_are_refused_with_a_reason() {
        for (bad, why) in [
            ("https://app.example/cb#x", "fragment"),
            ("https://app.example/cb#", "fragment"),
            ("javascript:alert(1)", "never redirected to"),
            ("JavaScript:alert(1)", "never redirected to"),
            ("data:text/html,x", "never redirected to"),
            ("file:///etc/passwd", "never redirected to"),
            ("vbscript:x", "never redirected to"),
            ("https://user@app.example/cb", "user name"),
            ("https://user:pass@app.example/cb", "user name"),
            ("https://@app.example/cb", "user name"),
            ("https://app.example@evil.example/cb", "user name"),
            ("https://*.app.example/cb", "wildcard"),
            ("https://app.example/*", "wildcard"),
            ("https:\\\\app.example\\cb", "character"),
            ("https://app.example\\@evil.example/", "character"),
            ("https://b\u{fc}cher.example/cb", "punycode"),
            ("https://app.example/\u{202e}cb", "ASCII"),
            ("https://app.example/c b", "character"),
            (" https://app.example/cb", "character"),
            ("https://app.example/cb\n", "character"),
            ("http://app.example/cb", "another machine"),
            ("http://localhost.evil.example/cb", "another machine"),
            ("http://127.0.0.1.evil.example/cb", "another machine"),
            ("http://2130706433/cb", "normal form"),
            ("http://0x7f.1/cb", "normal form"),
            ("https://App.Example/cb", "write it as https://app.example/cb"),
            ("https://app.example:443/cb", "write it as https://app.example/cb"),
            ("https://app.example/a/../cb", "write it as https://app.example/cb"),
            ("https://app.example/a/%2e%2e/cb", "write it as https://app.example/cb"),
            ("https:app.example/cb", "normal form"),
            ("https://", "absolute"),
            ("/callback", "absolute"),
            ("app.example/cb", "absolute"),
            ("", "absolute"),
            ("myapp://callback", "domain name in reverse"),
            ("urn:ietf:wg:oauth:2.0:oob", "domain name in reverse"),
        ] {
            let got = refused(bad);
            assert!(got.contains(why), "{bad}: {got}");
        }
        let long = format!("https://app.example/{}", "x".repeat(2_000));
        assert!(refused(&long).contains("at most 1024"));
    }

    #[test]
    fn a_web_application_lives_on_no_device() {
        let suits =
            |text: &str, application_type| RedirectUri::parse(text).unwrap().suits(application_type).is_ok();
        for on_device in [
            "http://localhost/cb",
            "https://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]/cb",
            "com.example.app:/cb",
        ] {
            assert!(suits(on_device, ApplicationType::Native));
            assert!(!suits(on_device, ApplicationType::Web));
        }
        assert!(suits("https://app.example/cb", ApplicationType::Web));
        assert!(suits("https://app.example/cb", ApplicationType::Native));
    }

    #[test]
    fn an_answer_goes_to_the_very_address_that_was_registered() {
        let receives = |registered: &str, requested: &str| {
            RedirectUri::parse(registered).unwrap().receives(requested, true)
        };
        for (registered, requested) in [
            ("https://app.example/cb", "https://app.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
            ("http://[::1]/cb?x=1", "http://[::1]:8080/cb?x=1"),
            ("http://localhost/cb", "http://localhost:3000/cb"),
            ("com.example.app:/cb", "com.example.app:/cb"),
        ] {
            assert!(receives(registered, requested), "{registered} {requested}");
        }
        for (registered, requested) in [
            ("https://app.example/cb", "https://app.example/cb/"),
            ("https://app.example/cb", "https://app.example/cb?x=1"),
            ("https://app.example/cb", "https://app.example/CB"),
            ("https://app.example/cb", "https://app.example:443/cb"),
            ("https://app.example/cb", "https://app.example:8443/cb"),
            ("https://app.example/cb", "https://app.example.evil.example/cb"),
            ("https://app.example/cb", "https://app.example/cb#x"),
            ("https://localhost/cb", "https://localhost:8443/cb"),
            ("http://127.0.0.1/cb", "http://localhost/cb"),
            ("http://localhost/cb", "http://127.0.0.1/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.2/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb/../x"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://evil.example/cb"),
            ("http://[::1]/cb", "http://[::1].evil.example/cb"),
            ("com.example.app:/cb", "com.example.app://cb"),
        ] {
            assert!(!receives(registered, requested), "{registered} {requested}");
        }
        let named = RedirectUri::parse("http://localhost/cb").unwrap();
        assert!(!named.receives("http://localhost:3000/cb", false));
    }

    #[test]
    fn a_person_is_told_the_host_or_the_scheme() {
        for (uri, told) in [
            ("https://app.example/cb", "app.example"),
            ("https://app.example:8443/cb", "app.example:8443"),
            ("http://127.0.0.1:49152/cb", "127.0.0.1:49152"),
            ("com.example.app:/cb", "com.example.app"),
            ("com.example.app://host/cb", "com.example.app"),
        ] {
            assert_eq!(destination(uri), told);
        }
    }

    #[test]
    fn an_address_has_no_parameter_that_answers_have() {
        let parsed = RedirectUri::parse("https://app.example/cb?tenant=1&st%61te=x").unwrap();
        assert!(parsed.has_no_parameter_of_an_answer().unwrap_err().contains("'state'"));
        let parsed = RedirectUri::parse("https://app.example/cb?tenant=1").unwrap();
        assert_eq!(parsed.has_no_parameter_of_an_answer(), Ok(()));
    }
}
