//! The story, in the order in which it is told. Each part of it has a file.

mod definitions;
mod grants;
mod machines;
mod operator;
mod people;
mod strangers;

use std::time::Instant;

use protocol::jose::{CompactJws, Jwk, decode_base64url};
use serde_json::Value;

use super::super::say;
use super::caller::{Answer, Caller};
use super::guide::{Guide, milliseconds};
use super::server::Server;

/// What the tour adds to the demo world: a template for devices that make their own keys.
const SENSOR: &str = r#"
[profiles.staff.templates.sensor]
access = { clients = ["enroller"] }
may_set = ["client_name"]

[profiles.staff.templates.sensor.metadata]
grant_types = ["client_credentials"]
token_endpoint_auth_method = "private_key_jwt"
scope = "orders:write"
"#;

const ENROLLER: (&str, &str) = ("enroller", "enroller-secret");
const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// A client as its owner knows it: what the registration answered with.
struct Registered {
    id: String,
    secret: String,
}

impl Registered {
    fn of(answer: &Answer) -> Self {
        Self { id: answer.text("client_id").to_owned(), secret: answer.text("client_secret").to_owned() }
    }

    /// What it proves itself with.
    fn credential(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

/// Tells the story; says how many answers were not what they should have been.
pub(super) async fn tell() -> anyhow::Result<usize> {
    let begun = Instant::now();
    let server = Server::start(SENSOR).await?;
    let took = begun.elapsed();
    let mut tour = Tour { caller: Caller::new(server.base()), server, guide: Guide::default() };
    say(format_args!(
        "A server was started with {} and answers on {} ({:.0} ms after the command).",
        tour.server.config().display(),
        tour.server.base(),
        milliseconds(took),
    ));

    tour.discovery().await?;
    let token = tour.initial_access_token().await?;
    let phone = tour.instance_of_a_template(&token).await?;
    tour.access_token(&phone).await?;
    tour.definition_of_its_own().await?;
    tour.key_made_on_the_device().await?;
    tour.template_changes(&phone).await?;
    tour.refusals(&phone).await?;
    tour.open_door().await?;

    let mut browser = tour.somebody_who_can_sign_in().await?;
    let code = tour.sign_in_to_register(&mut browser).await?;
    let install = tour.install_registers_itself(&code).await?;
    let tokens = tour.second_sign_in_is_silent(&mut browser, &install).await?;
    tour.api_asks(&tokens).await?;
    tour.refresh(&install, tokens).await?;
    tour.sign_out(&mut browser, &install).await?;

    tour.audit_log().await?;
    tour.end().await
}

struct Tour {
    server: Server,
    caller: Caller,
    guide: Guide,
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The claims of a token that one of the published keys has signed.
fn verified_claims(token: &str, jwks: &Value) -> Option<Value> {
    let jws = CompactJws::parse(token).ok()?;
    let keys = jwks.get("keys")?.as_array()?;
    let signed = keys.iter().filter_map(|key| Jwk::parse(key).ok()).any(|key| jws.is_signed_by(&key));
    let payload = token.split('.').nth(1).and_then(decode_base64url)?;
    serde_json::from_slice(&payload).ok().filter(|_| signed)
}
