//! Every phrase of every page, in every language.
//!
//! They are the fields of a struct with one constant for each language, so a phrase that was forgotten in one of them does
//! not compile.

mod english;
mod german;

use super::client::{By, Door};
use super::device::Device;
use super::language::Language;

/// A phrase around something that has a form of its own on the page, like a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

/// What is said of a problem.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProblemPhrases {
    /// What happened.
    pub(super) title: &'static str,
    /// What that means, and what to do.
    pub(super) text: &'static str,
}

/// The phrases of one language.
#[derive(Debug)]
pub(super) struct Phrases {
    // Signing in
    pub(super) sign_in_title: &'static str,
    /// Around the name of the client.
    pub(super) sign_in_for: Around,
    pub(super) username: &'static str,
    pub(super) password: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) cancel: &'static str,
    pub(super) wrong_credentials: &'static str,
    /// With the seconds to wait.
    pub(super) too_many_attempts: fn(u64) -> String,

    // Choosing an account
    pub(super) choose_account_title: &'static str,
    /// Around the name of the account.
    pub(super) continue_as: Around,
    pub(super) other_account: &'static str,

    // Who asks, and where it leads
    pub(super) account: &'static str,
    pub(super) destination: &'static str,
    pub(super) this_device: &'static str,
    /// Around the scheme of an address.
    pub(super) app_that_opens: Around,
    pub(super) registered_title: &'static str,
    pub(super) registered_by_operator: &'static str,
    /// With the day, in words.
    pub(super) registered: fn(Door, By, &str) -> String,
    pub(super) months: [&'static str; 12],
    /// With day, name of the month, and year.
    pub(super) date: fn(usize, &str, usize) -> String,
    pub(super) caution_title: &'static str,
    pub(super) caution: &'static str,
    pub(super) website: &'static str,
    pub(super) privacy: &'static str,
    pub(super) terms: &'static str,

    // Consent
    /// Around the name of the client.
    pub(super) consent_title: Around,
    pub(super) scopes_title: &'static str,
    pub(super) scopes_none: &'static str,
    pub(super) scope_openid: &'static str,
    pub(super) scope_profile: &'static str,
    pub(super) scope_email: &'static str,
    pub(super) scope_address: &'static str,
    pub(super) scope_phone: &'static str,
    pub(super) scope_offline_access: &'static str,
    /// Around the token of a scope that nobody has put into words.
    pub(super) scope_token: Around,
    pub(super) remembered: &'static str,
    pub(super) not_remembered: &'static str,
    pub(super) allow: &'static str,
    pub(super) deny: &'static str,

    // Confirming a registration
    /// Around the name of the app.
    pub(super) confirm_title: Around,
    pub(super) confirm_lead: &'static str,
    pub(super) device_title: &'static str,
    pub(super) device: fn(Device) -> String,
    pub(super) confirm_warning: &'static str,
    pub(super) confirm_advice: &'static str,
    pub(super) confirm: &'static str,
    pub(super) confirm_not: &'static str,

    // Problems
    pub(super) unknown_client: ProblemPhrases,
    pub(super) redirect_mismatch: ProblemPhrases,
    pub(super) bad_request: ProblemPhrases,
    pub(super) expired: ProblemPhrases,
    pub(super) wrong_browser: ProblemPhrases,
    pub(super) too_many_requests: ProblemPhrases,
    pub(super) unavailable: ProblemPhrases,
    pub(super) server_error: ProblemPhrases,
    pub(super) mismatch_registered: &'static str,
    pub(super) mismatch_received: &'static str,
    pub(super) none: &'static str,
    pub(super) error_code: &'static str,

    // Signing out
    pub(super) sign_out_title: &'static str,
    /// Around the name of the account.
    pub(super) signed_in_as: Around,
    pub(super) sign_out: &'static str,
    pub(super) signed_out_title: &'static str,
    pub(super) signed_out: &'static str,

    // Handing an answer to an app
    pub(super) message_title: &'static str,
    pub(super) message: &'static str,
    pub(super) message_without_scripts: &'static str,
}

impl Phrases {
    /// The phrases of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::PHRASES,
            Language::German => &german::PHRASES,
        }
    }
}

/// A time to wait as people say it: up to a minute and a half in seconds, longer in minutes, rounded up.
enum Wait {
    Seconds(u64),
    Minutes(u64),
}

impl Wait {
    fn of(seconds: u64) -> Self {
        if seconds <= 90 { Self::Seconds(seconds) } else { Self::Minutes(seconds.div_ceil(60)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::device::device_of;

    #[test]
    fn times_are_said_as_people_say_them() {
        let english = Phrases::of(Language::English).too_many_attempts;
        let german = Phrases::of(Language::German).too_many_attempts;
        for (seconds, in_english, in_german) in [
            (1, "1 second", "1 Sekunde"),
            (90, "90 seconds", "90 Sekunden"),
            (91, "2 minutes", "2 Minuten"),
            (600, "10 minutes", "10 Minuten"),
            (u64::MAX, "307445734561825861 minutes", "307445734561825861 Minuten"),
        ] {
            assert!(english(seconds).contains(&format!(" {in_english}")), "{}", english(seconds));
            assert!(german(seconds).contains(&format!(" {in_german}")), "{}", german(seconds));
        }
    }

    #[test]
    fn devices_are_named_as_far_as_they_are_known() {
        for (user_agent, in_english, in_german) in [
            ("Linux Firefox/140.0", "Firefox on Linux", "Firefox unter Linux"),
            ("iPhone Safari/1", "Safari on iPhone", "Safari auf iPhone"),
            ("Firefox/140.0", "Firefox on an unknown device", "Firefox auf einem unbekannten Ger\u{e4}t"),
            ("Linux", "An unknown browser on Linux", "Ein unbekannter Browser unter Linux"),
            (
                "",
                "An unknown browser on an unknown device",
                "Ein unbekannter Browser auf einem unbekannten Ger\u{e4}t",
            ),
        ] {
            let device = device_of(Some(user_agent));
            assert_eq!((Phrases::of(Language::English).device)(device), in_english);
            assert_eq!((Phrases::of(Language::German).device)(device), in_german);
        }
    }
}
