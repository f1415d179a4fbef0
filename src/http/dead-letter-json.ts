/** A dead letter as JSON: the column names of the table, instants as RFC 3339 text, absent values as null. */
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import { instantJson } from './job-json.ts';

/** Every column that means something to a reader. */
export function deadLetterJson(letter: DeadLetterRecord) {
  return {
    id: letter.id,
    source: letter.source,
    organization_id: letter.organizationId ?? null,
    job_id: letter.jobId ?? null,
    reason: letter.reason,
    violations: letter.violations,
    message: letter.message,
    message_encoding: letter.messageEncoding,
    message_id: letter.messageId ?? null,
    attributes: letter.attributes,
    seen_at: instantJson(letter.seenAt),
    replayed_at: instantJson(letter.replayedAt),
    replayed_by: letter.replayedBy ?? null,
  };
}
