/** Reads the bytes of a message into a job request, or into everything that is wrong with them. */
import { parseInstant, type Micros } from './instant.ts';
import type { JobRequest, JobType } from './job.ts';
import { jsonFaults } from './json-text.ts';
import { isJsonObject, readBody, type MessageBody } from './message-body.ts';
import type { Reason } from './reason.ts';

export const MAX_MESSAGE_BYTES = 64 * 1024;
/** The message and its window. */
const MAX_DEPTH = 2;
/** Enough to mend a message by; a message made of unknown fields must not become a log line ten times its size. */
const MAX_VIOLATIONS = 100;

/** A message is either a request or a list of violations, each naming the field and the rule. */
export type ParsedMessage =
  | { readonly kind: 'valid'; readonly request: JobRequest }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason; readonly violations: readonly string[] };
export type InvalidReason = Extract<
  Reason,
  'not_utf8' | 'not_json' | 'message_too_large' | 'invalid_message'
>;

/** Never throws: whatever the bytes are, the answer is a request or the reasons why not. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) {
    return invalid('message_too_large', [
      `the message has ${bytes.byteLength} bytes; at most ${MAX_MESSAGE_BYTES} are allowed`,
    ]);
  }
  const text = decode(bytes);
  if (text === undefined) return invalid('not_utf8', ['the message is not valid UTF-8']);
  const json = parseJson(text);
  if ('error' in json) return invalid('not_json', [`the message is not JSON: ${json.error}`]);
  if (!isJsonObject(json.value)) return invalid('invalid_message', ['the message must be a JSON object']);
  const faults = jsonFaults(text, MAX_DEPTH);
  if (faults.length > 0) return invalid('invalid_message', faults);
  const { body, violations } = readBody(json.value);
  return violations.length > 0 ? invalid('invalid_message', violations) : withWindow(body);
}

function withWindow(body: MessageBody): ParsedMessage {
  const jobType = body.job_type ?? 'incremental';
  const start = body.window && parseInstant(body.window.start);
  const end = body.window && parseInstant(body.window.end);
  const violations = windowViolations(jobType, body, start, end);
  if (violations.length > 0) return invalid('invalid_message', violations);
  const window = start !== undefined && end !== undefined ? { start, end } : undefined;
  const { organization_id: organizationId, job_id: jobId, requested_by: requestedBy } = body;
  return { kind: 'valid', request: { organizationId, jobId, jobType, window, requestedBy } };
}

function windowViolations(
  jobType: JobType,
  { window }: MessageBody,
  start: Micros | undefined,
  end: Micros | undefined,
): string[] {
  if (!window) {
    return jobType === 'backfill' || jobType === 'repair'
      ? [`window is required for job_type ${jobType}`]
      : [];
  }
  if (jobType === 'incremental') return ['window is not allowed for job_type incremental'];
  const rule = 'must be an RFC 3339 timestamp of at most microseconds, such as 2026-01-31T00:00:00Z';
  const violations = [];
  if (start === undefined) violations.push(`window.start ${rule}`);
  if (end === undefined) violations.push(`window.end ${rule}`);
  if (start !== undefined && end !== undefined && start >= end)
    violations.push('window.start must be before window.end');
  return violations;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message.slice(0, 200) : 'unreadable' };
  }
}

function invalid(reason: InvalidReason, violations: readonly string[]): ParsedMessage {
  if (violations.length <= MAX_VIOLATIONS) return { kind: 'invalid', reason, violations };
  const more = `and ${violations.length - MAX_VIOLATIONS} more violations`;
  return { kind: 'invalid', reason, violations: [...violations.slice(0, MAX_VIOLATIONS), more] };
}
