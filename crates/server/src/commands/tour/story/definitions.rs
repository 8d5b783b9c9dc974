//! Definitions: a client's own, one with a key of its own, and a template that changes.

use primitives::clock::Clock;
use primitives::random::Randomness;
use protocol::client_authentication::JWT_BEARER;
use protocol::jose::{SignatureAlgorithm, SigningKey, encode_base64url};
use serde_json::json;

use super::super::super::say;
use super::{CREDENTIALS, Registered, Tour};
use crate::clock::SystemClock;
use crate::random::SystemRandomness;

impl Tour {
    pub(super) async fn definition_of_its_own(&mut self) -> anyhow::Result<()> {
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
        let token = self.caller.post_form("/staff/token", Some(client.credential()), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&token);
        self.guide.expect("and it gets tokens like any other", &token, 200, ("scope", "orders:read"));
        Ok(())
    }

    pub(super) async fn key_made_on_the_device(&mut self) -> anyhow::Result<()> {
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

    pub(super) async fn template_changes(&mut self, phone: &Registered) -> anyhow::Result<()> {
        self.guide.chapter(
            "The template changes, and every living instance with it",
            "The operator edits the file and sends SIGHUP. Nothing is copied into instances, so the next request of each is
             judged by the new template, however many there are.",
        );
        let credential = phone.credential();
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
}
