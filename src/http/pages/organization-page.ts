/** One organization: configuration, how fresh and how well, charts with cost, its jobs and what people changed. */
import type { Micros } from '../../job/instant.ts';
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import type { AuditEntry } from '../../state/audit-log.ts';
import type { DayFigures } from '../../state/job-store.ts';
import type { LedgerEntry } from '../../state/ledger-store.ts';
import { count, share, size } from '../human-text.ts';
import { FIGURE_DAYS, successRate } from '../overview.ts';
import { actionButton } from './action-button.ts';
import { auditTable } from './audit-table.ts';
import { costChart } from './cost-chart.ts';
import { figureCharts } from './figure-charts.ts';
import { page, type Frame } from './frame.ts';
import { html, type Html } from './html.ts';
import { jobList, type JobListing } from './job-list.ts';
import { jobLink, moment, organizationPath } from './job-words.ts';
import { activity, freshness } from './organization-table.ts';
import { facts } from './table.ts';

export type OrganizationDetail = {
  readonly organization: Organization;
  readonly figures: readonly DayFigures[];
  readonly ledger: readonly LedgerEntry[];
  readonly listing: JobListing;
  readonly audit: readonly AuditEntry[];
  readonly now: Micros;
};

/** The whole page. */
export function organizationPage(frame: Frame, detail: OrganizationDetail): Html {
  const { organization, figures, now } = detail;
  const { organizationId, paused } = organization;
  const path = organizationPath(organizationId);
  const change = paused ? 'resume' : 'pause';
  const content = html`<p class="small soft">Organization</p>
    <div id="organization" data-live>
      <div class="heading">
        <h1>${organizationId}</h1>
        ${activity(organization)}
        <div class="actions">
          ${actionButton(frame, `/api${path}/${change}`, paused ? 'Resume' : 'Pause')}
        </div>
      </div>
      ${stateFacts(detail)}
      <h2>Last ${FIGURE_DAYS} days</h2>
      ${figureCharts(figures, now, [costChart(detail.ledger, now)])}
    </div>
    <h2 id="jobs">Jobs</h2>
    ${jobList(path, detail.listing, now, true)}
    <h2>Configuration</h2>
    <div id="configuration" data-live>${configurationFacts(organization)}</div>
    <h2>Changes by hand</h2>
    <div id="audit" data-live>${auditTable(detail.audit, now)}</div>`;
  return page(frame, organizationId, content);
}

function stateFacts({ organization, figures, now }: OrganizationDetail): Html {
  const { succeeded, ended } = successRate(figures);
  const { activeJob, organizationId, watermark } = organization;
  return facts([
    ['Copied up to', html`${freshness(watermark, now)} <span class="soft">${moment(watermark)}</span>`],
    ['Success rate', `${share(succeeded, ended)} of ${count(ended)} jobs in ${FIGURE_DAYS} days`],
    ['Active job', activeJob === undefined ? 'none' : jobLink({ organizationId, jobId: activeJob })],
  ]);
}

function configurationFacts(organization: Organization): Html {
  const { maxBytesBilled, quarantineTable, maxRejectedPercent } = organization;
  const side = (name: string, location: string | undefined, account: string | undefined): Html =>
    html`<span class="mono">${name}</span>
      <span class="soft">${[location, account].filter(Boolean).join(', ')}</span>`;
  return facts([
    [
      'Source',
      side(tableName(organization.source), organization.sourceLocation, organization.sourceServiceAccount),
    ],
    [
      'Destination',
      side(
        tableName(organization.destination),
        organization.destinationLocation,
        organization.destinationServiceAccount,
      ),
    ],
    ['Transform', organization.transform],
    ['Write path', organization.writePath],
    ['Schema policy', organization.schemaPolicy],
    ['Cursor', organization.cursorField],
    ['Partitioned by', organization.partitionField],
    ['Clustered by', organization.clusteringFields.join(', ') || 'nothing'],
    ['Settles after', `${organization.settleMinutes} minutes`],
    [
      'Verified',
      `${organization.verifyLevel}${organization.verifyColumns ? `: ${organization.verifyColumns.join(', ')}` : ''}`,
    ],
    ['Billed at most', maxBytesBilled === undefined ? 'no limit' : size(Number(maxBytesBilled))],
    [
      'Rejected rows',
      `at most ${maxRejectedPercent} %, ${quarantineTable ? `kept in ${tableName(quarantineTable)}` : 'not kept'}`,
    ],
    ['Changed', moment(organization.updatedAt)],
  ]);
}
