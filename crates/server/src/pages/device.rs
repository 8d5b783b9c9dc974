//! What a browser says that it is.

/// The most of a `User-Agent` that is looked at, in bytes.
const MAX_LOOKED_AT: usize = 512;

/// A browser and what it runs on, as far as they can be told. Browsers say what they like: this helps somebody to
/// recognize their own device, and proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    pub(super) browser: Option<&'static str>,
    pub(super) system: Option<&'static str>,
}

/// The marks of browsers. Most of them name others too, so the order counts.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Microsoft Edge"),
    ("EdgA/", "Microsoft Edge"),
    ("EdgiOS/", "Microsoft Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The marks of systems. Android names Linux, and an iPhone names Mac OS X.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// Tells the device from a `User-Agent` (RFC 9110 §10.1.5). Only names from here are ever shown, never text from there.
pub fn device_of(user_agent: Option<&str>) -> Device {
    let bytes = user_agent.unwrap_or_default().as_bytes();
    let looked_at = bytes.get(..MAX_LOOKED_AT).unwrap_or(bytes);
    let first = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| contains(looked_at, mark.as_bytes())).map(|(_, name)| *name)
    };
    Device { browser: first(&BROWSERS), system: first(&SYSTEMS) }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_from_those_that_they_claim_to_be_like() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, browser, system) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0.0.0 Safari/537.36"),
                "Chrome",
                "Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
                ),
                "Microsoft Edge",
                "Windows",
            ),
            (
                &format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/140.0.0.0 Mobile Safari/537.36"),
                "Chrome",
                "Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 \
                 Mobile/15E148 Safari/604.1",
                "Safari",
                "iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
                "Safari",
                "Mac",
            ),
        ] {
            let device = Device { browser: Some(browser), system: Some(system) };
            assert_eq!(device_of(Some(user_agent)), device, "{user_agent}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for unknown in
            [None, Some(""), Some("curl/8.0"), Some("<script>alert(1)</script>"), Some("\u{1f600}")]
        {
            assert_eq!(device_of(unknown), Device::default());
        }
        let late = format!("{}Firefox/140.0", " ".repeat(MAX_LOOKED_AT));
        assert_eq!(device_of(Some(&late)), Device::default());
    }
}
