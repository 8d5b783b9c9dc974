//! A person installs an app, signs in, and the app registers itself.

use aws_lc_rs::digest::{SHA256, digest};
use primitives::random::Randomness;
use protocol::jose::encode_base64url;
use serde_json::json;

use super::super::super::say;
use super::super::browser::{Browser, Visit};
use super::super::caller::{Answer, form_of};
use super::super::server::manage_user;
use super::{Registered, Tour, header};
use crate::random::SystemRandomness;

/// Where the app waits for its answers: a port that the system gave it this time.
const CALLBACK: &str = "http://127.0.0.1:49152/callback";

const ALICE: [(&str, &str); 2] = [("username", "alice"), ("password", "alice-password")];

/// What only the app knows that asked for a code (RFC 7636).
pub(super) struct Pkce {
    verifier: String,
    challenge: String,
}

impl Pkce {
    fn draw() -> Self {
        let verifier = random_text();
        let challenge = encode_base64url(digest(&SHA256, verifier.as_bytes()));
        Self { verifier, challenge }
    }
}

/// A code, and what belongs to it.
pub(super) struct Code {
    text: String,
    pkce: Pkce,
}

fn random_text() -> String {
    let mut bytes = [0; 32];
    SystemRandomness.fill(&mut bytes);
    encode_base64url(bytes)
}

impl Tour {
    pub(super) async fn somebody_who_can_sign_in(&mut self) -> anyhow::Result<Browser> {
        self.guide.chapter(
            "Somebody who can sign in",
            "In the profile 'customers' people sign in. The operator adds one while the server runs; the password is a line
             of standard input.",
        );
        let claims = r#"{"name": "Alice Example", "email": "alice@example.com"}"#;
        let words = ["add", "alice", "--claims", claims];
        say(format_args!("   $ matricula user add alice --claims '{claims}' --store sqlite:matricula.db"));
        let told = manage_user(&self.server.store(), &words, Some("alice-password")).await?;
        say(format_args!("   {told}\n"));
        self.guide.check("alice is in the directory 'main'", told.starts_with("alice is added"));
        let metadata = self.caller.get("/customers/.well-known/openid-configuration").await?;
        let endpoint = format!("{}/customers/authorize", self.server.base());
        self.guide.expect(
            "the profile names where people sign in",
            &metadata,
            200,
            ("authorization_endpoint", &endpoint),
        );
        Ok(Browser::default())
    }

    /// The browser is sent to sign in, for a client and a scope.
    pub(super) async fn authorize(
        &self,
        browser: &mut Browser,
        (client_id, scope): (&str, &str),
    ) -> anyhow::Result<(Visit, Pkce)> {
        let pkce = Pkce::draw();
        let query = form_of(&[
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ]);
        let visit = browser.open(&format!("/customers/authorize?{query}"), &self.caller).await?;
        Ok((visit, pkce))
    }

    /// The code that the app was sent, once the answer is one that it may believe.
    pub(super) fn code_of(&mut self, visit: &Visit, pkce: Pkce) -> anyhow::Result<Code> {
        let is_the_apps = header(visit.last()?, "location").starts_with(&format!("{CALLBACK}?"));
        let issuer = format!("{}/customers", self.server.base());
        self.guide.check(
            "the browser goes back to the app, with a code, the app's state and the issuer (RFC 9207)",
            is_the_apps && visit.sent_with("state") == "af0ifjsldkj" && visit.sent_with("iss") == issuer,
        );
        Ok(Code { text: visit.sent_with("code"), pkce })
    }

    pub(super) async fn redeem(
        &self,
        code: &Code,
        verifier: &str,
        who: Result<&Registered, &str>,
    ) -> anyhow::Result<Answer> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.text.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        if let Err(public) = who {
            form.push(("client_id", public));
        }
        let credential = who.ok().map(Registered::credential);
        self.caller.post_form("/customers/token", credential, &form).await
    }

    pub(super) async fn sign_in_to_register(&mut self, browser: &mut Browser) -> anyhow::Result<Code> {
        self.guide.chapter(
            "The app sends its user to sign in, so that it may register",
            "An app from the store ships with a client id, 'shop-app', and nothing else: a secret in it would be nobody's
             secret. It opens the phone's browser and asks for the scope 'dcr', alone, with PKCE.",
        );
        let (visit, pkce) = self.authorize(browser, ("shop-app", "dcr")).await?;
        self.guide.show_visit(&visit);
        self.guide.check("there is a page to sign in at", visit.page().has("password"));
        let typo = [("username", "alice"), ("password", "alice-pasword")];
        let wrong = browser.submit(visit.page(), &typo, &self.caller).await?;
        self.guide.show_visit(&wrong);
        self.guide.check(
            "a wrong password is told apart from nothing: 403, and the form again",
            wrong.last()?.status == 403 && wrong.page().has("problem"),
        );
        let confirm = browser.submit(wrong.page(), &ALICE, &self.caller).await?;
        self.guide.show_visit(&confirm);
        self.guide.check(
            "alice sees which app wants to register on which device",
            confirm.page().text_of("device") == "Chrome on Android" && confirm.page().has("warning"),
        );
        let is_kept_close = |cookie: &str| {
            cookie.starts_with("__Host-")
                && ["Secure", "HttpOnly", "SameSite=Lax"].iter().all(|word| cookie.contains(word))
        };
        let cookies: Vec<&str> = confirm
            .answers
            .iter()
            .flat_map(|answer| answer.headers.get_all("set-cookie"))
            .filter_map(|value| value.to_str().ok())
            .filter(|cookie| cookie.starts_with("__Host-session."))
            .collect();
        self.guide.check(
            "her session is a cookie that scripts and other sites do not get",
            cookies.len() == 1 && cookies.into_iter().all(is_kept_close),
        );
        let done = browser.submit(confirm.page(), &[("decision", "allow")], &self.caller).await?;
        self.guide.show_visit(&done);
        self.code_of(&done, pkce)
    }

    pub(super) async fn install_registers_itself(&mut self, code: &Code) -> anyhow::Result<Registered> {
        self.guide.chapter(
            "The installation registers itself, and is somebody from then on",
            "Whoever else sees the code cannot use it: that takes the verifier. It becomes a token that registers one client,
             and the client that comes out has an id and a secret that no other installation has.",
        );
        let stolen = self.redeem(code, &random_text(), Err("shop-app")).await?;
        self.guide.show_briefly(&stolen);
        self.guide.expect(
            "without the verifier it is worth nothing",
            &stolen,
            400,
            ("error", "invalid_grant"),
        );
        let answer = self.redeem(code, &code.pkce.verifier, Err("shop-app")).await?;
        self.guide.show(&answer);
        self.guide.expect("a token with the scope dcr", &answer, 200, ("scope", "dcr"));
        self.guide.check("and no refresh token", answer.json.get("refresh_token").is_none());
        let token = answer.text("access_token").to_owned();
        let body = json!({"software_id": "shop-install"});
        let answer = self.caller.post_json("/customers/register", Some(&token), &body).await?;
        self.guide.show(&answer);
        self.guide.check(
            "registered: an id and a secret of its own",
            answer.status == 201 && !answer.text("client_secret").is_empty(),
        );
        let again = self.caller.post_json("/customers/register", Some(&token), &body).await?;
        self.guide.show_briefly(&again);
        self.guide.expect("the token was good once", &again, 401, ("error", "invalid_token"));
        let replayed = self.redeem(code, &code.pkce.verifier, Err("shop-app")).await?;
        self.guide.show_briefly(&replayed);
        self.guide.expect("and so was the code", &replayed, 400, ("error", "invalid_grant"));
        Ok(Registered::of(&answer))
    }

    /// Tokens for an installation, without anybody being asked anything.
    pub(super) async fn silently(
        &mut self,
        browser: &mut Browser,
        (install, scope): (&Registered, &str),
    ) -> anyhow::Result<Answer> {
        let (visit, pkce) = self.authorize(browser, (&install.id, scope)).await?;
        self.guide.show_visit(&visit);
        self.guide.check("nobody is asked: one request, one redirect", visit.answers.len() == 1);
        let code = self.code_of(&visit, pkce)?;
        self.redeem(&code, &code.pkce.verifier, Ok(install)).await
    }
}
