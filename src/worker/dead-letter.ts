/** Says on a dead letter why its message can never run, within what an attribute may hold. */
import type { ParsedMessage } from '../job/message.ts';
import type { Delivery } from './delivery.ts';

type InvalidMessage = Extract<ParsedMessage, { kind: 'invalid' }>;

/** Source: Pub/Sub documentation, quotas and limits: the value of an attribute. */
const MAX_BYTES = 1_024;
const MAX_CHARACTERS_ALONE = 150;

/** The attributes the message came with, then `reason` and `violations`, a JSON array of strings that always parses. */
export function deadLetterAttributes(
  { attributes }: Delivery,
  { reason, violations }: InvalidMessage,
): Record<string, string> {
  const { reason: _reason, violations: _violations, ...others } = attributes;
  return { ...others, reason, violations: fittingJson(violations) };
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
