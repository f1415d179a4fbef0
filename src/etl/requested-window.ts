/** The window a backfill or repair names, as long as incremental jobs have been there. */
import { TerminalError } from '../job/errors.ts';
import { formatInstant } from '../job/instant.ts';
import { replacesWindow, type JobRequest, type Window } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';

/** Undefined for jobs that find their own window; throws `beyond_watermark` for one that ends behind what was copied. */
export function requestedWindow(
  { jobType, window }: Pick<JobRequest, 'jobType' | 'window'>,
  { organizationId, watermark }: Organization,
): Window | undefined {
  if (!replacesWindow(jobType)) return undefined;
  if (!window) throw new TerminalError('invalid_message', `a ${jobType} job needs a window`);
  if (watermark !== undefined && window.end <= watermark) return { lo: window.start, hi: window.end };
  const reached = watermark === undefined ? 'nowhere yet' : `to ${formatInstant(watermark)}`;
  const orEarlier = watermark === undefined ? '' : `, or let the window end at ${formatInstant(watermark)}`;
  throw new TerminalError(
    'beyond_watermark',
    `the ${jobType} asks for rows to ${formatInstant(window.end)}, but ${organizationId} has been copied ${reached}: only what incremental jobs have copied can be replaced; run pulse-billing-etl enqueue ${organizationId} first${orEarlier}`,
  );
}

/** A window in words, half-open as it is. */
export function windowText(window: Window): string {
  return `(${window.lo === undefined ? 'the beginning' : formatInstant(window.lo)}, ${formatInstant(window.hi)}]`;
}
