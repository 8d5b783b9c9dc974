//! `oauth2`: OAuth without OpenID Connect. It is told where everything is; finding and registering are done by hand.

use ::oauth2::basic::{BasicClient, BasicErrorResponseType, BasicRequestTokenError};
use ::oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    IntrospectionUrl, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RevocationUrl, Scope,
    StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::{AsIfByTls, Callback, REDIRECT_URI, SCOPES, as_if_by_tls, http};
use crate::World;
use crate::person::{Decision, Person};
use crate::report::{By, Report, Topic};

pub(super) async fn run(world: &World, person: &Person, report: &mut Report) -> anyhow::Result<()> {
    let http = http()?;
    let metadata: Value = serde_json::from_str(
        &http.get(format!("{}/.well-known/openid-configuration", world.issuer)).send().await?.text().await?,
    )?;
    ensure!(metadata["issuer"] == json!(world.issuer), "the metadata are another issuer's");
    report.check(Topic::Discovery, By::Hand, "the metadata name every endpoint");

    for method in ["client_secret_basic", "none"] {
        let is_public = method == "none";
        let asked = json!({
            "redirect_uris": [REDIRECT_URI], "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": method, "client_name": "oauth2",
        });
        let response = http
            .post(endpoint("registration_endpoint", &metadata)?)
            .header("content-type", "application/json")
            .body(asked.to_string())
            .send()
            .await?;
        let registered: Value = serde_json::from_str(&response.text().await?)?;
        let id = registered["client_id"].as_str().with_context(|| format!("not registered: {registered}"))?;
        let secret = registered["client_secret"].as_str();
        ensure!(secret.is_none() == is_public, "a secret where none was asked for, or none where it was");
        report.check(Topic::Registration, By::Hand, &format!("a client that authenticates by {method}"));

        let client = client((id, secret), &metadata)?;

        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let callback = Callback::read(&person.drive(url.as_str(), Decision::Allow).await?)?;
        ensure!(callback.state == *state.secret(), "the answer has another state");
        callback.check_issuer(&world.issuer)?;
        report.check(Topic::Iss, By::Hand, "the answer names its issuer");

        let code = AuthorizationCode::new(callback.code);
        let wrong = PkceCodeVerifier::new("another-verifier-of-a-sufficient-length-0123456789".to_owned());
        let refused = client.exchange_code(code.clone()).set_pkce_verifier(wrong).request_async(&http).await;
        invalid_grant(refused.map(drop))?;
        let text = "another verifier: BasicErrorResponseType::InvalidGrant";
        report.check(Topic::Refusal, By::Library, text);

        let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&http).await?;
        ensure!(tokens.scopes().is_some_and(|scopes| scopes.len() == SCOPES.len()), "{:?}", tokens.scopes());
        report.check(Topic::Code, By::Library, "a code and its verifier become tokens");

        let mut refresh_token = tokens.refresh_token().context("there is no refresh token")?.clone();
        let mut access_token = tokens.access_token().clone();
        for _ in 0..2 {
            let next = client.exchange_refresh_token(&refresh_token).request_async(&http).await?;
            let token = next.refresh_token().context("there is no next refresh token")?.clone();
            ensure!(token.secret() != refresh_token.secret(), "it was not rotated");
            (refresh_token, access_token) = (token, next.access_token().clone());
        }
        report.check(Topic::Refresh, By::Library, "twice, and each refresh token is another");

        // A client without a credential may not ask: the API may.
        let api = ("orders-api", Some("orders-api-secret"));
        let asker = if is_public { self::client(api, &metadata)? } else { client.clone() };
        let known = asker.introspect(&access_token).request_async(&http).await?;
        ensure!(known.active() && known.username() == Some("alice"), "{known:?}");
        ensure!(known.client_id().map(|known| known.as_str()) == Some(id), "{known:?}");
        report.check(Topic::Introspection, By::Library, "an access token is active, and of alice");

        let tls = AsIfByTls(http.clone());
        client.revoke_token(StandardRevocableToken::from(refresh_token.clone()))?.request_async(&tls).await?;
        let refused = client.exchange_refresh_token(&refresh_token).request_async(&http).await;
        invalid_grant(refused.map(drop))?;
        let known = asker.introspect(&access_token).request_async(&http).await?;
        ensure!(!known.active(), "the access token outlives its refresh token: {known:?}");
        report.check(
            Topic::Revocation,
            By::Library,
            "a revoked refresh token is dead, and its access token too",
        );
        if is_public {
            report.check(Topic::Public, By::Library, "all of it without a secret");
        }
    }
    report.end()
}

/// A client that was told where everything is.
type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

fn client((id, secret): (&str, Option<&str>), metadata: &Value) -> anyhow::Result<Client> {
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_auth_uri(AuthUrl::new(endpoint("authorization_endpoint", metadata)?)?)
        .set_token_uri(TokenUrl::new(endpoint("token_endpoint", metadata)?)?)
        .set_introspection_url(IntrospectionUrl::new(endpoint("introspection_endpoint", metadata)?)?)
        .set_revocation_url(RevocationUrl::new(as_if_by_tls(&endpoint("revocation_endpoint", metadata)?))?)
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned())?);
    Ok(match secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        None => client,
    })
}

fn endpoint(name: &str, metadata: &Value) -> anyhow::Result<String> {
    let address = metadata[name].as_str().map(str::to_owned);
    address.with_context(|| format!("the metadata have no {name}"))
}

/// What the library makes of a refusal.
fn invalid_grant<E>(result: Result<(), BasicRequestTokenError<E>>) -> anyhow::Result<()>
where
    E: std::error::Error + 'static,
{
    match result {
        Err(BasicRequestTokenError::ServerResponse(refusal))
            if *refusal.error() == BasicErrorResponseType::InvalidGrant =>
        {
            Ok(())
        }
        other => bail!("it should be invalid_grant: {other:?}"),
    }
}
