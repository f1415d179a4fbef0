/** One job with everything: what it does, why it failed and what to do, steps, plan, commit set, batches, audit. */
import type { Batch } from '../../job/batch.ts';
import { commitSetRows, type CommitSet } from '../../job/commit-set.ts';
import type { Micros } from '../../job/instant.ts';
import { isTerminal } from '../../job/job-status.ts';
import { jobName, type Window } from '../../job/job.ts';
import type { Plan } from '../../job/plan.ts';
import { tableName } from '../../job/table-ref.ts';
import type { AuditEntry } from '../../state/audit-log.ts';
import type { JobRecord } from '../../state/job-record.ts';
import type { StepRecord } from '../../state/step-store.ts';
import { between, count, size, time } from '../human-text.ts';
import type { RunningJob } from '../overview.ts';
import { actionButton } from './action-button.ts';
import { auditTable } from './audit-table.ts';
import { errorNote } from './error-note.ts';
import { page, type Frame } from './frame.ts';
import { html, type Html } from './html.ts';
import { ago, jobPath, moment, organizationLink, statusPill } from './job-words.ts';
import { progressBar } from './progress-bar.ts';
import { empty, facts, table } from './table.ts';
import { timeline } from './timeline.ts';

export type JobDetail = {
  readonly progress: RunningJob;
  readonly steps: readonly StepRecord[];
  /** The newest, at most as many as a person looks at. */
  readonly batches: readonly Batch[];
  readonly batchCount: number;
  readonly audit: readonly AuditEntry[];
  readonly now: Micros;
};

/** The whole page. */
export function jobPage(frame: Frame, detail: JobDetail): Html {
  const { job } = detail.progress;
  const content = html`<p class="small">
      ${organizationLink(job.organizationId)} <span class="soft">/</span>
    </p>
    <div id="job" data-live>
      <div class="heading">
        <h1>${job.jobId}</h1>
        ${statusPill(job)}
        <div class="actions">${actions(frame, job)}</div>
      </div>
      ${errorNote(job)} ${overviewFacts(detail)}
      <h2>Steps</h2>
      ${timeline(detail.steps, detail.now)}
      <h2>Plan <span class="soft">number ${job.planNumber}</span></h2>
      ${job.plan === undefined ? empty('There is no plan yet.') : planFacts(job.plan)}
      <h2>Commit set</h2>
      ${job.commitSet === undefined ? empty(isTerminal(job.status) ? 'Nothing was committed.' : 'Nothing has been decided yet.') : commitSetFacts(job.commitSet)}
      <h2>Batches <span class="soft">${batchesText(detail)}</span></h2>
      ${detail.batches.length === 0 ? empty('No batch is on record.') : batchTable(detail.batches)}
      <h2>Changes by hand</h2>
      ${auditTable(detail.audit, detail.now)}
    </div>
    <p class="small"><a href="/api${jobPath(job)}">All of it as JSON</a></p>`;
  return page(frame, jobName(job), content);
}

function actions(frame: Frame, job: JobRecord): (Html | undefined)[] {
  const path = `/api${jobPath(job)}`;
  if (job.status === 'FAILED' || job.status === 'CANCELLED')
    return [actionButton(frame, `${path}/retry`, 'Retry', 'main')];
  if ((job.status === 'QUEUED' || job.status === 'IN_PROGRESS') && !job.cancelRequested)
    return [actionButton(frame, `${path}/cancel`, 'Cancel')];
  return [];
}

function overviewFacts({ progress, now }: JobDetail): Html {
  const { job } = progress;
  return facts([
    ['Progress', isTerminal(job.status) ? undefined : progressBar(progress)],
    ['Type', job.jobType],
    [
      'Asked for',
      job.window === undefined ? undefined : `${time(job.window.start)} to ${time(job.window.end)}`,
    ],
    [
      'Rows',
      job.rowsWritten === undefined
        ? undefined
        : `${count(job.rowsRead)} read, ${count(job.rowsWritten)} written`,
    ],
    ['Bytes', job.bytesWritten === undefined ? undefined : size(job.bytesWritten)],
    ['Took', job.finishedAt === undefined ? undefined : between(job.startedAt, job.finishedAt)],
    ['Arrived', moment(job.createdAt)],
    ['Started', moment(job.startedAt)],
    ['Ended', moment(job.finishedAt)],
    ['Next attempt', job.nextAttemptAt === undefined ? undefined : ago(job.nextAttemptAt, now)],
    ['Attempts', `${job.attempts} failed, ${job.interruptions} interrupted`],
    [
      'Replica',
      job.leaseOwner === undefined
        ? undefined
        : html`<span class="mono">${job.leaseOwner}</span>, epoch ${job.leaseEpoch}`,
    ],
    ['Heartbeat', isTerminal(job.status) ? undefined : ago(job.doorbellSeenAt, now)],
    ['Cancel', job.cancelRequested ? 'asked for' : undefined],
    ['Requested by', job.requestedBy],
    ['Message', job.messageId === undefined ? undefined : html`<span class="mono">${job.messageId}</span>`],
  ]);
}

function planFacts(plan: Plan): Html {
  return facts([
    ['Window', windowText(plan.window)],
    ['Source as of', moment(plan.snapshot)],
    ['Path', html`${plan.writePath} <span class="soft">${plan.writePathReason}</span>`],
    ['Estimate', `${count(plan.estimatedRows)} rows, ${size(plan.estimatedBytes)}`],
    [
      'Source',
      html`<span class="mono">${tableName(plan.source)}</span>
        <span class="soft">${plan.sourceLocation}</span>`,
    ],
    [
      'Destination',
      html`<span class="mono">${tableName(plan.destination)}</span>
        <span class="soft">${plan.destinationLocation}</span>`,
    ],
    ['Transform', plan.transform],
    ['Verified', html`${plan.verifyLevel} <span class="soft">${plan.verifyColumns.join(', ')}</span>`],
  ]);
}

/** (lo, hi] in words. */
function windowText({ lo, hi }: Window): string {
  return `${lo === undefined ? 'from the beginning' : `after ${time(lo)}`} up to ${time(hi)}`;
}

function commitSetFacts(set: CommitSet): Html {
  return facts([
    ['Kind', set.kind === 'job' ? 'one BigQuery job' : `${set.streams.length} write streams`],
    ['Rows', count(commitSetRows(set))],
    ['Lineage', html`<span class="mono">${set.lineage}</span>`],
    [
      'BigQuery job',
      set.kind === 'job' ? html`<span class="mono">${set.jobId}</span> ${set.location}` : undefined,
    ],
  ]);
}

function batchesText({ batches, batchCount }: JobDetail): string {
  const shown = batches.length < batchCount ? `, the newest ${batches.length} shown` : '';
  return batchCount === 0 ? '' : `${count(batchCount)} acknowledged${shown}`;
}

function batchTable(batches: readonly Batch[]): Html {
  return table<Batch>(
    'Batches, the newest first',
    [
      { title: 'Stream', cell: ({ stream }) => stream },
      { title: 'Batch', look: 'number', cell: ({ batch }) => batch },
      { title: 'State', cell: ({ state }) => state },
      { title: 'Read from', look: 'number', cell: ({ readOffset }) => count(readOffset) },
      { title: 'Rows read', look: 'number', cell: ({ rowsRead }) => count(rowsRead) },
      { title: 'Rows written', look: 'number', cell: ({ rowsWritten }) => count(rowsWritten) },
      { title: 'Dropped', look: 'number', cell: ({ rowsDropped }) => count(rowsDropped) },
      { title: 'Quarantined', look: 'number', cell: ({ rowsQuarantined }) => count(rowsQuarantined) },
      { title: 'Bytes', look: 'number', cell: ({ bytes }) => size(bytes) },
    ],
    batches,
  );
}
