/** How far a job is, as a bar and in words. */
import { count } from '../human-text.ts';
import type { RunningJob } from '../overview.ts';
import { html, type Html } from './html.ts';

/** Rows against the estimate of the plan, which is an estimate: it stops at 100. */
export function progressBar({ job, rowsDone, rowsEstimated }: RunningJob): Html {
  if (job.status === 'COMMITTING') return html`<span class="soft">${count(rowsDone)} rows, committing</span>`;
  if (rowsEstimated === undefined || rowsEstimated === 0) return html`<span class="soft">planning</span>`;
  const percent = Math.min(100, Math.floor((rowsDone / rowsEstimated) * 100));
  return html`<progress max="100" value="${percent}" aria-label="Progress of ${job.jobId}"></progress>
    ${percent} % <span class="soft">${count(rowsDone)} of ${count(rowsEstimated)} rows</span>`;
}
