//! A machine gets a token to register others with, and what comes out gets tokens.

use serde_json::{Value, json};

use super::super::super::say;
use super::super::caller::Answer;
use super::{CREDENTIALS, ENROLLER, Registered, Tour, header, verified_claims};

impl Tour {
    pub(super) async fn dcr_token(&self) -> anyhow::Result<Answer> {
        self.caller.post_form("/staff/token", Some(ENROLLER), &[CREDENTIALS, ("scope", "dcr")]).await
    }

    pub(super) async fn another_token(&mut self) -> anyhow::Result<String> {
        let answer = self.dcr_token().await?;
        self.guide.show_briefly(&answer);
        self.guide.expect("another token to register with", &answer, 200, ("scope", "dcr"));
        Ok(answer.text("access_token").to_owned())
    }

    pub(super) async fn initial_access_token(&mut self) -> anyhow::Result<String> {
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

    pub(super) async fn instance_of_a_template(&mut self, token: &str) -> anyhow::Result<Registered> {
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

    pub(super) async fn access_token(&mut self, client: &Registered) -> anyhow::Result<()> {
        self.guide.chapter(
            "It gets an access token with the credential that it was given",
            "Access tokens are signed (RFC 9068), so that the API verifies them by itself, with the keys that the profile
             publishes.",
        );
        let answer = self.caller.post_form("/staff/token", Some(client.credential()), &[CREDENTIALS]).await?;
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
}
