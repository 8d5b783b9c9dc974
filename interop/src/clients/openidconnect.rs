//! `openidconnect`: it finds the server and registers by itself. What it does not look for in the metadata, it can be
//! taught.

use ::openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreClientRegistrationRequest, CoreErrorResponseType, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreRequestTokenError,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType, CoreUserInfoClaims,
};
use ::openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode, CsrfToken, IntrospectionUrl, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RevocationUrl, Scope, TokenIntrospectionResponse, TokenResponse, UserInfoError,
};
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{AsIfByTls, Callback, REDIRECT_URI, SCOPES, as_if_by_tls, http};
use crate::World;
use crate::person::{Decision, Person};
use crate::report::{By, Report, Topic};

/// What OpenID Connect Discovery does not have.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct OfOAuth {
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: String,
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for OfOAuth {}

type Metadata = ProviderMetadata<
    OfOAuth,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(super) async fn run(world: &World, person: &Person, report: &mut Report) -> anyhow::Result<()> {
    let http = http()?;
    let metadata = Metadata::discover_async(IssuerUrl::new(world.issuer.clone())?, &http).await?;
    report.check(Topic::Discovery, By::Library, "OpenID Connect Discovery, with the keys");

    let redirect_uri = RedirectUrl::new(REDIRECT_URI.to_owned())?;
    let request = CoreClientRegistrationRequest::new(vec![redirect_uri.clone()], Default::default())
        .set_grant_types(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::RefreshToken]))
        .set_response_types(Some(vec![::openidconnect::ResponseTypes::new(vec![CoreResponseType::Code])]))
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::ClientSecretBasic));
    let endpoint = metadata.registration_endpoint().context("the metadata name no registration endpoint")?;
    let registered = request.register_async(endpoint, &http).await?;
    ensure!(registered.redirect_uris() == &vec![redirect_uri.clone()], "another redirect URI was registered");
    ensure!(registered.client_secret().is_some(), "there is no secret");
    report.check(Topic::Registration, By::Library, "a client with a secret, and the answer is understood");

    let of_oauth = metadata.additional_metadata().clone();
    ensure!(of_oauth.authorization_response_iss_parameter_supported, "answers do not name their issuer");
    let secret = registered.client_secret().cloned();
    let client = CoreClient::from_provider_metadata(metadata, registered.client_id().clone(), secret)
        .set_introspection_url(of_oauth.introspection_endpoint)
        .set_revocation_url(RevocationUrl::new(as_if_by_tls(&of_oauth.revocation_endpoint))?)
        .set_redirect_uri(redirect_uri);

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let callback = Callback::read(&person.drive(url.as_str(), Decision::Allow).await?)?;
    ensure!(callback.state == *state.secret(), "the answer has another state");
    callback.check_issuer(&world.issuer)?;
    report.check(Topic::Iss, By::Hand, "the answer names its issuer");

    let code = AuthorizationCode::new(callback.code);
    let wrong = PkceCodeVerifier::new("another-verifier-of-a-sufficient-length-0123456789".to_owned());
    let refused = client.exchange_code(code.clone())?.set_pkce_verifier(wrong).request_async(&http).await;
    invalid_grant(refused.map(drop))?;
    report.check(Topic::Refusal, By::Library, "another verifier: CoreErrorResponseType::InvalidGrant");

    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&http).await?;
    report.check(Topic::Code, By::Library, "a code and its verifier become tokens");

    let id_token = tokens.id_token().context("there is no ID token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce)?;
    let signed_by = id_token.signing_key(&verifier)?;
    if let Some(expected) = claims.access_token_hash() {
        let is = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg()?, signed_by)?;
        ensure!(is == *expected, "at_hash is another token's");
    }
    ensure!(id_token.claims(&verifier, &Nonce::new_random()).is_err(), "any nonce would do");
    report.check(Topic::IdToken, By::Library, "signature, issuer, audience, nonce");

    let subject = claims.subject().clone();
    let about: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), Some(subject.clone()))?.request_async(&http).await?;
    ensure!(about.email().map(|email| email.as_str()) == Some("alice@example.com"), "{about:?}");
    ensure!(about.email_verified() == Some(true), "{about:?}");
    report.check(Topic::Userinfo, By::Library, "the claims of alice, about the subject of the ID token");

    let mut refresh_token = tokens.refresh_token().context("there is no refresh token")?.clone();
    let mut access_token = tokens.access_token().clone();
    for _ in 0..2 {
        let next = client.exchange_refresh_token(&refresh_token)?.request_async(&http).await?;
        let token = next.refresh_token().context("there is no next refresh token")?.clone();
        ensure!(token.secret() != refresh_token.secret(), "it was not rotated");
        // OpenID Connect Core §12.2: without a nonce, and about the same person.
        let id_token = next.id_token().context("there is no ID token")?;
        let claims = id_token.claims(&verifier, |nonce: Option<&Nonce>| match nonce {
            None => Ok(()),
            Some(_) => Err("a nonce that nobody sent".to_owned()),
        })?;
        ensure!(*claims.subject() == subject, "it is about somebody else");
        (refresh_token, access_token) = (token, next.access_token().clone());
    }
    report.check(
        Topic::Refresh,
        By::Library,
        "twice, each refresh token is another, each ID token is verified",
    );

    let known = client.introspect(&access_token).request_async(&http).await?;
    ensure!(known.active() && known.username() == Some("alice"), "{known:?}");
    ensure!(known.sub() == Some(subject.as_str()), "{known:?}");
    report.check(Topic::Introspection, By::Library, "an access token is active, and of the same subject");

    let tls = AsIfByTls(http.clone());
    let revocable = CoreRevocableToken::from(access_token.clone());
    client.revoke_token(revocable)?.request_async(&tls).await?;
    ensure!(!client.introspect(&access_token).request_async(&http).await?.active(), "it is alive");
    let about: Result<CoreUserInfoClaims, _> =
        client.user_info(access_token, Some(subject))?.request_async(&http).await;
    match about {
        Err(UserInfoError::Response(status, ..)) if status == 401 => {}
        other => bail!("it should be 401: {other:?}"),
    }
    report.check(Topic::Revocation, By::Library, "a revoked access token is dead");
    client.revoke_token(CoreRevocableToken::from(refresh_token.clone()))?.request_async(&tls).await?;
    let refused = client.exchange_refresh_token(&refresh_token)?.request_async(&http).await;
    invalid_grant(refused.map(drop))?;
    report.check(Topic::Revocation, By::Library, "a revoked refresh token is dead");
    report.end()
}

/// What the library makes of a refusal.
fn invalid_grant<E>(result: Result<(), CoreRequestTokenError<E>>) -> anyhow::Result<()>
where
    E: std::error::Error + 'static,
{
    match result {
        Err(CoreRequestTokenError::ServerResponse(refusal))
            if *refusal.error() == CoreErrorResponseType::InvalidGrant =>
        {
            Ok(())
        }
        other => bail!("it should be invalid_grant: {other:?}"),
    }
}
