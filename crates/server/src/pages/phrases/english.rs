//! English.

use super::{Around, Phrases, ProblemPhrases, Wait};
use crate::pages::client::{By, Door};
use crate::pages::device::Device;

/// The phrases in English.
pub(super) const PHRASES: Phrases = Phrases {
    sign_in_title: "Sign in",
    sign_in_for: Around { before: "to continue to ", after: "" },
    username: "Username",
    password: "Password",
    sign_in: "Sign in",
    cancel: "Cancel",
    wrong_credentials: "The username or the password is not right. Please check both and try again.",
    too_many_attempts,

    choose_account_title: "Continue with this account?",
    continue_as: Around { before: "Continue as ", after: "" },
    other_account: "Use another account",

    account: "Your account",
    destination: "You will be sent to",
    this_device: "an app on this device",
    app_that_opens: Around { before: "the app on this device that opens ", after: " links" },
    registered_title: "Where this app comes from",
    registered_by_operator: "Set up by the people who run this service",
    registered,
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    date: |day, month, year| format!("{day} {month} {year}"),
    caution_title: "Please take care.",
    caution: "This app registered itself; nobody has checked what it says about itself.",
    website: "Website",
    privacy: "Privacy",
    terms: "Terms",

    consent_title: Around { before: "", after: " asks for access" },
    scopes_title: "The app would be allowed to",
    scopes_none: "The app asks for no particular permission.",
    scope_openid: "Recognize you when you come back",
    scope_profile: "See your profile: your name, your picture and the like",
    scope_email: "See your email address",
    scope_address: "See your postal address",
    scope_phone: "See your phone number",
    scope_offline_access: "Keep this access while you are not using the app",
    scope_token: Around { before: "Use the permission ", after: "" },
    remembered: "Your choice will be remembered: you are asked again only if the app wants more.",
    not_remembered: "Your choice holds for this time only.",
    allow: "Allow",
    deny: "Deny",

    confirm_title: Around { before: "Set up ", after: " on this device?" },
    confirm_lead: "The app wants to register itself here, under your account.",
    device_title: "This device",
    device,
    confirm_warning: "Continue only if you have just started this in the app yourself.",
    confirm_advice: "If a message, a call or a link brought you here, stop now.",
    confirm: "Yes, set up",
    confirm_not: "No, stop",

    unknown_client: ProblemPhrases {
        title: "We do not know this app",
        text: "The app that sent you here is not registered with this service, or is no longer in use. Please go back to \
               the app. If it happens again, tell the people who make it.",
    },
    redirect_mismatch: ProblemPhrases {
        title: "We stopped here to keep you safe",
        text: "The app asked us to send you to an address that it has not registered. We did not. Please tell the people \
               who make the app.",
    },
    bad_request: ProblemPhrases {
        title: "Something in this request is wrong",
        text: "What the app sent us cannot be understood. Please go back to the app and try again. If it happens again, \
               tell the people who make it.",
    },
    expired: ProblemPhrases {
        title: "This page is out of date",
        text: "It was open for too long, or has been used already. Please go back to the app and start again.",
    },
    wrong_browser: ProblemPhrases {
        title: "This began in another browser",
        text: "Please go on in the browser in which you began, or go back to the app and start again. If you did not \
               begin anything, you can close this page.",
    },
    too_many_requests: ProblemPhrases {
        title: "That was too much at once",
        text: "Too many requests came from your network. Please wait a few minutes and try again.",
    },
    unavailable: ProblemPhrases {
        title: "We cannot answer right now",
        text: "The service is busy or being looked after. Please try again in a moment.",
    },
    server_error: ProblemPhrases {
        title: "Something went wrong on our side",
        text: "It is not your fault, and it has been noted. Please try again later.",
    },
    mismatch_registered: "The app is registered for",
    mismatch_received: "It asked for",
    none: "nothing",
    error_code: "For the people who make the app:",

    sign_out_title: "Sign out?",
    signed_in_as: Around { before: "You are signed in as ", after: "." },
    sign_out: "Sign out",
    signed_out_title: "You are signed out",
    signed_out: "You can close this page now.",

    message_title: "Almost done",
    message: "Your answer is on its way to the app. If this page stays open, you can close it.",
    message_without_scripts: "This page needs JavaScript to hand your answer to the app. Please switch it on and try again.",
};

fn too_many_attempts(seconds: u64) -> String {
    let wait = match Wait::of(seconds) {
        Wait::Seconds(1) => "1 second".to_owned(),
        Wait::Seconds(seconds) => format!("{seconds} seconds"),
        Wait::Minutes(minutes) => format!("{minutes} minutes"),
    };
    format!("There were too many attempts. Please wait {wait}, then try again.")
}

fn registered(door: Door, by: By, date: &str) -> String {
    match (door, by) {
        (Door::Own, By::Anonymous) => format!("Registered itself on {date}"),
        (Door::Own, By::Client) => format!("Registered on {date} by another app that is known here"),
        (Door::Own, By::User) => format!("Registered on {date} by somebody who had signed in here"),
        (Door::Template, By::Anonymous) => {
            format!("Registered itself on {date}, as one copy of an app that is known here")
        }
        (Door::Template, By::Client) => {
            format!("One copy of an app that is known here, registered on {date} by another app")
        }
        (Door::Template, By::User) => {
            format!(
                "One copy of an app that is known here, registered on {date} by somebody who had signed in"
            )
        }
    }
}

fn device(device: Device) -> String {
    let browser = device.browser.unwrap_or("An unknown browser");
    let system = device.system.unwrap_or("an unknown device");
    format!("{browser} on {system}")
}
