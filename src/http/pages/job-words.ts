/** How a job is spoken of on every page: its status, links to it, times by the reader's reckoning. */
import { formatInstant, type Micros } from '../../job/instant.ts';
import type { JobKey, JobStatus } from '../../job/job.ts';
import type { JobRecord } from '../../state/job-record.ts';
import { time } from '../human-text.ts';
import { html, type Html } from './html.ts';

const LOOKS: Readonly<Record<JobStatus, string>> = {
  QUEUED: '',
  IN_PROGRESS: 'busy',
  COMMITTING: 'busy',
  SUCCESS: 'good',
  FAILED: 'bad',
  CANCELLED: 'warn',
};
const WORDS: Readonly<Record<JobStatus, string>> = {
  QUEUED: 'queued',
  IN_PROGRESS: 'in progress',
  COMMITTING: 'committing',
  SUCCESS: 'success',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

/** The status as a word in its colour; never the colour alone. */
export function statusPill({ status, needsOperator }: Pick<JobRecord, 'status' | 'needsOperator'>): Html {
  if (needsOperator) return html`<span class="pill bad">${WORDS[status]}, needs an operator</span>`;
  return html`<span class="pill ${LOOKS[status]}">${WORDS[status]}</span>`;
}

/** The page of a job. */
export function jobPath({ organizationId, jobId }: JobKey): string {
  return `/jobs/${encodeURIComponent(organizationId)}/${encodeURIComponent(jobId)}`;
}

/** The page of an organization. */
export function organizationPath(organizationId: string): string {
  return `/organizations/${encodeURIComponent(organizationId)}`;
}

export function jobLink(key: JobKey): Html {
  return html`<a href="${jobPath(key)}">${key.jobId}</a>`;
}

export function organizationLink(organizationId: string): Html {
  return html`<a href="${organizationPath(organizationId)}">${organizationId}</a>`;
}

/** How long ago, with the instant itself for whoever points at it. */
export function ago(instant: Micros | undefined, now: Micros): Html {
  if (instant === undefined) return html`–`;
  const ms = Number(now - instant) / 1_000;
  const text = ms < 0 ? `in ${brief(-ms)}` : ms < 1_000 ? 'just now' : `${brief(ms)} ago`;
  return html`<time datetime="${formatInstant(instant)}" title="${time(instant)}">${text}</time>`;
}

/** An instant as it is. */
export function moment(instant: Micros | undefined): Html | undefined {
  return instant === undefined
    ? undefined
    : html`<time datetime="${formatInstant(instant)}">${time(instant)}</time>`;
}

/** One unit is enough for an age: 40 s, 17 min, 5 h, 12 d. */
function brief(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${Math.max(1, Math.floor(ms / 1_000))} s`;
  if (minutes < 60) return `${Math.floor(minutes)} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
