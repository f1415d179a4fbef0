/** Turns a message that reached the dead-letter subscription into the row it is filed as. */
import { MAX_MESSAGE_BYTES, parseMessage } from '../job/message.ts';
import { isJsonObject } from '../job/message-body.ts';
import type { JobKey } from '../job/job.ts';
import { REASONS, type Reason } from '../job/reason.ts';
import type { NewDeadLetter } from '../state/dead-letter-store.ts';
import { FAILED_JOB_SOURCE } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';

/** Set by Pub/Sub on what it gave up delivering. Source: Pub/Sub documentation, dead-letter topics. */
const FORWARDED_COUNT = 'CloudPubSubDeadLetterSourceDeliveryCount';
const FORWARDED_FROM = 'CloudPubSubDeadLetterSourceSubscription';
const NAME = /^[A-Za-z0-9._-]{1,255}$/;

/** The job whose failure this message tells of; undefined for a message that could not run in the first place. */
export function failedJobOf({ attributes, data }: Delivery): JobKey | undefined {
  if (attributes['source'] !== FAILED_JOB_SOURCE) return undefined;
  const parsed = parseMessage(data);
  return parsed.kind === 'valid' ? parsed.request : undefined;
}

/** The row: the message as it is, no longer than a valid one may be, with why it is here as far as anybody said. */
export function filedLetter({ data, attributes, messageId }: Delivery): NewDeadLetter {
  const parsed = parseMessage(data);
  const key = parsed.kind === 'valid' ? parsed.request : claimedKey(data);
  const { reason, violations } = whyDead(attributes, parsed.kind === 'invalid' ? parsed : undefined);
  return {
    ...storable(data),
    attributes: data.byteLength > MAX_MESSAGE_BYTES ? withSize(attributes, data) : attributes,
    messageId: messageId === '' ? undefined : messageId,
    organizationId: key?.organizationId,
    jobId: key?.jobId,
    reason,
    violations,
  };
}

/** What the publisher said, or Pub/Sub, or what the message itself shows. */
function whyDead(
  attributes: Delivery['attributes'],
  invalid: { readonly reason: Reason; readonly violations: readonly string[] } | undefined,
): { reason: Reason; violations: readonly string[] } {
  const said = attributes['reason'];
  if (said !== undefined && Object.hasOwn(REASONS, said))
    return { reason: said as Reason, violations: saidViolations(attributes['violations']) };
  const count = attributes[FORWARDED_COUNT];
  if (count !== undefined) {
    const from = attributes[FORWARDED_FROM] ?? 'its subscription';
    return { reason: 'undeliverable', violations: [`delivered ${count} times by ${from} and never acked`] };
  }
  if (invalid) return invalid;
  const why = said === undefined ? 'published without a reason' : `published with the reason "${said}"`;
  return { reason: 'unknown', violations: [`${why} on the dead-letter topic`] };
}

function saidViolations(text: string | undefined): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  } catch {
    // Not ours: kept as it is.
  }
  return [text ?? ''];
}

/** Text where it is text; base64 otherwise. What is longer than a valid message can be is cut, as it can never run. */
function storable(data: Uint8Array): Pick<NewDeadLetter, 'message' | 'messageEncoding'> {
  const isCut = data.byteLength > MAX_MESSAGE_BYTES;
  const kept = data.subarray(0, MAX_MESSAGE_BYTES);
  try {
    // Streaming leaves a character that was cut in two unread instead of finding fault with it.
    const message = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(kept, {
      stream: isCut,
    });
    return { message, messageEncoding: 'utf8' };
  } catch {
    return { message: Buffer.from(kept).toString('base64'), messageEncoding: 'base64' };
  }
}

function withSize(attributes: Delivery['attributes'], data: Uint8Array): Record<string, string> {
  return { original_bytes: String(data.byteLength), ...attributes };
}

/** Whom an invalid message meant, where it names somebody by the rules. */
function claimedKey(data: Uint8Array): { organizationId?: string; jobId?: string } | undefined {
  if (data.byteLength > MAX_MESSAGE_BYTES) return undefined;
  try {
    const body: unknown = JSON.parse(Buffer.from(data).toString());
    if (!isJsonObject(body)) return undefined;
    const name = (value: unknown): string | undefined =>
      typeof value === 'string' && NAME.test(value) ? value : undefined;
    const [organizationId, jobId] = [name(body['organization_id']), name(body['job_id'])];
    return {
      ...(organizationId === undefined ? {} : { organizationId }),
      ...(jobId === undefined ? {} : { jobId }),
    };
  } catch {
    return undefined;
  }
}
