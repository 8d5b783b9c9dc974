//! People who have signed in, each with an instance of their own that they registered, and what it holds.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use argon2::PasswordHasher;
use tokio::task::{JoinSet, LocalSet};

use super::super::connection::Connection;
use super::super::release;
use super::super::server::Matricula;
use super::browser::{self, Client, PASSWORD};
use super::passwords::{SALT, argon2id};
use super::walks::Family;

/// How many people there are.
pub(super) const PEOPLE: usize = 256;
/// How many families of refresh tokens each of them has.
pub(super) const FAMILIES_EACH: usize = 32;
/// How many of them come at once.
const AT_ONCE: usize = 16;

/// What a family of refresh tokens is for. Without an ID token there is one signature, as in the ceiling.
pub(super) const SCOPE: &str = "offline_access%20orders:read";

/// `installer` gets people tokens to register an instance with. It is theirs, and the operator's own: so nobody is asked
/// for consent. All of them come from one network, which would be slowed down.
pub(super) const PROFILES: &str = r#"
[profiles.p.sign_in]
slow_guessing = false
[profiles.p.resource]
identifier = "https://orders.example"
scopes = ["orders:read", "orders:write"]
[profiles.p.clients.installer]
first_party = true
[profiles.p.clients.installer.metadata]
token_endpoint_auth_method = "none"
grant_types = ["authorization_code"]
redirect_uris = ["https://app.example/cb"]
[profiles.p.templates.app]
access = { users = ["installer"] }
first_party = true
[profiles.p.templates.app.metadata]
client_name = "App"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["https://app.example/cb"]
scope = "openid offline_access orders:read orders:write"
"#;

/// Somebody who has signed in.
pub(super) struct Person {
    pub(super) name: String,
    /// Their instance.
    pub(super) client: Client,
    /// Those of their browser.
    pub(super) cookies: String,
    pub(super) families: Vec<Family>,
}

/// The hash that everybody's password has.
fn password_hash() -> anyhow::Result<String> {
    let hash = argon2id()?.hash_password_with_salt(PASSWORD.as_bytes(), SALT);
    hash.map(|hash| hash.to_string()).map_err(|error| anyhow::anyhow!("{error}"))
}

/// Adds everybody to the store of a server that is running, and has them all come.
pub(super) fn populate(folder: &Path, matricula: &Matricula) -> anyhow::Result<Vec<Person>> {
    let (file, hash) = (folder.join("people.jsonl"), password_hash()?);
    let mut lines = String::new();
    for number in 0..PEOPLE {
        writeln!(
            lines,
            r#"{{"username":"{}","password_hash":"{hash}","claims":{{"name":"Somebody"}}}}"#,
            name(number)
        )?;
    }
    std::fs::write(&file, lines)?;
    let status = Command::new(release("matricula"))
        .args(["user", "import", "--store", matricula.store()])
        .arg(&file)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("nobody was added");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut coming = JoinSet::new();
        for first in 0..AT_ONCE {
            coming.spawn_local(come(first, matricula.address()));
        }
        let mut people = Vec::with_capacity(PEOPLE);
        while let Some(came) = coming.join_next().await {
            people.extend(came??);
        }
        Ok(people)
    })
}

fn name(number: usize) -> String {
    format!("somebody-{number}")
}

/// One after the other.
async fn come(first: usize, server: SocketAddr) -> anyhow::Result<Vec<Person>> {
    let mut connection = Connection::open(server).await?;
    let mut people = Vec::new();
    for number in (first..PEOPLE).step_by(AT_ONCE) {
        people.push(settle(name(number), &mut connection).await?);
    }
    Ok(people)
}

async fn settle(name: String, connection: &mut Connection) -> anyhow::Result<Person> {
    let installer = Client::Public { id: "installer".to_owned() };
    let signed_in = browser::sign_in(connection, &name, &installer, "dcr").await?;
    let answer = connection.ask(&installer.redemption(&signed_in.code), "200").await?;
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        answer.member("access_token")?
    );
    let registration = browser::post("/p/register", &headers, r#"{"software_id":"app"}"#);
    let registered = connection.ask(&registration, "201").await?;
    let client = Client::with_secret(registered.member("client_id")?, registered.member("client_secret")?);

    let mut families = Vec::with_capacity(FAMILIES_EACH);
    let authorization = client.authorization(SCOPE, &signed_in.cookies);
    for _ in 0..FAMILIES_EACH {
        let code = browser::code(&connection.ask(&authorization, "303").await?)?;
        let answer = connection.ask(&client.redemption(&code), "200").await?;
        let token = answer.member("refresh_token").context("no refresh token")?.to_owned();
        families.push(Family { client: client.clone(), token });
    }
    Ok(Person { name, client, cookies: signed_in.cookies, families })
}
