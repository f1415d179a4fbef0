/** The status page: organizations with freshness and last job, running jobs, recent jobs; rendered here, no script. */
import type { Micros } from '../job/instant.ts';
import type { JobStatus } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { HealthState } from './health-routes.ts';
import { html, raw, type Html } from './html.ts';
import { between, count, duration, size, time } from './human-text.ts';
import type { OrganizationOverview, Overview, RunningJob } from './overview.ts';
import { STYLE } from './status-page-style.ts';

export type StatusPage = {
  readonly overview: Overview;
  readonly jobs: readonly JobRecord[];
  /** Set when only one organization's jobs are listed. */
  readonly organizationId: string | undefined;
  readonly ready: HealthState;
};

// Its text must be exactly STYLE, whose hash the content security policy names.
const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);

/** The whole page. */
export function statusPage({ overview, jobs, organizationId, ready }: StatusPage): Html {
  const { now, organizations, running } = overview;
  const title =
    organizationId === undefined
      ? html`Recent jobs`
      : html`Jobs of ${organizationId} <a href="/" class="soft">all organizations</a>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>pulse-billing-etl</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>pulse-billing-etl</h1>
          <p>
            This worker is
            <strong class="${ready.ok ? 'good' : 'warn'}">${ready.ok ? 'ready' : 'not ready'}</strong>:
            ${ready.why}.
            <span class="soft">As of ${time(now)}, by the database's clock. <a href="">Refresh</a></span>
          </p>
        </header>
        <main>
          <h2>Organizations</h2>
          ${organizations.length === 0 ? empty('No organization is configured yet.') : organizationTable(organizations, now)}
          <h2>Running</h2>
          ${running.length === 0 ? empty('No job is running.') : runningTable(running, now)}
          <h2>${title}</h2>
          ${jobs.length === 0 ? empty('No jobs.') : jobTable(jobs)}
        </main>
      </body>
    </html> `;
}

function organizationTable(rows: readonly OrganizationOverview[], now: Micros): Html {
  return table(
    ['Organization', 'Source', 'Destination', 'Copied up to', 'Last job', 'State'],
    rows.map(
      ({ organization, lastJob }) =>
        html`<tr>
          <td>
            <a href="/?organization=${encodeURIComponent(organization.organizationId)}"
              >${organization.organizationId}</a
            >
          </td>
          <td>${tableName(organization.source)}</td>
          <td>${tableName(organization.destination)}</td>
          <td>${freshness(organization.watermark, now)}</td>
          <td>
            ${lastJob ? html`${statusText(lastJob)} <span class="soft">${time(lastJob.finishedAt ?? lastJob.createdAt)}</span>` : '–'}
          </td>
          <td>
            ${organization.paused ? html`<span class="warn">paused</span>` : organization.activeJob ? html`<span class="busy">active</span>` : 'idle'}
          </td>
        </tr>`,
    ),
  );
}

function runningTable(rows: readonly RunningJob[], now: Micros): Html {
  return table(
    ['Organization', 'Job', 'Status', '#Rows so far', 'Progress', '#Bytes', '#Running for', 'Worker'],
    rows.map(
      (entry) =>
        html`<tr>
          <td>${entry.job.organizationId}</td>
          <td>${jobLink(entry.job)}</td>
          <td>${statusText(entry.job)}</td>
          <td class="number">${count(entry.rowsDone)}</td>
          <td>${progress(entry)}</td>
          <td class="number">${size(entry.bytesDone)}</td>
          <td class="number">${between(entry.job.startedAt, now)}</td>
          <td>${entry.job.leaseOwner ?? '–'}</td>
        </tr>`,
    ),
  );
}

function jobTable(rows: readonly JobRecord[]): Html {
  return table(
    ['Organization', 'Job', 'Type', 'Status', '#Attempts', '#Rows', 'Created', '#Took', 'Reason'],
    rows.map(
      (job) =>
        html`<tr>
          <td>${job.organizationId}</td>
          <td>${jobLink(job)}</td>
          <td>${job.jobType}</td>
          <td>${statusText(job)}</td>
          <td class="number">${job.attempts}</td>
          <td class="number">${count(job.rowsWritten)}</td>
          <td>${time(job.createdAt)}</td>
          <td class="number">${between(job.startedAt, job.finishedAt)}</td>
          <td class="wide">${reason(job)}</td>
        </tr>`,
    ),
  );
}

/** A title that starts with # heads a column of numbers. */
function table(titles: readonly string[], rows: readonly Html[]): Html {
  const heads = titles.map((title) =>
    title.startsWith('#')
      ? html`<th scope="col" class="number">${title.slice(1)}</th>`
      : html`<th scope="col">${title}</th>`,
  );
  return html`<div class="frame">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function freshness(watermark: Micros | undefined, now: Micros): Html {
  if (watermark === undefined) return html`<span class="soft">never</span>`;
  const behindMs = Math.max(0, Number(now - watermark) / 1_000);
  return html`${time(watermark)} <span class="soft">${duration(behindMs)} ago</span>`;
}

function progress({ rowsDone, rowsEstimated }: RunningJob): Html {
  if (rowsEstimated === undefined || rowsEstimated === 0) return html`<span class="soft">planning</span>`;
  const percent = Math.min(100, Math.floor((rowsDone / rowsEstimated) * 100));
  return html`<progress max="100" value="${percent}"></progress> ${percent} %
    <span class="soft">of ${count(rowsEstimated)}</span>`;
}

const STATUS_CLASSES: Readonly<Record<JobStatus, string>> = {
  QUEUED: 'soft',
  IN_PROGRESS: 'busy',
  COMMITTING: 'busy',
  SUCCESS: 'good',
  FAILED: 'bad',
  CANCELLED: 'warn',
};

function statusText(job: JobRecord): Html {
  if (job.needsOperator) return html`<span class="bad">${job.status}, needs an operator</span>`;
  return html`<span class="${STATUS_CLASSES[job.status]}">${job.status}</span>`;
}

function jobLink(job: JobRecord): Html {
  const path = `/api/jobs/${encodeURIComponent(job.organizationId)}/${encodeURIComponent(job.jobId)}`;
  return html`<a href="${path}">${job.jobId}</a>`;
}

function reason({ errorReason, errorMessage }: JobRecord): Html {
  return errorReason === undefined ? html`` : html`${errorReason} <span class="soft">${errorMessage}</span>`;
}

function empty(text: string): Html {
  return html`<p class="soft">${text}</p>`;
}
