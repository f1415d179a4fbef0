/** Says what an error of BigQuery's APIs means for a job; nobody outside this folder looks at one. */
import { TerminalError, TransientError, type JobError, type ReasonOf } from '../job/errors.ts';
import { REASONS, type Reason } from '../job/reason.ts';
import { GRPC, GRPC_REASONS, REST_REASONS } from './error-reasons.ts';

/** Which of the two environments was called; decides what "not found" means. */
export type Side = 'source' | 'destination';

/** The call that failed: what it was doing, as the end of "while …", and where. */
export type FailedCall = {
  readonly doing: string;
  readonly side: Side;
  readonly host: string;
  /** The variable that says which host is called, where there is one. */
  readonly hostVariable: string | undefined;
};

const UNREACHABLE =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|No connection established|Name resolution failed/;
const BROKEN = /ECONNRESET|EPIPE|ETIMEDOUT|ESOCKETTIMEDOUT|socket hang up|network timeout|Premature close/;
/** How gRPC and the clients announce that no access token could be had. */
const NO_TOKEN =
  /Getting metadata from plugin failed|Could not load the default credentials|Could not refresh access token|unable to impersonate/;
/** The only file this folder has opened for it is the key file. */
const MISSING_FILE = /ENOENT: no such file or directory, \w+ '([^']+)'/;
/** What a commit job ends with that finds other rows in its staging table than were decided on. */
export const STAGING_DIFFERS = 'the staging table holds other rows than were decided on';
/** Messages that mean more than their code does; the first that fits wins. */
const TELLING_MESSAGES: readonly (readonly [RegExp, Reason])[] = [
  [/would affect rows in the streaming buffer/i, 'recently_written'],
  // Source: BigQuery documentation, "Accessing historical data".
  [/Invalid (?:snapshot time|time travel timestamp)|Cannot read before/i, 'snapshot_expired'],
  // As the service words it, under FAILED_PRECONDITION; six hours after a read session was opened.
  [/session expired/i, 'stream_lost'],
  [/bytes billed/i, 'cost_limit'],
  // Two statements changed one table at the same time; the other one may well be our own, of an earlier try.
  [/could not serialize access/i, 'warehouse_unavailable'],
  [new RegExp(STAGING_DIFFERS), 'row_count_mismatch'],
  // A revoked key or account; no waiting mends it.
  [/invalid_grant/, 'access_denied'],
];

type Thrown = {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly { readonly reason?: unknown; readonly message?: unknown }[];
};

/** HTTP status of an error of the REST client; undefined when no answer came. */
export function httpStatus(thrown: unknown): number | undefined {
  const { code, status } = asThrown(thrown);
  return [code, status].find((value): value is number => typeof value === 'number');
}

/** What an error of a REST call means. */
export function classifyRestError(thrown: unknown, call: FailedCall): JobError {
  const error = asThrown(thrown);
  const status = httpStatus(thrown);
  const [detail] = error.errors ?? [];
  if (status === undefined) return classifyBrokenCall(thrown, call);
  const reason = restReason(typeof detail?.reason === 'string' ? detail.reason : undefined, status, call);
  return jobError(byMessage(messageOf(error)) ?? reason, messageOf(error), call, thrown);
}

/** What the error a BigQuery job ended with means. */
export function classifyJobFailure(
  failure: { readonly reason?: string | undefined; readonly message?: string | undefined },
  call: FailedCall,
): JobError {
  const message = failure.message ?? failure.reason ?? 'no message';
  const reason = failure.reason === 'notFound' ? notFound(call) : REST_REASONS[failure.reason ?? ''];
  return jobError(byMessage(message) ?? reason ?? 'unknown', message, call, failure);
}

/** What an error of a gRPC call or stream means. */
export function classifyGrpcError(thrown: unknown, call: FailedCall): JobError {
  const error = asThrown(thrown);
  if (typeof error.code !== 'number' || isConnectionTrouble(messageOf(error)))
    return classifyBrokenCall(thrown, call);
  const reason = error.code === GRPC.notFound ? notFound(call) : GRPC_REASONS[error.code];
  return jobError(byMessage(messageOf(error)) ?? reason ?? 'unknown', messageOf(error), call, thrown);
}

/** The JobError for a reason, of the class its outcome asks for. */
function jobError(reason: Reason, message: string, call: FailedCall, cause?: unknown): JobError {
  const text = `while ${call.doing}, BigQuery (${call.host}) said: ${message}`;
  return REASONS[reason] === 'terminal'
    ? new TerminalError(reason as ReasonOf<'terminal'>, text, { cause })
    : new TransientError(reason as ReasonOf<'transient'>, text, { cause });
}

/** No answer came: the host, the connection to it or the credentials for it are in trouble. */
function classifyBrokenCall(thrown: unknown, call: FailedCall): JobError {
  const error = asThrown(thrown);
  const message = messageOf(error);
  const [, missingFile] = MISSING_FILE.exec(message) ?? [];
  if (missingFile !== undefined) {
    return new TerminalError(
      'invalid_configuration',
      `the service account file ${missingFile} does not exist; correct SERVICE_ACCOUNT_FILE`,
      { cause: thrown },
    );
  }
  if (UNREACHABLE.test(`${message} ${String(error.code)}`)) {
    const check = call.hostVariable
      ? `check ${call.hostVariable} and whether it runs`
      : 'check the network and its egress rules';
    return new TransientError(
      'warehouse_unavailable',
      `BigQuery at ${call.host} could not be reached while ${call.doing} (${message}); ${check}`,
      { cause: thrown },
    );
  }
  const reason = byMessage(message) ?? (isConnectionTrouble(message) ? 'warehouse_unavailable' : 'unknown');
  return jobError(reason, message, call, thrown);
}

function isConnectionTrouble(message: string): boolean {
  return UNREACHABLE.test(message) || BROKEN.test(message) || NO_TOKEN.test(message);
}

function restReason(reason: string | undefined, status: number, call: FailedCall): Reason {
  if (reason === 'notFound' || status === 404) return notFound(call);
  const known = reason === undefined ? undefined : REST_REASONS[reason];
  if (known) return known;
  if (status === 429) return 'rate_limited';
  if (status === 401 || status === 403) return 'access_denied';
  if (status === 408 || status >= 500) return 'warehouse_unavailable';
  return status >= 400 ? 'invalid_request' : 'unknown';
}

function notFound(call: FailedCall): Reason {
  return call.side === 'source' ? 'source_not_found' : 'destination_not_found';
}

function byMessage(message: string): Reason | undefined {
  return TELLING_MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
}

function messageOf(error: Thrown): string {
  const [detail] = error.errors ?? [];
  if (typeof detail?.message === 'string') return detail.message;
  return typeof error.message === 'string' ? error.message : 'no message';
}

function asThrown(thrown: unknown): Thrown {
  return typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
}
