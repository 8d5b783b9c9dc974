// oauth4webapi: every message by itself, as an app in a browser would; found as an OAuth server, not as an OpenID one.

import { begin, check, drive, issuer, asked, redirectUri, scope } from './harness.mjs';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import * as oauth from 'oauth4webapi';

const manifest = new URL('./node_modules/oauth4webapi/package.json', import.meta.url);
begin(JSON.parse(await readFile(manifest)).version);

// What a browser asks leave for before it sends it (Fetch §2.2.2): each header that is not among these.
const safelisted = new Set(['accept', 'accept-language', 'content-language']);
const safelistedTypes = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)(;|$)/;
const askedLeaveFor = new Map();

// The library speaks plain http only if it is told to.
const options = {
  [oauth.allowInsecureRequests]: true,
  [oauth.customFetch]: (url, init) => {
    for (const [name, value] of Object.entries(init.headers)) {
      // A browser has one of its own, which nobody changes.
      if (name === 'user-agent' || safelisted.has(name)) continue;
      if (name === 'content-type' && safelistedTypes.test(value)) continue;
      const { pathname } = new URL(url);
      askedLeaveFor.set(`${init.method} ${pathname} ${name}`, { url, method: init.method, name });
    }
    return fetch(url, init);
  },
};

const isInvalidGrant = (error) =>
  error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant' && error.status === 400;

async function discover() {
  const response = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  assert.match(response.url, /\/\.well-known\/oauth-authorization-server\/open$/);
  return oauth.processDiscoveryResponse(issuer, response);
}

async function register(as, metadata) {
  const response = await oauth.dynamicClientRegistrationRequest(as, { ...asked, ...metadata }, options);
  return oauth.processDynamicClientRegistrationResponse(response);
}

async function signIn(as, client, decision) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  return { callback: await drive(url, decision), verifier, state, nonce };
}

async function exchange(as, client, authentication, parameters, verifier, nonce) {
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    options,
  );
  return oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
}

async function refresh(as, client, authentication, token) {
  const response = await oauth.refreshTokenGrantRequest(as, client, authentication, token, options);
  return oauth.processRefreshTokenResponse(as, client, response);
}

async function introspect(as, client, authentication, token) {
  const response = await oauth.introspectionRequest(as, client, authentication, token, options);
  return oauth.processIntrospectionResponse(as, client, response);
}

async function revoke(as, client, authentication, token) {
  const response = await oauth.revocationRequest(as, client, authentication, token, options);
  return oauth.processRevocationResponse(response);
}

async function aboutAlice(as, client, tokens, subject) {
  const response = await oauth.userInfoRequest(as, client, tokens.access_token, options);
  return oauth.processUserInfoResponse(as, client, subject, response);
}

async function flow(as, client, authentication, asker) {
  const denied = await signIn(as, client, 'deny');
  assert.throws(
    () => oauth.validateAuthResponse(as, client, denied.callback, denied.state),
    (error) => error instanceof oauth.AuthorizationResponseError && error.error === 'access_denied',
  );
  check('refusal', 'alice says no: AuthorizationResponseError, access_denied');

  const { callback, verifier, state, nonce } = await signIn(as, client);
  const forged = new URL(callback);
  forged.searchParams.set('iss', 'https://another.example');
  assert.throws(() => oauth.validateAuthResponse(as, client, forged, state), /"iss"/);
  const parameters = oauth.validateAuthResponse(as, client, callback, state);
  check('iss', 'the issuer in the answer is checked; another one is not taken');

  const wrong = oauth.generateRandomCodeVerifier();
  await assert.rejects(exchange(as, client, authentication, parameters, wrong, nonce), isInvalidGrant);
  check('refusal', 'another verifier: ResponseBodyError, invalid_grant');
  let tokens = await exchange(as, client, authentication, parameters, verifier, nonce);
  check('code', 'a code and its verifier become tokens');
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  check('id-token', 'issuer, audience, nonce, times');
  assert.equal((await aboutAlice(as, client, tokens, sub)).email, 'alice@example.com');
  check('userinfo', 'the claims of alice, about the subject of the ID token');

  for (let turn = 0; turn < 2; turn++) {
    const next = await refresh(as, client, authentication, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    tokens = next;
  }
  check('refresh', 'twice, each refresh token is another');

  const known = await introspect(as, asker.client, asker.authentication, tokens.access_token);
  assert.equal(known.active, true);
  assert.equal(known.sub, sub);
  check('introspection', 'an access token is active, and of the same subject');

  await revoke(as, client, authentication, tokens.access_token);
  await assert.rejects(
    aboutAlice(as, client, tokens, sub),
    (error) => error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401,
  );
  await revoke(as, client, authentication, tokens.refresh_token);
  await assert.rejects(refresh(as, client, authentication, tokens.refresh_token), isInvalidGrant);
  const dead = await introspect(as, asker.client, asker.authentication, tokens.access_token);
  assert.equal(dead.active, false);
  check('revocation', 'revoked tokens are dead');
}

/** The server lets a page of any origin ask with each header that was sent. */
async function browserMay() {
  assert.ok(askedLeaveFor.size >= 4);
  for (const [what, { url, method, name }] of askedLeaveFor) {
    if (new URL(url).pathname.endsWith('/introspect')) continue; // No business of a browser's.
    const answer = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': method,
        'access-control-request-headers': name,
      },
    });
    assert.equal(answer.status, 200, what);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*', what);
    const allowed = answer.headers.get('access-control-allow-headers').toLowerCase().split(',');
    assert.ok(allowed.map((one) => one.trim()).includes(name), what);
    assert.ok(answer.headers.get('access-control-allow-methods').includes(method), what);
  }
  const names = [...new Set([...askedLeaveFor.values()].map(({ name }) => name))].sort();
  check('browser', `a page of any origin may ask all this, with ${names.join(' and ')}`);
}

const as = await discover();
check('discovery', 'Authorization Server Metadata, between host and path (RFC 8414 §3.1)');

const confidential = await register(as, { token_endpoint_auth_method: 'client_secret_basic' });
check('registration', 'a client with a secret');
const basic = oauth.ClientSecretBasic(confidential.client_secret);
await flow(as, confidential, basic, { client: confidential, authentication: basic });

const open = await register(as, { token_endpoint_auth_method: 'none' });
check('registration', 'a client without one');
await flow(as, open, oauth.None(), {
  client: { client_id: 'orders-api' },
  authentication: oauth.ClientSecretBasic('orders-api-secret'),
});
check('public', 'all of it again with nothing but an id; an API introspects');

const pair = await oauth.generateKeyPair('PS256');
const { kty, n, e } = await crypto.subtle.exportKey('jwk', pair.publicKey);
const keyed = await register(as, {
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'PS256',
  jwks: { keys: [{ kty, n, e, kid: 'one' }] },
});
const assertion = oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' });
await flow(as, keyed, assertion, { client: keyed, authentication: assertion });
check('private_key_jwt', 'all of it again with a key of its own (PS256)');

await browserMay();
