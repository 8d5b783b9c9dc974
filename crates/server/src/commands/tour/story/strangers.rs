//! What strangers are told, and a door that is open to them.

use serde_json::json;

use super::{CREDENTIALS, ENROLLER, Registered, Tour, header};

impl Tour {
    pub(super) async fn refusals(&mut self, phone: &Registered) -> anyhow::Result<()> {
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

    pub(super) async fn open_door(&mut self) -> anyhow::Result<()> {
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
            self.caller.post_form("/staff/token", Some(client.credential()), &[CREDENTIALS]).await?;
        self.guide.show_briefly(&elsewhere);
        self.guide.expect("but unknown to every other profile", &elsewhere, 401, ("error", "invalid_client"));
        Ok(())
    }
}
