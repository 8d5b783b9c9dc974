//! What an installation gets in its user's name, and what ends that.

use serde_json::{Value, json};

use super::super::super::say;
use super::super::browser::Browser;
use super::super::caller::Answer;
use super::super::server::manage_user;
use super::{Registered, Tour, verified_claims};

/// The API: a client that may ask about tokens that are for it.
const ORDERS_API: (&str, &str) = ("orders-api", "orders-api-secret");

const EVERYTHING: &str = "openid profile offline_access orders:read orders:write";

/// What an installation holds.
pub(super) struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(answer: &Answer) -> Self {
        Self {
            access: answer.text("access_token").to_owned(),
            refresh: answer.text("refresh_token").to_owned(),
        }
    }
}

impl Tour {
    pub(super) async fn second_sign_in_is_silent(
        &mut self,
        browser: &mut Browser,
        install: &Registered,
    ) -> anyhow::Result<Tokens> {
        self.guide.chapter(
            "The second sign-in is silent",
            "Now the app asks for what it is for, as the client that it has become. Alice signed in a moment ago, and the
             installation is hers and first-party, so nothing is left to ask. The code is redeemed with the secret.",
        );
        let answer = self.silently(browser, (install, EVERYTHING)).await?;
        self.guide.show(&answer);
        let tokens = Tokens::of(&answer);
        self.guide.check(
            "an access token, a refresh token, an ID token",
            answer.status == 200 && !tokens.refresh.is_empty() && !answer.text("id_token").is_empty(),
        );
        let keys = self.caller.get("/customers/jwks").await?;
        let claims = verified_claims(answer.text("id_token"), &keys.json).unwrap_or_default();
        say("   Inside the ID token:");
        let pretty = serde_json::to_string_pretty(&claims)?;
        pretty.lines().for_each(|line| say(format_args!("     {line}")));
        self.guide.check(
            "signed, for this installation, with the nonce of its request",
            claims.get("aud").and_then(Value::as_str) == Some(install.id.as_str())
                && claims.get("nonce") == Some(&json!("n-0S6_WzA2Mj")),
        );
        let userinfo = self.caller.get_with("/customers/userinfo", &tokens.access).await?;
        self.guide.show(&userinfo);
        self.guide.expect(
            "the name, which the scope 'profile' lets out",
            &userinfo,
            200,
            ("name", "Alice Example"),
        );
        self.guide.check("and not the address of her mail", userinfo.json.get("email").is_none());
        Ok(tokens)
    }

    async fn introspect(&self, token: &str) -> anyhow::Result<Answer> {
        self.caller.post_form("/customers/introspect", Some(ORDERS_API), &[("token", token)]).await
    }

    pub(super) async fn api_asks(&mut self, tokens: &Tokens) -> anyhow::Result<()> {
        self.guide.chapter(
            "The API asks about a token",
            "Access tokens are JWTs here, so an API can verify them by itself. One that wants to know whether a token has
             been taken back asks (RFC 7662).",
        );
        let answer = self.introspect(&tokens.access).await?;
        self.guide.show(&answer);
        self.guide.expect("it is good, and alice's", &answer, 200, ("username", "alice"));
        let none_of_its_business = self.introspect(&tokens.refresh).await?;
        self.guide.show_briefly(&none_of_its_business);
        self.guide.check(
            "of a refresh token an API is told nothing",
            none_of_its_business.status == 200 && none_of_its_business.json == json!({"active": false}),
        );
        Ok(())
    }

    async fn refreshed(&self, token: &str, who: Option<&Registered>) -> anyhow::Result<Answer> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.caller.post_form("/customers/token", who.map(Registered::credential), &form).await
    }

    pub(super) async fn refresh(&mut self, install: &Registered, tokens: Tokens) -> anyhow::Result<()> {
        self.guide.chapter(
            "Refresh tokens: an answer may be lost once, and a dead token ends them all",
            "Each use gives a new refresh token, and the one that was used is dead. Networks lose answers, so for a minute it
             can be repeated. Whoever comes with a token that is dead for good has stolen it, or was stolen from.",
        );
        let stolen = self.refreshed(&tokens.refresh, None).await?;
        self.guide.show_briefly(&stolen);
        self.guide.expect(
            "without the secret it is worth nothing",
            &stolen,
            401,
            ("error", "invalid_client"),
        );
        let lost = self.refreshed(&tokens.refresh, Some(install)).await?;
        self.guide.show(&lost);
        self.guide.check("a new pair", lost.status == 200 && Tokens::of(&lost).refresh != tokens.refresh);
        say("   Say that this answer was lost. The app repeats its request:\n");
        let repeated = self.refreshed(&tokens.refresh, Some(install)).await?;
        self.guide.show_briefly(&repeated);
        self.guide.check("it is answered again, with another pair", repeated.status == 200);
        let next = self.refreshed(&Tokens::of(&repeated).refresh, Some(install)).await?;
        self.guide.show_briefly(&next);
        self.guide.check("which goes on", next.status == 200);
        let reused = self.refreshed(&tokens.refresh, Some(install)).await?;
        self.guide.show_briefly(&reused);
        self.guide.expect("now the first one is dead for good", &reused, 400, ("error", "invalid_grant"));
        let newest = Tokens::of(&next);
        let ended = self.refreshed(&newest.refresh, Some(install)).await?;
        self.guide.show_briefly(&ended);
        self.guide.expect("and took the newest with it", &ended, 400, ("error", "invalid_grant"));
        let access = self.introspect(&newest.access).await?;
        self.guide.show_briefly(&access);
        self.guide.check(
            "an API that asks is told so too",
            access.status == 200 && access.json == json!({"active": false}),
        );
        Ok(())
    }

    pub(super) async fn sign_out(
        &mut self,
        browser: &mut Browser,
        install: &Registered,
    ) -> anyhow::Result<()> {
        self.guide.chapter(
            "Alice signs out, and the installation stays registered",
            "Signing out ends what was given for as long as she is signed in. What was given with 'offline_access' outlives
             that, until her operator switches her off.",
        );
        let online = self.silently(browser, (install, "openid orders:read")).await?;
        let offline = self.silently(browser, (install, EVERYTHING)).await?;
        let (online, offline) = (Tokens::of(&online), Tokens::of(&offline));
        let page = browser.open("/customers/logout", &self.caller).await?;
        self.guide.show_visit(&page);
        self.guide.check("she is asked, since a link anywhere could lead here", page.page().has("sign-out"));
        let out = browser.submit(page.page(), &[], &self.caller).await?;
        self.guide.show_visit(&out);
        self.guide.check("signed out", out.last()?.status == 200 && !out.page().has("sign-out"));
        let refused = self.refreshed(&online.refresh, Some(install)).await?;
        self.guide.show_briefly(&refused);
        self.guide.expect(
            "her tokens have ended with her session",
            &refused,
            400,
            ("error", "invalid_grant"),
        );
        let lives = self.refreshed(&offline.refresh, Some(install)).await?;
        self.guide.show_briefly(&lives);
        self.guide.check("those for when she is away have not", lives.status == 200);
        let (visit, _) = self.authorize(browser, (&install.id, EVERYTHING)).await?;
        self.guide.check("the next sign-in is not silent any more", visit.page().has("password"));

        say("\n   $ matricula user disable alice --store sqlite:matricula.db");
        let told = manage_user(&self.server.store(), &["disable", "alice"], None).await?;
        say(format_args!("   {told}\n"));
        let ended = self.refreshed(&Tokens::of(&lives).refresh, Some(install)).await?;
        self.guide.show_briefly(&ended);
        self.guide.expect(
            "now everything has ended; the installation is known all the same",
            &ended,
            400,
            ("error", "invalid_grant"),
        );
        Ok(())
    }
}
