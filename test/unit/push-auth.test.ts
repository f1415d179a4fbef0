// Who may push: only whoever has a token of Google's for our audience and the one service account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPushAuth } from '../../src/pubsub/push-auth.ts';
import { AUDIENCE, aTokenSigner, SERVICE_ACCOUNT } from '../support/push-tokens.ts';

const signer = aTokenSigner();
const settings = { audience: AUDIENCE, serviceAccount: SERVICE_ACCOUNT };
const auth = createPushAuth({ ...settings, publicKeys: signer.publicKeys });
const HOUR_SECONDS = 3600;
const nowSeconds = Math.floor(Date.now() / 1000);

test('a token of the service account for this audience is let in', async () => {
  assert.deepEqual(await auth(`Bearer ${signer.token()}`), { kind: 'ok' });
});

for (const [what, authorization] of [
  ['no token', undefined],
  ['a Basic password', 'Basic cHVzaDpwdXNo'],
  ['something that is no token', 'Bearer x.y.z'],
  ['a token signed with another key', `Bearer ${aTokenSigner().token()}`],
  ['another audience', `Bearer ${signer.token({ aud: 'https://other.example.com' })}`],
  ['another issuer', `Bearer ${signer.token({ iss: 'https://issuer.example.com' })}`],
  [
    'another service account',
    `Bearer ${signer.token({ email: 'other@some-project.iam.gserviceaccount.com' })}`,
  ],
  ['an e-mail that is not verified', `Bearer ${signer.token({ email_verified: false })}`],
  ['no e-mail', `Bearer ${signer.token({ email: undefined })}`],
  [
    'a token that has expired',
    `Bearer ${signer.token({ iat: nowSeconds - 3 * HOUR_SECONDS, exp: nowSeconds - 2 * HOUR_SECONDS })}`,
  ],
] as const) {
  test(`${what} is refused, and the reason does not quote it`, async () => {
    const outcome = await auth(authorization);
    assert.equal(outcome.kind, 'refused');
    const token = authorization?.split(' ')[1];
    if (token !== undefined) assert.ok('why' in outcome && !outcome.why.includes(token));
  });
}

test('keys that cannot be fetched are no refusal: the push is to come again', async () => {
  const offline = createPushAuth({ ...settings, publicKeys: () => Promise.reject(new Error('offline')) });
  assert.equal((await offline(`Bearer ${signer.token()}`)).kind, 'unavailable');
});

test('without audience or service account there is no push at all', () => {
  assert.throws(() => createPushAuth({ ...settings, audience: '' }), /PUSH_AUDIENCE/);
  assert.throws(() => createPushAuth({ ...settings, serviceAccount: '' }), /PUSH_SERVICE_ACCOUNT/);
});
