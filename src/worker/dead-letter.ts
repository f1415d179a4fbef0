/** Says on a dead letter why its message can never run or its job failed, within what an attribute may hold. */
import type { ParsedMessage } from '../job/message.ts';
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import type { Delivery } from './delivery.ts';

type InvalidMessage = Extract<ParsedMessage, { kind: 'invalid' }>;

/** Source: Pub/Sub documentation, quotas and limits: the value of an attribute. */
const MAX_BYTES = 1_024;
const MAX_CHARACTERS_ALONE = 150;

/** Value of the attribute `source` of a message that tells of a job that FAILED, whose letter is on record already. */
export const FAILED_JOB_SOURCE = 'failed_job';

/** The attributes the message came with but `source`, then `reason` and `violations`, a JSON array of strings that always parses. */
export function deadLetterAttributes(
  { attributes }: Delivery,
  { reason, violations }: InvalidMessage,
): Record<string, string> {
  // A message that says it tells of a failed job would not be filed.
  const { reason: _reason, violations: _violations, source: _source, ...others } = attributes;
  return { ...others, reason, violations: fittingJson(violations) };
}

/** What was recorded with the letter, then `source`, `reason` and `violations`. */
export function failedJobAttributes({
  attributes,
  reason,
  violations,
}: Pick<DeadLetterRecord, 'attributes' | 'reason' | 'violations'>): Record<string, string> {
  return { ...attributes, source: FAILED_JOB_SOURCE, reason, violations: fittingJson(violations) };
}

/** As many whole violations as there is room for, and how many more there are. */
function fittingJson(violations: readonly string[]): string {
  for (let kept = violations.length; kept > 0; kept -= 1) {
    const more = violations.length - kept;
    const text = JSON.stringify([...violations.slice(0, kept), ...(more > 0 ? [`and ${more} more`] : [])]);
    if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  }
  return JSON.stringify(violations.slice(0, 1).map((violation) => violation.slice(0, MAX_CHARACTERS_ALONE)));
}
