//! What browsers and clients send: signing in, asking for codes, redeeming them.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::connection::{Answer, Connection};

/// The password of everybody.
pub(super) const PASSWORD: &str = "correct-horse-battery-staple";

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where codes are sent.
const REDIRECT_URI: &str = "https%3A%2F%2Fapp.example%2Fcb";

/// A client, as it presents itself to the token endpoint.
#[derive(Clone)]
pub(super) enum Client {
    Public { id: String },
    WithSecret { id: String, basic: String },
}

impl Client {
    pub(super) fn with_secret(id: &str, secret: &str) -> Self {
        Self::WithSecret { id: id.to_owned(), basic: STANDARD.encode(format!("{id}:{secret}")) }
    }

    fn id(&self) -> &str {
        match self {
            Self::Public { id } | Self::WithSecret { id, .. } => id,
        }
    }

    /// The request for a code. With the cookies of somebody who has signed in, it is answered at once.
    pub(super) fn authorization(&self, scope: &str, cookies: &str) -> String {
        let id = self.id();
        get(
            &format!(
                "/p/authorize?response_type=code&client_id={id}&redirect_uri={REDIRECT_URI}&scope={scope}\
                 &state=4fBreD-zlyfvkB5o&code_challenge={CHALLENGE}&code_challenge_method=S256"
            ),
            cookies,
        )
    }

    pub(super) fn redemption(&self, code: &str) -> String {
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}"
        );
        self.token_request(body)
    }

    pub(super) fn refresh(&self, token: &str) -> String {
        self.token_request(format!("grant_type=refresh_token&refresh_token={token}"))
    }

    fn token_request(&self, body: String) -> String {
        let (authorization, body) = match self {
            Self::Public { id } => (String::new(), format!("{body}&client_id={id}")),
            Self::WithSecret { basic, .. } => (format!("Authorization: Basic {basic}\r\n"), body),
        };
        post("/p/token", &format!("{authorization}{FORM}"), &body)
    }
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn get(path: &str, cookies: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n")
}

pub(super) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// What somebody has who signed in for a client.
pub(super) struct SignedIn {
    pub(super) code: String,
    pub(super) cookies: String,
}

/// Signs somebody in, in a browser that knows nothing yet: the request, the page, the form, and the page again, which
/// has become the answer.
pub(super) async fn sign_in(
    connection: &mut Connection,
    name: &str,
    client: &Client,
    scope: &str,
) -> anyhow::Result<SignedIn> {
    let mut jar = Vec::new();
    let asked = connection.ask(&client.authorization(scope, ""), "303").await?;
    jar.extend(asked.cookies().map(str::to_owned));
    let page = asked.location()?;
    let page = page.find("/p/").and_then(|path| page.get(path..)).context("no page")?.to_owned();
    connection.ask(&get(&page, &jar.join("; ")), "200").await?;

    let headers = format!("Cookie: {}\r\n{FORM}", jar.join("; "));
    let form = format!("username={name}&password={PASSWORD}");
    let signed_in = connection.ask(&post(&format!("{page}/sign-in"), &headers, &form), "303").await?;
    jar.extend(signed_in.cookies().map(str::to_owned));
    let cookies = jar.join("; ");
    let code = code(&connection.ask(&get(&page, &cookies), "303").await?)?;
    Ok(SignedIn { code, cookies })
}

/// The code that the browser carries to the client.
pub(super) fn code(answer: &Answer<'_>) -> anyhow::Result<String> {
    let location = answer.location()?;
    let (_, code) = location.split_once("?code=").with_context(|| format!("no code in {location}"))?;
    Ok(code.split('&').next().unwrap_or_default().to_owned())
}
