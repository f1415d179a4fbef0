/** Organizations as a table: how fresh each copy is, how well its jobs end, what it does now. */
import type { Micros } from '../../job/instant.ts';
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import { count, share } from '../human-text.ts';
import type { OrganizationOverview, Overview } from '../overview.ts';
import { html, type Html } from './html.ts';
import { ago, jobPath, organizationLink, statusPill } from './job-words.ts';
import { empty, table } from './table.ts';

const SHOWN = 200;

/** The first organizations by name, with how many there are beyond. */
export function organizationTable({ organizations, now }: Overview): Html {
  if (organizations.length === 0)
    return empty(
      html`No organization is configured yet:
        <code>pulse-billing-etl org set ID --source P.D.T --destination P.D.T</code>`,
    );
  const beyond = organizations.length - SHOWN;
  return html`${table<OrganizationOverview>(
    'Organizations',
    [
      { title: 'Organization', cell: ({ organization }) => organizationLink(organization.organizationId) },
      { title: 'Copied up to', cell: ({ organization }) => freshness(organization.watermark, now) },
      {
        title: 'Success rate',
        look: 'number',
        cell: ({ successRate: { succeeded, ended } }) =>
          html`${share(succeeded, ended)} <span class="soft">of ${count(ended)}</span>`,
      },
      { title: 'Last job', cell: (entry) => lastJob(entry, now) },
      { title: 'State', cell: ({ organization }) => activity(organization) },
      {
        title: 'Destination',
        look: 'wide',
        cell: ({ organization }) => html`<span class="mono">${tableName(organization.destination)}</span>`,
      },
    ],
    organizations.slice(0, SHOWN),
  )}
  ${beyond > 0 ? html`<p class="soft small">${count(beyond)} more are not shown: <code>pulse-billing-etl org list</code></p>` : undefined}`;
}

/** The watermark as an age; how old is too old only the organization's schedule knows. */
export function freshness(watermark: Micros | undefined, now: Micros): Html {
  return watermark === undefined ? html`<span class="soft">never</span>` : ago(watermark, now);
}

/** Whether its jobs may run, and whether one does. */
export function activity({ paused, activeJob }: Organization): Html {
  if (paused) return html`<span class="pill warn">paused</span>`;
  return activeJob === undefined
    ? html`<span class="pill">idle</span>`
    : html`<span class="pill busy">active</span>`;
}

function lastJob({ lastJob: job }: OrganizationOverview, now: Micros): Html {
  if (!job) return html`<span class="soft">none yet</span>`;
  return html`<a href="${jobPath(job)}" title="${job.jobId}">${statusPill(job)}</a>
    <span class="soft">${ago(job.finishedAt ?? job.createdAt, now)}</span>`;
}
