/** Proves that a push request comes from Pub/Sub, acting as the one service account that may push. */
import { googleAuthLibrary } from 'google-gax';

export type PushAuthSettings = {
  readonly audience: string;
  /** E-mail of the service account that the push subscription signs as. */
  readonly serviceAccount: string;
  /** Public keys by key id; Google's, fetched and cached, where none are given. */
  readonly publicKeys?: () => Promise<Record<string, string>>;
};

/** `unavailable`: the keys could not be fetched, so nobody can tell. */
export type PushAuthOutcome =
  { readonly kind: 'ok' } | { readonly kind: 'refused' | 'unavailable'; readonly why: string };

export type PushAuth = (authorization: string | undefined) => Promise<PushAuthOutcome>;

/** Source: Google's OpenID configuration. */
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

/** Checks signature, issuer, audience, expiry, e-mail and that the e-mail is verified; the reasons never quote the token. */
export function createPushAuth({ audience, serviceAccount, publicKeys }: PushAuthSettings): PushAuth {
  // An audience that is not given is not checked at all. Source: google-auth-library, verifySignedJwtWithCertsAsync.
  if (audience === '' || serviceAccount === '')
    throw new Error(
      'push needs PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT: without them anybody could push jobs',
    );
  const client = new googleAuthLibrary.OAuth2Client();
  const keys = publicKeys ?? (async () => (await client.getFederatedSignonCertsAsync()).certs);
  return async (authorization) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return refused('the request carries no OIDC token as a Bearer token');
    const known = await keys().catch(() => undefined);
    if (!known)
      return { kind: 'unavailable', why: 'the keys to check the OIDC token with cannot be fetched' };
    // The library's own words hold the whole token.
    const ticket = await client
      .verifySignedJwtWithCertsAsync(token, known, audience, ISSUERS)
      .catch(() => undefined);
    const claims = ticket?.getPayload();
    if (!claims) return refused('the OIDC token is not valid: signature, issuer, audience or expiry');
    if (claims.email !== serviceAccount || claims.email_verified !== true)
      return refused('the OIDC token is not of the service account in PUSH_SERVICE_ACCOUNT');
    return { kind: 'ok' };
  };
}

function refused(why: string): PushAuthOutcome {
  return { kind: 'refused', why };
}
