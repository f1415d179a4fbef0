/** Jobs with a filter above and a way to older ones below; only what is shown is read. */
import { JOB_STATUSES } from '../../job/job.ts';
import type { Micros } from '../../job/instant.ts';
import { REASONS } from '../../job/reason.ts';
import type { JobRecord } from '../../state/job-record.ts';
import { between, count } from '../human-text.ts';
import { filterQuery, type JobListFilter } from '../job-filter.ts';
import { html, type Html } from './html.ts';
import { ago, jobLink, organizationLink, statusPill } from './job-words.ts';
import { empty, table } from './table.ts';

/** One page of a listing. */
export type JobListing = {
  readonly filter: JobListFilter;
  readonly jobs: readonly JobRecord[];
  readonly hasOlder: boolean;
};

/** The listing as a part of a page at `path`; where that is an organization's page it is not asked for again. */
export function jobList(path: string, listing: JobListing, now: Micros, ofOneOrganization = false): Html {
  const { filter, jobs } = listing;
  return html`${filterForm(path, filter, ofOneOrganization)}
    <div id="job-list" data-live>
      ${jobs.length === 0 ? empty('No job matches.') : jobTable(jobs, now, ofOneOrganization)}
      ${paging(path, listing)}
    </div>`;
}

function filterForm(path: string, filter: JobListFilter, ofOneOrganization: boolean): Html {
  const [status] = filter.status ?? [];
  return html`<form class="filter" method="get" action="${path}#jobs" role="search" aria-label="Jobs">
    ${ofOneOrganization ? undefined : html`<label>Organization<input type="search" name="organization" value="${filter.organizationId ?? ''}" autocomplete="off" placeholder="any" /></label>`}
    <label
      >Job id contains<input
        type="search"
        name="job"
        value="${filter.jobIdContains ?? ''}"
        autocomplete="off"
        placeholder="any"
    /></label>
    <label
      >Status<select name="status">
        ${options([...JOB_STATUSES], status)}
      </select></label
    >
    <label
      >Reason<select name="reason">
        ${options(Object.keys(REASONS), filter.reason)}
      </select></label
    >
    <button class="main">Search</button>
    ${filterQuery({ ...filter, ...(ofOneOrganization ? { organizationId: undefined } : {}), beforeId: undefined }) === '' ? undefined : html`<a class="button" href="${path}#jobs">Clear</a>`}
  </form>`;
}

function options(values: readonly string[], chosen: string | undefined): Html[] {
  const any = html`<option value="">any</option>`;
  return [
    any,
    ...values.map((value) =>
      value === chosen ? html`<option selected>${value}</option>` : html`<option>${value}</option>`,
    ),
  ];
}

function jobTable(jobs: readonly JobRecord[], now: Micros, ofOneOrganization: boolean): Html {
  const organization = {
    title: 'Organization',
    cell: (job: JobRecord) => organizationLink(job.organizationId),
  };
  return table<JobRecord>(
    'Jobs, the newest first',
    [
      { title: 'Job', cell: (job) => html`${jobLink(job)}` },
      ...(ofOneOrganization ? [] : [organization]),
      { title: 'Type', cell: (job) => job.jobType },
      { title: 'Status', cell: statusPill },
      { title: 'Rows', look: 'number', cell: (job) => count(job.rowsWritten) },
      { title: 'Took', look: 'number', cell: (job) => between(job.startedAt, job.finishedAt) },
      { title: 'Attempts', look: 'number', cell: (job) => job.attempts },
      { title: 'Arrived', cell: (job) => ago(job.createdAt, now) },
      { title: 'Reason', look: 'wide', cell: reasonCell },
    ],
    jobs,
  );
}

function reasonCell({ errorReason, errorMessage }: JobRecord): Html | string {
  if (errorReason === undefined) return '–';
  return html`<code>${errorReason}</code>
    <span class="soft clip" title="${errorMessage}">${errorMessage}</span>`;
}

function paging(path: string, { filter, jobs, hasOlder }: JobListing): Html {
  const older = { ...filter, beforeId: jobs.at(-1)?.id };
  return html`<nav class="paging" aria-label="Pages of jobs">
    ${filter.beforeId === undefined ? undefined : html`<a href="${path}${filterQuery({ ...filter, beforeId: undefined })}#jobs">← Newest</a>`}
    ${hasOlder ? html`<a href="${path}${filterQuery(older)}#jobs" rel="next">Older →</a>` : undefined}
  </nav>`;
}
