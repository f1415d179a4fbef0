// OIDC tokens as Google would sign them for a push, signed with a key of the test's own.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export const AUDIENCE = 'https://etl.example.com/push';
export const SERVICE_ACCOUNT = 'push@some-project.iam.gserviceaccount.com';
const KEY_ID = 'test-key';

/** A signer with a new key, and its public half as push-auth asks for it. */
export function aTokenSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    publicKeys: async (): Promise<Record<string, string>> => ({ [KEY_ID]: pem }),
    /** A valid token, but for the claims given. */
    token: (claims: Readonly<Record<string, unknown>> = {}) => signed(privateKey, claims),
  };
}

function signed(key: KeyObject, claims: Readonly<Record<string, unknown>>): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const payload = {
    iss: 'https://accounts.google.com',
    aud: AUDIENCE,
    sub: '1234567890',
    email: SERVICE_ACCOUNT,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + 3600,
    ...claims,
  };
  const body = [{ alg: 'RS256', kid: KEY_ID, typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${sign('RSA-SHA256', Buffer.from(body), key).toString('base64url')}`;
}
