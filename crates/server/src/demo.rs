//! The demo world: the world of `matricula dev`, of the docs and of the tests.

use std::io::ErrorKind;
use std::path::Path;

use identity::claims::StandardClaims;
use identity::manage::{self, ManageError, NewCredential, NewUser};
use identity::password::PasswordHash;
use primitives::names::DirectoryName;
use serde_json::{Map, Value, json};

use crate::app::App;

/// The port that the docs speak of.
pub const CUSTOMARY_PORT: u16 = 8700;

const WORLD: &str = include_str!("demo.toml");

/// The key-encryption key of the demo world. It is always the same, so that several nodes can share a store.
pub const KEY_ENCRYPTION_KEY: &str = "ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tZGU";

/// The demo world as a configuration, with the port in its issuers.
pub fn world(port: u16, store: &str) -> String {
    WORLD.replace("8700", &port.to_string()).replace("sqlite:matricula.db", store)
}

/// Puts the files into a folder that the configuration refers to.
///
/// # Errors
/// What the system says; or there is another key already, so that the folder is that of a server in earnest.
pub fn furnish(folder: &Path) -> std::io::Result<()> {
    let file = folder.join("key-encryption-key");
    match std::fs::read_to_string(&file) {
        Ok(key) if key.trim() == KEY_ENCRYPTION_KEY => Ok(()),
        Ok(_) => Err(std::io::Error::new(
            ErrorKind::AlreadyExists,
            "this folder has a key-encryption-key of its own, so it is not one of the demo world: choose another",
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => std::fs::write(&file, KEY_ENCRYPTION_KEY),
        Err(error) => Err(error),
    }
}

/// Who there is in the demo world, with the hashes of their passwords, `alice-password` and `bob-password`. They are always
/// the same, so that nothing has to be hashed when it begins.
pub const USERS: [(&str, &str); 2] = [
    (
        "alice",
        "$argon2id$v=19$m=19456,t=2,p=1$9/l9JTWs/zkIU8SGPhCx0A$EudM15awo05lNWuDO8cp6LKTLsT/PVkdNeFOxnVCWpE",
    ),
    (
        "bob",
        "$argon2id$v=19$m=19456,t=2,p=1$CZbKcMHWIywJF6O93vcOMA$0JBaOkoN/bhqV0YORVDGMxriDWz95hJmUKu/w1OTIOc",
    ),
];

/// Adds the users that are not there yet.
///
/// # Errors
/// The store did not take them.
pub async fn populate(app: &App) -> Result<(), ManageError> {
    let Ok(name) = "main".parse::<DirectoryName>() else { return Ok(()) };
    let directory = app.directory(&name);
    for (username, hash) in USERS {
        let (Ok(name), Ok(hash)) = (username.parse(), PasswordHash::parse(hash)) else { continue };
        let claims = StandardClaims::parse(claims_of(username)).unwrap_or_default();
        let user = NewUser { username: name, password: NewCredential::Hash(hash), claims };
        match manage::add(user, &directory).await {
            Ok(_) | Err(ManageError::NamesTaken(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn claims_of(username: &str) -> Map<String, Value> {
    let given_name: String = username
        .chars()
        .enumerate()
        .map(|(place, letter)| if place == 0 { letter.to_ascii_uppercase() } else { letter })
        .collect();
    let claims = json!({
        "name": format!("{given_name} Example"), "given_name": given_name, "family_name": "Example",
        "preferred_username": username, "locale": "en", "zoneinfo": "Europe/Stockholm", "birthdate": "1990-02-28",
        "email": format!("{username}@example.com"), "email_verified": true,
        "phone_number": "+46 70 000 00 00", "phone_number_verified": false,
        "address": { "street_address": "Storgatan 1", "postal_code": "111 22", "locality": "Stockholm", "country": "SE" },
        "updated_at": 1_795_421_565,
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

/// The verifier and the challenge of RFC 7636 appendix B, which everybody knows.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What to try first, as a person would type it.
pub fn greeting(port: u16) -> String {
    let base = format!("http://localhost:{port}");
    let mut text = String::new();
    for (what, command) in [
        (
            "a client of its own, through the open door",
            format!(
                "curl -s {base}/open/register -H 'Content-Type: application/json' -d '{{\"grant_types\":[\"client_credentials\"]}}'"
            ),
        ),
        (
            "a one-shot token to register with",
            format!(
                "curl -s -u enroller:enroller-secret {base}/staff/token -d grant_type=client_credentials -d scope=dcr"
            ),
        ),
        (
            "an instance of a template, with that token",
            format!(
                "curl -s {base}/staff/register -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{{\"software_id\":\"field-app\"}}'"
            ),
        ),
        (
            "a token for the API, with what it was given",
            format!("curl -s -u CLIENT_ID:CLIENT_SECRET {base}/staff/token -d grant_type=client_credentials"),
        ),
        (
            "alice, whose password is alice-password: open this in a browser. It ends at an address of an app that is not \
             there, with a code in it",
            format!(
                "{base}/customers/authorize?response_type=code&client_id=shop-app&scope=dcr&code_challenge={CHALLENGE}&code_challenge_method=S256"
            ),
        ),
        (
            "what her app gets for the code, within a minute: a one-shot token to register with",
            format!(
                "curl -s {base}/customers/token -d grant_type=authorization_code -d client_id=shop-app -d code_verifier={VERIFIER} -d code=CODE"
            ),
        ),
        (
            "the installation of her app, with that token",
            format!(
                "curl -s {base}/customers/register -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{{\"software_id\":\"shop-install\"}}'"
            ),
        ),
    ] {
        text.push_str(&format!("  # {what}\n  {command}\n"));
    }
    text
}
