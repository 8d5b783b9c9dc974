// What both programs need: the words of a check, and alice.

import { webcrypto } from 'node:crypto';

// Node 18 has these, and does not show them.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

export const issuer = new URL(process.env.MATRICULA_ISSUER);

// Where the client is told the answer. Nobody listens there: alice stops before.
export const redirectUri = 'http://127.0.0.1:8765/callback';

export const scope = 'openid profile email offline_access orders:read';

export const asked = {
  client_name: 'interop',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};

export function begin(version) {
  console.log(version);
}

export function check(topic, sentence, by = 'yes') {
  console.log(['check', topic, by, sentence].join('\t'));
}

/** Alice opens an authorization URL, signs in, and decides; returns where she was sent. */
export async function drive(url, decision = 'allow') {
  const asking = new URL(process.env.MATRICULA_DRIVE);
  asking.search = new URLSearchParams({ url: url.href, decision });
  const answer = await fetch(asking);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return new URL(text);
}
