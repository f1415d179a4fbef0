/** Writes the message that asks for a job; parseMessage reads it back. */
import { formatInstant } from './instant.ts';
import type { JobRequest } from './job.ts';

/** The bytes of spec.md §3's message for this request. */
export function encodeMessage({
  organizationId,
  jobId,
  jobType,
  window,
  requestedBy,
}: JobRequest): Uint8Array {
  const message = {
    organization_id: organizationId,
    job_id: jobId,
    job_type: jobType,
    ...(window ? { window: { start: formatInstant(window.start), end: formatInstant(window.end) } } : {}),
    ...(requestedBy === undefined ? {} : { requested_by: requestedBy }),
  };
  return Buffer.from(JSON.stringify(message));
}
