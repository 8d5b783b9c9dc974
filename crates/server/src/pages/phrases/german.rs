//! German. People are addressed as «Sie».

use super::{Around, Phrases, ProblemPhrases, Wait};
use crate::pages::client::{By, Door};
use crate::pages::device::Device;

/// The phrases in German.
pub(super) const PHRASES: Phrases = Phrases {
    sign_in_title: "Anmelden",
    sign_in_for: Around { before: "und weiter zu ", after: "" },
    username: "Benutzername",
    password: "Passwort",
    sign_in: "Anmelden",
    cancel: "Abbrechen",
    wrong_credentials: "Der Benutzername oder das Passwort stimmt nicht. Bitte prüfen Sie beides und versuchen Sie es noch einmal.",
    too_many_attempts,

    choose_account_title: "Mit diesem Konto weitermachen?",
    continue_as: Around { before: "Weiter als ", after: "" },
    other_account: "Anderes Konto verwenden",

    account: "Ihr Konto",
    destination: "Sie werden weitergeleitet zu",
    this_device: "einer App auf diesem Gerät",
    app_that_opens: Around { before: "der App auf diesem Gerät, die ", after: "-Links öffnet" },
    registered_title: "Woher diese App kommt",
    registered_by_operator: "Von den Betreibern dieses Dienstes eingerichtet",
    registered,
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    date: |day, month, year| format!("{day}. {month} {year}"),
    caution_title: "Bitte seien Sie vorsichtig.",
    caution: "Diese App hat sich selbst registriert; niemand hat geprüft, was sie über sich sagt.",
    website: "Website",
    privacy: "Datenschutz",
    terms: "Nutzungsbedingungen",

    consent_title: Around { before: "", after: " bittet um Zugriff" },
    scopes_title: "Die App dürfte dann",
    scopes_none: "Die App bittet um keine besondere Berechtigung.",
    scope_openid: "Sie wiedererkennen, wenn Sie zurückkommen",
    scope_profile: "Ihr Profil sehen: Ihren Namen, Ihr Bild und Ähnliches",
    scope_email: "Ihre E-Mail-Adresse sehen",
    scope_address: "Ihre Postanschrift sehen",
    scope_phone: "Ihre Telefonnummer sehen",
    scope_offline_access: "Diesen Zugriff behalten, während Sie die App nicht benutzen",
    scope_token: Around { before: "Die Berechtigung ", after: " nutzen" },
    remembered: "Ihre Entscheidung wird gemerkt: Sie werden nur wieder gefragt, wenn die App mehr möchte.",
    not_remembered: "Ihre Entscheidung gilt nur für dieses Mal.",
    allow: "Erlauben",
    deny: "Ablehnen",

    confirm_title: Around { before: "", after: " auf diesem Gerät einrichten?" },
    confirm_lead: "Die App möchte sich hier unter Ihrem Konto registrieren.",
    device_title: "Dieses Gerät",
    device,
    confirm_warning: "Machen Sie nur weiter, wenn Sie das gerade selbst in der App begonnen haben.",
    confirm_advice: "Wenn eine Nachricht, ein Anruf oder ein Link Sie hierher gebracht hat, brechen Sie jetzt ab.",
    confirm: "Ja, einrichten",
    confirm_not: "Nein, abbrechen",

    unknown_client: ProblemPhrases {
        title: "Diese App kennen wir nicht",
        text: "Die App, die Sie hierher geschickt hat, ist bei diesem Dienst nicht registriert oder nicht mehr im Gebrauch. \
               Bitte gehen Sie zurück zur App. Wenn es wieder vorkommt, informieren Sie den Hersteller der App.",
    },
    redirect_mismatch: ProblemPhrases {
        title: "Wir haben zu Ihrer Sicherheit angehalten",
        text: "Die App wollte Sie an eine Adresse weiterleiten lassen, die sie nicht registriert hat. Das haben wir nicht \
               getan. Bitte informieren Sie den Hersteller der App.",
    },
    bad_request: ProblemPhrases {
        title: "An dieser Anfrage stimmt etwas nicht",
        text: "Was die App uns geschickt hat, können wir nicht verstehen. Bitte gehen Sie zurück zur App und versuchen Sie \
               es noch einmal. Wenn es wieder vorkommt, informieren Sie den Hersteller der App.",
    },
    expired: ProblemPhrases {
        title: "Diese Seite gilt nicht mehr",
        text: "Sie war zu lange offen oder wurde schon benutzt. Bitte gehen Sie zurück zur App und beginnen Sie von vorn.",
    },
    wrong_browser: ProblemPhrases {
        title: "Das hat in einem anderen Browser begonnen",
        text: "Bitte machen Sie in dem Browser weiter, in dem Sie begonnen haben, oder gehen Sie zurück zur App und beginnen \
               Sie von vorn. Wenn Sie nichts begonnen haben, können Sie diese Seite schließen.",
    },
    too_many_requests: ProblemPhrases {
        title: "Das war zu viel auf einmal",
        text: "Aus Ihrem Netz kamen zu viele Anfragen. Bitte warten Sie ein paar Minuten und versuchen Sie es noch einmal.",
    },
    unavailable: ProblemPhrases {
        title: "Wir können gerade nicht antworten",
        text: "Der Dienst ist ausgelastet oder wird gewartet. Bitte versuchen Sie es gleich noch einmal.",
    },
    server_error: ProblemPhrases {
        title: "Bei uns ist etwas schiefgegangen",
        text: "Es liegt nicht an Ihnen, und es ist vermerkt. Bitte versuchen Sie es später noch einmal.",
    },
    mismatch_registered: "Die App ist registriert für",
    mismatch_received: "Angefragt hat sie",
    none: "nichts",
    error_code: "Für den Hersteller der App:",

    sign_out_title: "Abmelden?",
    signed_in_as: Around { before: "Sie sind angemeldet als ", after: "." },
    sign_out: "Abmelden",
    signed_out_title: "Sie sind abgemeldet",
    signed_out: "Sie können diese Seite jetzt schließen.",

    message_title: "Fast fertig",
    message: "Ihre Antwort ist auf dem Weg zur App. Wenn diese Seite offen bleibt, können Sie sie schließen.",
    message_without_scripts: "Diese Seite braucht JavaScript, um der App Ihre Antwort zu geben. Bitte schalten Sie es ein und \
                              versuchen Sie es noch einmal.",
};

fn too_many_attempts(seconds: u64) -> String {
    let wait = match Wait::of(seconds) {
        Wait::Seconds(1) => "1 Sekunde".to_owned(),
        Wait::Seconds(seconds) => format!("{seconds} Sekunden"),
        Wait::Minutes(minutes) => format!("{minutes} Minuten"),
    };
    format!("Es waren zu viele Versuche. Bitte warten Sie {wait} und versuchen Sie es dann noch einmal.")
}

fn registered(door: Door, by: By, date: &str) -> String {
    match (door, by) {
        (Door::Own, By::Anonymous) => format!("Hat sich am {date} selbst registriert"),
        (Door::Own, By::Client) => {
            format!("Am {date} von einer anderen App registriert, die hier bekannt ist")
        }
        (Door::Own, By::User) => format!("Am {date} von jemandem registriert, der hier angemeldet war"),
        (Door::Template, By::Anonymous) => {
            format!("Hat sich am {date} selbst registriert, als Installation einer App, die hier bekannt ist")
        }
        (Door::Template, By::Client) => {
            format!(
                "Installation einer App, die hier bekannt ist; am {date} von einer anderen App registriert"
            )
        }
        (Door::Template, By::User) => {
            format!(
                "Installation einer App, die hier bekannt ist; am {date} von jemandem registriert, der angemeldet war"
            )
        }
    }
}

fn device(device: Device) -> String {
    let browser = device.browser.unwrap_or("Ein unbekannter Browser");
    match device.system {
        // These are devices, the others systems.
        Some(system @ ("iPhone" | "iPad" | "Mac")) => format!("{browser} auf {system}"),
        Some(system) => format!("{browser} unter {system}"),
        None => format!("{browser} auf einem unbekannten Gerät"),
    }
}
