/** Why a job failed or waits, with what to do about it. */
import type { JobRecord } from '../../state/job-record.ts';
import { adviceFor } from '../reason-advice.ts';
import { html, type Html } from './html.ts';

/** Reason, message and advice; nothing for a job without an error. */
export function errorNote(job: JobRecord): Html | undefined {
  const { errorReason: reason, errorMessage, status } = job;
  if (reason === undefined) return undefined;
  const look = status === 'FAILED' || job.needsOperator ? 'bad' : 'warn';
  return html`<div class="note ${look}">
    <h3>${LEAD[status] ?? 'The last attempt failed'}: <code>${reason}</code></h3>
    ${errorMessage === undefined ? undefined : html`<pre>${errorMessage}</pre>`} ${adviceText(reason, job)}
  </div>`;
}

const LEAD: Readonly<Partial<Record<JobRecord['status'], string>>> = {
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
  SUCCESS: 'An earlier attempt failed',
};

/** The advice with its commands as code, about this very organization and job where they are known. */
export function adviceText(
  reason: string,
  subject: { readonly organizationId?: string | undefined; readonly jobId?: string | undefined },
): Html | undefined {
  const advice = adviceFor(reason);
  if (advice === undefined) return undefined;
  const own = advice
    .replaceAll(/\bORG\b/g, subject.organizationId ?? 'ORG')
    .replaceAll(/\bJOB\b/g, subject.jobId ?? 'JOB');
  const parts = own
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
  return html`<p>
    ${parts} <span class="soft small">More in docs/runbook.md under <code>${reason}</code>.</span>
  </p>`;
}
