/** Single calls of BigQuery's REST API through the official client, which brings credentials and connections. */
import { TransientError } from '../job/errors.ts';
import type { Environment } from './environment.ts';
import { httpStatus } from './errors.ts';
import { patiently } from './retry.ts';

/** One call; the path lies below `projects/{project}`. */
export type RestCall = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly project: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** It starts a job, and waits for its turn to do so. */
  readonly insertsJob?: boolean;
  /** Ends that waiting; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** What the call is for, as the end of "while …". */
  readonly doing: string;
};

/** The answer to a call: its body, or the HTTP status of a refusal the caller asked to see. */
export type RestAnswer<T> =
  { readonly kind: 'ok'; readonly body: T } | { readonly kind: 'refused'; readonly status: number };

// Long enough for a long-polled query (ten seconds) on a slow line.
const CALL_TIMEOUT_MS = 30_000;

/** The body of the answer; brief trouble is waited out, any refusal is thrown as the JobError it means. */
export async function restCall<T>(environment: Environment, call: RestCall): Promise<T> {
  const answer = await restAnswer<T>(environment, call, []);
  if (answer.kind === 'ok') return answer.body;
  throw new TransientError('unknown', `BigQuery refused with HTTP ${answer.status} while ${call.doing}`);
}

/** As restCall, but a refusal with one of the expected HTTP statuses is a value. */
export async function restAnswer<T>(
  environment: Environment,
  call: RestCall,
  expected: readonly number[],
): Promise<RestAnswer<T>> {
  const ask = async (): Promise<RestAnswer<T>> => {
    try {
      return { kind: 'ok', body: await request<T>(environment, call) };
    } catch (error) {
      const status = httpStatus(error);
      if (status !== undefined && expected.includes(status)) return { kind: 'refused', status };
      throw environment.restError(error, call.doing);
    }
  };
  return patiently(environment, () =>
    call.insertsJob ? environment.paced('insert_job', ask, call.signal) : ask(),
  );
}

async function request<T>({ rest }: Environment, call: RestCall): Promise<T> {
  const options = {
    method: call.method,
    projectId: call.project,
    uri: call.path,
    qs: Object.fromEntries(Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined)),
    json: call.body ?? true,
    headers: { ...call.headers },
    timeout: CALL_TIMEOUT_MS,
  };
  return new Promise((resolve, reject) => {
    rest.request(options, (error: Error | null, body?: unknown) => {
      if (error) reject(error);
      else resolve(body as T);
    });
  });
}
