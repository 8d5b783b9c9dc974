//! The story: an operator, a machine that registers machines, and what happens to them.

use std::time::Instant;

use primitives::clock::Clock;
use primitives::random::Randomness;
use protocol::client_authentication::JWT_BEARER;
use protocol::jose::{CompactJws, Jwk, SignatureAlgorithm, SigningKey, decode_base64url, encode_base64url};
use serde_json::{Value, json};

use super::super::say;
use super::caller::{Answer, Caller};
use super::guide::{Guide, milliseconds};
use super::server::{Server, audit_tail};
use crate::clock::SystemClock;
use crate::random::SystemRandomness;

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
    tour.audit_log().await?;
    tour.end().await
}

struct Tour {
    server: Server,
    caller: Caller,
    guide: Guide,
}

impl Tour {
    async fn discovery(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "Profiles say what they are",
            "One process serves several authorization servers, called profiles. Each has an issuer, keys, clients and
             doors of its own, and describes itself (RFC 8414). This one lets clients register, so it names an endpoint
             for that.",
        );
        let answer = self.caller.get("/.well-known/oauth-authorization-server/staff").await?;
        self.guide.show(&answer);
        let issuer = format!("{}/staff", self.server.base());
        self.guide.expect("the issuer is the one that it was found by", &answer, 200, ("issuer", &issuer));
        let endpoint = format!("{issuer}/register");
        self.guide.expect(
            "it names a registration endpoint",
            &answer,
            200,
            ("registration_endpoint", &endpoint),
        );
        let closed = self.caller.get("/closed/.well-known/openid-configuration").await?;
        self.guide.show_briefly(&closed);
        self.guide.check(
            "the profile 'closed', which says nothing of registration, names none",
            closed.status == 200 && closed.json.get("registration_endpoint").is_none(),
        );
        let unknown = self.caller.get("/nobody/.well-known/openid-configuration").await?;
        self.guide.show_briefly(&unknown);
        self.guide.expect(
            "a profile that is not there is 404, in JSON",
            &unknown,
            404,
            ("error", "not_found"),
        );
        Ok(())
    }

    async fn dcr_token(&self) -> anyhow::Result<Answer> {
        self.caller.post_form("/staff/token", Some(ENROLLER), &[CREDENTIALS, ("scope", "dcr")]).await
    }

    async fn another_token(&mut self) -> anyhow::Result<String> {
        let answer = self.dcr_token().await?;
        self.guide.show_briefly(&answer);
        self.guide.expect("another token to register with", &answer, 200, ("scope", "dcr"));
        Ok(answer.text("access_token").to_owned())
    }

    async fn initial_access_token(&mut self) -> anyhow::Result<String> {
        self.guide.chapter(
            "A token to register with",
            "The operator has written down one client, 'enroller', and two doors that it may open for others. It asks for
             the scope 'dcr', explicitly and alone, and gets a token that is good for registering one client.",
        );
        let answer = self.dcr_token().await?;
        self.guide.show(&answer);
        self.guide.expect("a token with the scope dcr", &answer, 200, ("scope", "dcr"));
        self.guide.check("nobody may store it on the way", header(&answer, "cache-control") == "no-store");
        let mixed = [CREDENTIALS, ("scope", "dcr orders:read")];
        let mixed = self.caller.post_form("/staff/token", Some(ENROLLER), &mixed).await?;
        self.guide.show_briefly(&mixed);
        self.guide.expect("mixed with another scope it is refused", &mixed, 400, ("error", "invalid_scope"));
        Ok(answer.text("access_token").to_owned())
    }

    async fn instance_of_a_template(&mut self, token: &str) -> anyhow::Result<Registered> {
        self.guide.chapter(
            "An installed app registers itself, as an instance of a template",
            "The template 'field-app' stands in the configuration. An instance needs nothing but its name, and gets an
             identifier and a secret of its own. (A secret that ships inside an app is none.)",
        );
        let answer = self
            .caller
            .post_json("/staff/register", Some(token), &json!({"software_id": "field-app"}))
            .await?;
        self.guide.show(&answer);
        self.guide.expect(
            "201, and it is what the template says",
            &answer,
            201,
            ("client_name", "Field app"),
        );
        self.guide.check(
            "a secret, and when it ends (0 is never)",
            !answer.text("client_secret").is_empty()
                && answer.json.get("client_secret_expires_at") == Some(&json!(0)),
        );
        let again = self
            .caller
            .post_json("/staff/register", Some(token), &json!({"software_id": "field-app"}))
            .await?;
        self.guide.show(&again);
        self.guide.expect("the token was good once", &again, 401, ("error", "invalid_token"));
        Ok(Registered::of(&answer))
    }

    async fn access_token(&mut self, client: &Registered) -> anyhow::Result<()> {
        self.guide.chapter(
            "It gets an access token with the credential that it was given",
            "Access tokens are signed (RFC 9068), so that the API verifies them by itself, with the keys that the profile
             publishes.",
        );
        let credential = (client.id.as_str(), client.secret.as_str());
        let answer = self.caller.post_form("/staff/token", Some(credential), &[CREDENTIALS]).await?;
        self.guide.show(&answer);
        self.guide.expect("the scope of the template", &answer, 200, ("scope", "orders:read orders:write"));
        let keys = self.caller.get("/staff/jwks").await?;
        self.guide.show_briefly(&keys);
        self.guide.check("the keys are published", keys.status == 200);
        let token = answer.text("access_token");
        let claims = verified_claims(token, &keys.json);
        if let Some(claims) = &claims {
            say("   Inside:");
            let pretty = serde_json::to_string_pretty(claims)?;
            pretty.lines().for_each(|line| say(format_args!("     {line}")));
        }
        let says = |name: &str, wanted: &str| {
            claims.as_ref().and_then(|claims| claims.get(name)).and_then(Value::as_str) == Some(wanted)
        };
        self.guide.check(
            "a published key has signed it, for this client and this API",
            says("client_id", &client.id) && says("aud", "https://orders.example"),
        );
        let as_initial = self
            .caller
            .post_json("/staff/register", Some(token), &json!({"software_id": "field-app"}))
            .await?;
        self.guide.show_briefly(&as_initial);
        self.guide.expect(
            "it registers nobody: that takes the scope dcr",
            &as_initial,
            403,
            ("error", "insufficient_scope"),
        );
        Ok(())
    }

    async fn definition_of_its_own(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "A client with a definition of its own",
            "What a developer portal does: the request says all there is to say (RFC 7591 section 2). What is wrong is told at
             once, with the member and what to do, and costs nothing: the token is still good afterwards.",
        );
        let token = self.another_token().await?;
        let bad = json!({"grant_types": ["client_credentials"], "redirect_uris": ["javascript:alert(1)"],
                         "token_endpoint_auth_method": "telepathy", "scope": "orders:read"});
        let refused = self.caller.post_json("/staff/register", Some(&token), &bad).await?;
        self.guide.show(&refused);
        self.guide.expect(
            "the code follows from the member that is wrong",
            &refused,
            400,
            ("error", "invalid_redirect_uri"),
        );
        let good = json!({"grant_types": ["client_credentials", "password"], "client_name": "Acme reports",
                          "client_name#de": "Acme-Berichte", "scope": "orders:read"});
        let answer = self.caller.post_json("/staff/register", Some(&token), &good).await?;
        self.guide.show(&answer);
        self.guide.check(
            "what is not served is not promised: 'password' is gone from grant_types",
            answer.status == 201 && answer.json.get("grant_types") == Some(&json!(["client_credentials"])),
        );
        let client = Registered::of(&answer);
        let token =
            self.caller.post_form("/staff/token", Some((&client.id, &client.secret)), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&token);
        self.guide.expect("and it gets tokens like any other", &token, 200, ("scope", "orders:read"));
        Ok(())
    }

    async fn key_made_on_the_device(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "A key that is made on the device, and never leaves it",
            "The template 'sensor' wants private_key_jwt. An instance brings the public half of a key of its own, and signs
             for its tokens (RFC 7523). No secret is ever sent to it.",
        );
        let (key, _) = SigningKey::generate(SignatureAlgorithm::EdDsa)?;
        let token = self.another_token().await?;
        let body = json!({"software_id": "sensor", "client_name": "Cold store 7", "jwks": {"keys": [key.public_jwk()]}});
        let answer = self.caller.post_json("/staff/register", Some(&token), &body).await?;
        self.guide.show(&answer);
        self.guide.check(
            "registered, without a secret",
            answer.status == 201 && answer.json.get("client_secret").is_none(),
        );
        let id = answer.text("client_id");
        let now = SystemClock.now().seconds();
        let mut jti = [0; 16];
        SystemRandomness.fill(&mut jti);
        let claims = json!({"iss": id, "sub": id, "aud": format!("{}/staff", self.server.base()),
                            "iat": now, "exp": now + 60, "jti": encode_base64url(jti)});
        let assertion = key.sign_jwt("JWT", &claims)?;
        let form =
            [CREDENTIALS, ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())];
        let answer = self.caller.post_form("/staff/token", None, &form).await?;
        self.guide.show(&answer);
        self.guide.expect("the signature is believed", &answer, 200, ("scope", "orders:write"));
        let replayed = self.caller.post_form("/staff/token", None, &form).await?;
        self.guide.show_briefly(&replayed);
        self.guide.expect(
            "once: whoever overheard it has nothing",
            &replayed,
            401,
            ("error", "invalid_client"),
        );
        Ok(())
    }

    async fn template_changes(&mut self, phone: &Registered) -> anyhow::Result<()> {
        self.guide.chapter(
            "The template changes, and every living instance with it",
            "The operator edits the file and sends SIGHUP. Nothing is copied into instances, so the next request of each is
             judged by the new template, however many there are.",
        );
        let credential = (phone.id.as_str(), phone.secret.as_str());
        let before = "scope = \"orders:read orders:write\"";
        let narrower = "scope = \"orders:read\"";
        let told = self.server.edit(before, narrower).await?;
        say(format_args!("   The server says: {told}\n"));
        let answer = self.caller.post_form("/staff/token", Some(credential), &[CREDENTIALS]).await?;
        self.guide.show(&answer);
        self.guide.expect("orders:write is gone at the next request", &answer, 200, ("scope", "orders:read"));
        let beyond = [CREDENTIALS, ("scope", "orders:write")];
        let answer = self.caller.post_form("/staff/token", Some(credential), &beyond).await?;
        self.guide.show_briefly(&answer);
        self.guide.expect("and cannot be asked for any more", &answer, 400, ("error", "invalid_scope"));

        let access = "access = { clients = [\"enroller\"] }\n\n[profiles.staff.templates.field-app.metadata]";
        let shorter = format!("tokens = {{ access_token_ttl = 60 }}\n{access}");
        self.server.edit(access, &shorter).await?;
        let answer = self.caller.post_form("/staff/token", Some(credential), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&answer);
        self.guide
            .check("tokens live for a minute now", answer.status == 200 && answer.number("expires_in") == 60);

        let told = self.server.edit("tokens = { access_token_ttl = 60 }", "status = \"disabled\"").await?;
        say(format_args!("\n   The server says: {told}\n"));
        let answer = self.caller.post_form("/staff/token", Some(credential), &[CREDENTIALS]).await?;
        self.guide.show(&answer);
        self.guide.expect("disabled: its instances are nobody", &answer, 401, ("error", "invalid_client"));

        let told = self.server.edit("scope = \"orders:read\"", "scope = \"orders:none\"").await?;
        self.guide
            .check("a file that cannot work is refused, and changes nothing", told.contains("not reloaded"));
        self.server.edit("scope = \"orders:none\"", before).await?;
        self.server.edit("status = \"disabled\"\n", "").await?;
        let answer = self.caller.post_form("/staff/token", Some(credential), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&answer);
        self.guide.expect(
            "restored: they are alive again",
            &answer,
            200,
            ("scope", "orders:read orders:write"),
        );
        Ok(())
    }

    async fn refusals(&mut self, phone: &Registered) -> anyhow::Result<()> {
        self.guide.chapter(
            "What strangers are told",
            "Nothing that they could learn from: whether a client exists, whether a template does, why a secret was not
             believed.",
        );
        let stranger =
            self.caller.post_json("/staff/register", None, &json!({"software_id": "field-app"})).await?;
        self.guide.show(&stranger);
        self.guide.check(
            "no token: 401, with a challenge that bears no error",
            stranger.status == 401 && header(&stranger, "www-authenticate") == "Bearer realm=\"staff\"",
        );
        let wrong =
            self.caller.post_form("/staff/token", Some((&phone.id, "mcs_wrong")), &[CREDENTIALS]).await?;
        let unknown =
            self.caller.post_form("/staff/token", Some(("nobody", "mcs_wrong")), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&wrong);
        self.guide.show_briefly(&unknown);
        self.guide.check(
            "a wrong secret and a client that is not there are answered alike",
            wrong.status == 401 && wrong.status == unknown.status && wrong.json == unknown.json,
        );
        let token = self.another_token().await?;
        let greedy = json!({"software_id": "field-app", "scope": "orders:read admin"});
        let greedy = self.caller.post_json("/staff/register", Some(&token), &greedy).await?;
        self.guide.show_briefly(&greedy);
        self.guide.expect(
            "an instance that wants more than its template gets nothing",
            &greedy,
            400,
            ("error", "invalid_client_metadata"),
        );
        let revoked = self.caller.post_form("/staff/revoke", Some(ENROLLER), &[("token", &token)]).await?;
        let late = self
            .caller
            .post_json("/staff/register", Some(&token), &json!({"software_id": "field-app"}))
            .await?;
        self.guide.show_briefly(&revoked);
        self.guide.show_briefly(&late);
        self.guide.check(
            "a token that was taken back (RFC 7009) is worth nothing",
            revoked.status == 200 && late.status == 401,
        );
        let closed = self.caller.post_json("/closed/register", None, &json!({})).await?;
        self.guide.show_briefly(&closed);
        self.guide.expect("where nobody registers, there is nothing", &closed, 404, ("error", "not_found"));
        Ok(())
    }

    async fn open_door(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "An open door",
            "The profile 'open' lets everybody in. That is for trying things out, and for ecosystems that are meant to be
             open; the server says so when it starts.",
        );
        let body = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
        let answer = self.caller.post_json("/open/register", None, &body).await?;
        self.guide.show(&answer);
        let client = Registered::of(&answer);
        let form = [
            CREDENTIALS,
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("resource", "https://orders.example/"),
        ];
        let token = self.caller.post_form("/open/token", None, &form).await?;
        self.guide.show_briefly(&token);
        self.guide.expect(
            "registered without a token, and good for tokens",
            &token,
            200,
            ("token_type", "Bearer"),
        );
        let elsewhere =
            self.caller.post_form("/staff/token", Some((&client.id, &client.secret)), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&elsewhere);
        self.guide.expect("but unknown to every other profile", &elsewhere, 401, ("error", "invalid_client"));
        Ok(())
    }

    async fn audit_log(&mut self) -> anyhow::Result<()> {
        self.guide.chapter(
            "What the operator reads",
            "Whatever changes state is written down in the same transaction; `matricula audit tail` reads it, also while
             the server runs.",
        );
        let told = audit_tail(&self.server.store()).await?;
        told.lines().for_each(|line| say(format_args!("   {line}")));
        self.guide.check("the last registration is there", told.contains("client-registered"));
        self.guide.check("and no secret is", !told.contains("mcs_") && !told.contains("mia_"));
        Ok(())
    }

    async fn end(mut self) -> anyhow::Result<usize> {
        let ended = self.server.stop().await?;
        self.guide.check("told to stop (SIGTERM), the server finishes and closes its store", ended.success());
        Ok(self.guide.failed())
    }
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
