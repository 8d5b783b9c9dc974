// openid-client: it finds, registers and checks by itself. A client with a secret, one with a key, one with neither.

import { begin, check, drive, issuer, asked, redirectUri, scope } from './harness.mjs';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';

const manifest = new URL('./node_modules/openid-client/package.json', import.meta.url);
begin(JSON.parse(await readFile(manifest)).version);

// The library speaks plain http only if it is told to.
const insecure = { execute: [client.allowInsecureRequests] };

async function register(metadata, authentication) {
  return client.dynamicClientRegistration(issuer, { ...asked, ...metadata }, authentication, insecure);
}

/** A request, and what is to be checked of its answer. */
async function request(config) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  return { url, checks };
}

async function signIn(config) {
  const { url, checks } = await request(config);
  return { callback: await drive(url), checks };
}

const isInvalidGrant = (error) =>
  error instanceof client.ResponseBodyError && error.error === 'invalid_grant' && error.status === 400;

const isAboutIss = (error) => error instanceof client.ClientError && /"iss"/.test(error.cause.message);

async function refreshTwice(config, tokens) {
  for (let turn = 0; turn < 2; turn++) {
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal(next.claims().sub, tokens.claims().sub);
    tokens = next;
  }
  return tokens;
}

async function withSecret() {
  const config = await register(
    { token_endpoint_auth_method: 'client_secret_basic' },
    client.ClientSecretBasic(),
  );
  check('discovery', 'OpenID Connect Discovery');
  assert.equal(config.clientMetadata().token_endpoint_auth_method, 'client_secret_basic');
  assert.deepEqual(config.clientMetadata().redirect_uris, [redirectUri]);
  check('registration', 'a client with a secret');

  const denied = await request(config);
  const denial = await drive(denied.url, 'deny');
  await assert.rejects(
    client.authorizationCodeGrant(config, denial, denied.checks),
    (error) => error instanceof client.AuthorizationResponseError && error.error === 'access_denied',
  );
  check('refusal', 'alice says no: AuthorizationResponseError, access_denied');

  const { callback, checks } = await signIn(config);
  const forged = new URL(callback);
  forged.searchParams.set('iss', 'https://another.example');
  await assert.rejects(client.authorizationCodeGrant(config, forged, checks), isAboutIss);
  forged.searchParams.delete('iss');
  await assert.rejects(client.authorizationCodeGrant(config, forged, checks), isAboutIss);
  check('iss', 'the issuer in the answer is checked; another one, or none, is not taken');

  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  await assert.rejects(
    client.authorizationCodeGrant(config, callback, { ...checks, pkceCodeVerifier }),
    isInvalidGrant,
  );
  check('refusal', 'another verifier: ResponseBodyError, invalid_grant');

  let tokens = await client.authorizationCodeGrant(config, callback, checks);
  assert.equal(tokens.token_type, 'bearer');
  assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(scope.split(' ')));
  check('code', 'a code and its verifier become tokens');
  const subject = tokens.claims().sub;
  assert.equal(tokens.claims().nonce, checks.expectedNonce);
  check('id-token', 'issuer, audience, nonce, times; the signature only if one asks for it');

  const about = await client.fetchUserInfo(config, tokens.access_token, subject);
  assert.equal(about.email, 'alice@example.com');
  check('userinfo', 'the claims of alice, about the subject of the ID token');

  tokens = await refreshTwice(config, tokens);
  check('refresh', 'twice, each refresh token is another, each ID token is of the same subject');

  const known = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(known.active, true);
  assert.equal(known.sub, subject);
  assert.equal(known.client_id, config.clientMetadata().client_id);
  const family = await client.tokenIntrospection(config, tokens.refresh_token);
  assert.equal(family.active, true);
  check('introspection', 'access and refresh token are active, and of the same subject');

  await client.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
  assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(
    client.fetchUserInfo(config, tokens.access_token, subject),
    (error) =>
      error instanceof client.WWWAuthenticateChallengeError &&
      error.status === 401 &&
      error.cause[0].scheme === 'bearer' &&
      error.cause[0].parameters.error === 'invalid_token',
  );
  check('revocation', 'a revoked access token is dead, and userinfo says so in a challenge');
  await client.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), isInvalidGrant);
  check('revocation', 'a revoked refresh token is dead');
}

async function usedTwice() {
  const config = await register(
    { token_endpoint_auth_method: 'client_secret_basic' },
    client.ClientSecretBasic(),
  );
  client.enableNonRepudiationChecks(config);
  const { callback, checks } = await signIn(config);
  const tokens = await client.authorizationCodeGrant(config, callback, checks);
  check('id-token', 'signed with a key of the JWKS');
  await assert.rejects(client.authorizationCodeGrant(config, callback, checks), isInvalidGrant);
  assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  check('refusal', 'a code that was used: invalid_grant, and what it gave is dead');
}

async function withKey() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const config = await register(
    {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ kty, crv, x, y, kid: 'one', use: 'sig', alg: 'ES256' }] },
    },
    client.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }),
  );
  assert.equal(config.clientMetadata().client_secret, undefined);
  const { callback, checks } = await signIn(config);
  const tokens = await refreshTwice(config, await client.authorizationCodeGrant(config, callback, checks));
  assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
  await client.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), isInvalidGrant);
  check('private_key_jwt', 'code, refresh, introspection and revocation with a key of its own (ES256)');
}

async function withNothing() {
  const config = await register({ token_endpoint_auth_method: 'none' }, client.None());
  assert.equal(config.clientMetadata().client_secret, undefined);
  const { callback, checks } = await signIn(config);
  const tokens = await refreshTwice(config, await client.authorizationCodeGrant(config, callback, checks));
  const about = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(about.preferred_username, 'alice');
  // Whoever cannot prove who they are is told nothing of tokens: the API is.
  await assert.rejects(
    client.tokenIntrospection(config, tokens.access_token),
    (error) => error.status === 401,
  );
  const api = await client.discovery(
    issuer,
    'orders-api',
    'orders-api-secret',
    client.ClientSecretBasic(),
    insecure,
  );
  assert.equal((await client.tokenIntrospection(api, tokens.access_token)).active, true);
  await client.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), isInvalidGrant);
  assert.equal((await client.tokenIntrospection(api, tokens.access_token)).active, false);
  check('public', 'code, refresh and revocation with nothing but an id; an API may introspect');
}

await withSecret();
await usedTwice();
await withKey();
await withNothing();
