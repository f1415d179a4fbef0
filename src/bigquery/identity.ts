/** As whom BigQuery is called: a key file or the machine's own account, acting as another service account where one is named. */
import { googleAuthLibrary } from 'google-gax';

/** Who asks. */
export type Identity = {
  /** Key file; without it the application-default credentials are used. */
  readonly serviceAccountFile?: string | undefined;
  /** Service account to act as. */
  readonly impersonate?: string | undefined;
};

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
const IMPERSONATED_SECONDS = 3600;

/** An auth client for this identity; credentials are looked up at its first call, not now. */
export function identityFor({ serviceAccountFile, impersonate }: Identity): googleAuthLibrary.AuthClient {
  const own = new OwnIdentity(
    new googleAuthLibrary.GoogleAuth({
      scopes: SCOPES,
      ...(serviceAccountFile !== undefined && { keyFilename: serviceAccountFile }),
    }),
  );
  if (impersonate === undefined) return own;
  return new googleAuthLibrary.Impersonated({
    sourceClient: own,
    targetPrincipal: impersonate,
    targetScopes: SCOPES,
    lifetime: IMPERSONATED_SECONDS,
  });
}

type AuthClient = googleAuthLibrary.AuthClient;

/** The key file's or machine's account as an auth client: looking it up is asynchronous, handing a client over is not. */
class OwnIdentity extends googleAuthLibrary.AuthClient {
  readonly #auth: googleAuthLibrary.GoogleAuth;

  constructor(auth: googleAuthLibrary.GoogleAuth) {
    super();
    this.#auth = auth;
  }

  override async getAccessToken(): ReturnType<AuthClient['getAccessToken']> {
    return (await this.#auth.getClient()).getAccessToken();
  }

  override async getRequestHeaders(url?: string | URL): Promise<Headers> {
    return (await this.#auth.getClient()).getRequestHeaders(url);
  }

  override request<T>(
    options: googleAuthLibrary.gaxios.GaxiosOptions,
  ): googleAuthLibrary.gaxios.GaxiosPromise<T> {
    return this.#auth.request<T>(options);
  }
}
