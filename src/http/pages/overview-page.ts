/** The first page: how things stand, what runs, charts, organizations and jobs. */
import type { Micros } from '../../job/instant.ts';
import { count, share, size } from '../human-text.ts';
import { FIGURE_DAYS, successRate, type Overview, type RunningJob } from '../overview.ts';
import { actionButton } from './action-button.ts';
import { costChart } from './cost-chart.ts';
import { figureCharts } from './figure-charts.ts';
import { page, type Frame } from './frame.ts';
import { html, type Html } from './html.ts';
import { jobList, type JobListing } from './job-list.ts';
import { ago, jobLink, organizationLink, statusPill } from './job-words.ts';
import { organizationTable } from './organization-table.ts';
import { progressBar } from './progress-bar.ts';
import { empty, table } from './table.ts';

/** The whole page. */
export function overviewPage(frame: Frame, overview: Overview, listing: JobListing): Html {
  const { running, now, figures, ledger } = overview;
  const content = html`<h1 class="unseen">Overview</h1>
    <div id="tiles" data-live>${tiles(overview)}</div>
    <h2>Running</h2>
    <div id="running" data-live>
      ${running.length === 0 ? empty('No job is running.') : runningTable(running, now)}
    </div>
    <h2>Last ${FIGURE_DAYS} days</h2>
    <div id="charts" data-live>
      ${figureCharts(figures, now, ledger === undefined ? [] : [costChart(ledger, now)])}
    </div>
    <h2>Organizations</h2>
    <div id="organizations" data-live>
      ${organizationTable(overview)}
      <div class="actions">${pauseButtons(frame, overview)}</div>
    </div>
    <h2 id="jobs">Jobs</h2>
    ${jobList('/', listing, now)}`;
  return page(frame, 'Overview', content);
}

/** For when everything has to stop, such as maintenance of the destination's project. */
function pauseButtons(frame: Frame, { organizations }: Overview): readonly (Html | undefined)[] {
  const paused = organizations.filter(({ organization }) => organization.paused).length;
  return [
    paused < organizations.length ? actionButton(frame, '/api/organizations/pause', 'Pause all') : undefined,
    paused > 0 ? actionButton(frame, '/api/organizations/resume', 'Resume all') : undefined,
  ];
}

function tiles({ counts, running, figures, liveWorkers, organizations }: Overview): Html {
  const inStatus = (wanted: string): number =>
    counts.reduce((sum, { status, count: jobs }) => sum + (status === wanted ? jobs : 0), 0);
  const { succeeded, ended } = successRate(figures);
  const failed = ended - succeeded;
  const stuck = running.filter(({ job }) => job.needsOperator).length;
  const paused = organizations.filter(({ organization }) => organization.paused).length;
  const entries: readonly (readonly [name: string, value: string, note: string, look: string])[] = [
    [
      'Running',
      count(running.length),
      stuck > 0 ? `${stuck} need an operator` : 'jobs under way',
      stuck > 0 ? 'bad' : '',
    ],
    ['Waiting', count(inStatus('QUEUED')), 'queued jobs', ''],
    [
      'Success rate',
      share(succeeded, ended),
      `of ${count(ended)} jobs, ${FIGURE_DAYS} days`,
      rateLook(succeeded, ended),
    ],
    ['Failed', count(failed), `in ${FIGURE_DAYS} days`, failed > 0 ? 'bad' : ''],
    [
      'Organizations',
      count(organizations.length),
      pausedNote(paused, organizations.length),
      paused > 0 ? 'warn' : '',
    ],
    [
      'Live workers',
      count(liveWorkers),
      liveWorkers === 0 ? 'jobs wait' : 'replicas',
      liveWorkers === 0 ? 'bad' : '',
    ],
  ];
  return html`<p class="unseen" role="status" aria-live="polite">
      ${running.length} jobs run, ${inStatus('QUEUED')} wait, ${failed} failed in ${FIGURE_DAYS} days.
    </p>
    <dl class="tiles">
      ${entries.map(
        ([name, value, note, look]) =>
          html`<div class="tile ${look}">
            <dt>${name}</dt>
            <dd>${value} <small>${note}</small></dd>
          </div>`,
      )}
    </dl>`;
}

function pausedNote(paused: number, all: number): string {
  if (paused === 0) return 'none paused';
  return paused === all ? 'all paused' : `${paused} paused`;
}

/** Green from 99 in a hundred on, red below 90. */
function rateLook(succeeded: number, ended: number): string {
  if (ended === 0) return '';
  const rate = succeeded / ended;
  return rate >= 0.99 ? 'good' : rate < 0.9 ? 'bad' : 'warn';
}

function runningTable(running: readonly RunningJob[], now: Micros): Html {
  return table<RunningJob>(
    'Running jobs',
    [
      { title: 'Job', cell: ({ job }) => jobLink(job) },
      { title: 'Organization', cell: ({ job }) => organizationLink(job.organizationId) },
      { title: 'Status', cell: ({ job }) => statusPill(job) },
      { title: 'Progress', cell: progressBar },
      { title: 'Bytes', look: 'number', cell: ({ bytesDone }) => size(bytesDone) },
      { title: 'Started', cell: ({ job }) => ago(job.startedAt, now) },
      { title: 'Replica', cell: ({ job }) => html`<span class="mono">${job.leaseOwner ?? '–'}</span>` },
      { title: 'Epoch', look: 'number', cell: ({ job }) => job.leaseEpoch },
      { title: 'Heartbeat', cell: ({ job }) => heartbeat(job.doorbellSeenAt, job.leaseExpiresAt, now) },
    ],
    running,
  );
}

function heartbeat(seenAt: Micros | undefined, leaseExpiresAt: Micros | undefined, now: Micros): Html {
  if (leaseExpiresAt !== undefined && leaseExpiresAt > now) return ago(seenAt, now);
  return html`<span class="pill warn">lease over</span>`;
}
