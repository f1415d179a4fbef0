/** `show`: one job with everything known of it. */
import type { Command } from 'commander';
import type { Batch } from '../job/batch.ts';
import { commitSetRows } from '../job/commit-set.ts';
import type { Micros } from '../job/instant.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { StepRecord } from '../state/step-store.ts';
import { jobNotFound } from './command-error.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { between, count, size, time } from '../http/human-text.ts';
import { fullJobJson } from './job-outcome.ts';
import { countQuery, resolveCommand, retryCommand } from './next-commands.ts';
import { planFields } from './plan-command.ts';
import { migratedState, type Session } from './session.ts';
import { fieldList, textTable, type Column } from './text-table.ts';

const SHOWN_BATCHES = 20;

export function addShowCommand(program: Command, session: Session): void {
  const command = program
    .command('show')
    .argument('<org>', 'organization')
    .argument('<job>', 'job id')
    .description('show one job with its steps, batches, plan, commit set and error')
    .action((organizationId: string, jobId: string, { json }: JsonOption) =>
      session.run(async (app) => {
        const state = await migratedState(app);
        const job = await state.jobs.find({ organizationId, jobId });
        if (!job) throw jobNotFound(organizationId, jobId);
        if (json) session.printJson(await fullJobJson(job, state));
        else await print(job, state, session);
      }),
    );
  withJson(command, 'one object');
  withExamples(command, [
    ['show acme 2026-01-31', 'where does it stand, and why?'],
    ['show acme 2026-01-31 --json | jq .plan', 'for scripts'],
  ]);
}

async function print(job: JobRecord, state: State, { paint, print: line }: Session): Promise<void> {
  const steps = await state.steps.list(job);
  const batches = await state.batches.list(job, job.planNumber);
  line(fieldList(jobFields(job), paint));
  if (job.plan)
    line(`\n${paint('bold', `PLAN ${job.planNumber}`)}\n${fieldList(planFields(job.plan), paint)}`);
  if (steps.length > 0) line(`\n${textTable(steps, STEP_COLUMNS, paint)}`);
  if (batches.length > 0) line(`\n${textTable(batches.slice(0, SHOWN_BATCHES), BATCH_COLUMNS, paint)}`);
  if (batches.length > SHOWN_BATCHES)
    line(`… ${batches.length - SHOWN_BATCHES} more batches, all with --json`);
}

function jobFields(job: JobRecord): [string, string][] {
  const fields: [string, string | undefined][] = [
    ['organization', job.organizationId],
    ['job', job.jobId],
    ['type', job.jobType],
    ['status', job.needsOperator ? `${job.status}, needs an operator` : job.status],
    ['asked window', job.window && `${time(job.window.start)} to ${time(job.window.end)}`],
    ['error', job.errorReason && `${job.errorReason}: ${job.errorMessage ?? ''}`],
    ...nextFields(job),
    ['cancel requested', job.cancelRequested ? 'yes' : undefined],
    ['attempts', `${job.attempts}, interruptions ${job.interruptions}`],
    ['next attempt', job.nextAttemptAt === undefined ? undefined : time(job.nextAttemptAt)],
    [
      'run by',
      job.leaseOwner && `${job.leaseOwner}${untilText(job.leaseExpiresAt)}, epoch ${job.leaseEpoch}`,
    ],
    ['rows', `${count(job.rowsRead)} read, ${count(job.rowsWritten)} written, ${size(job.bytesWritten)}`],
    ['commit set', commitSetText(job)],
    ['requested by', job.requestedBy],
    ['message', job.messageId],
    ['created', time(job.createdAt)],
    ['started', time(job.startedAt)],
    ['finished', `${time(job.finishedAt)}, took ${between(job.startedAt, job.finishedAt)}`],
  ];
  return fields.filter((field): field is [string, string] => field[1] !== undefined);
}

function untilText(expiresAt: Micros | undefined): string {
  return expiresAt === undefined ? '' : ` until ${time(expiresAt)}`;
}

/** What there is to type about a job that does not go on by itself. */
function nextFields(job: JobRecord): [string, string | undefined][] {
  if (job.status === 'FAILED' || job.status === 'CANCELLED') return [['to try again', retryCommand(job)]];
  if (!job.needsOperator) return [];
  return [
    ['count its rows', countQuery(job)],
    [`if ${count(job.commitSet && commitSetRows(job.commitSet))}`, resolveCommand(job, 'committed')],
    ['if 0', resolveCommand(job, 'not-committed')],
    ['otherwise', 'see commit_ambiguous in docs/runbook.md'],
  ];
}

function commitSetText({ commitSet }: JobRecord): string | undefined {
  if (!commitSet) return undefined;
  const what =
    commitSet.kind === 'streams' ? `${commitSet.streams.length} write streams` : `job ${commitSet.jobId}`;
  return `${what}, ${count(commitSetRows(commitSet))} rows as ${commitSet.lineage}`;
}

const STEP_COLUMNS: readonly Column<StepRecord>[] = [
  { title: 'PLAN', value: (step) => `${step.planNumber}`, align: 'right' },
  { title: 'STEP', value: (step) => step.step },
  {
    title: 'STATUS',
    value: (step) => step.status,
    style: ({ status }) => (status === 'failed' ? 'red' : status === 'running' ? 'cyan' : undefined),
  },
  { title: 'STARTED', value: (step) => time(step.startedAt) },
  { title: 'TOOK', value: (step) => between(step.startedAt, step.finishedAt), align: 'right' },
  { title: 'DETAIL', value: (step) => brief(JSON.stringify(step.detail)) },
];

const BATCH_COLUMNS: readonly Column<Batch>[] = [
  { title: 'STREAM', value: (batch) => `${batch.stream}`, align: 'right' },
  { title: 'BATCH', value: (batch) => `${batch.batch}`, align: 'right' },
  { title: 'READ FROM', value: (batch) => count(batch.readOffset), align: 'right' },
  { title: 'WRITTEN AT', value: (batch) => count(batch.writeOffset), align: 'right' },
  { title: 'ROWS', value: (batch) => count(batch.rowsWritten), align: 'right' },
  { title: 'DROPPED', value: (batch) => count(batch.rowsDropped + batch.rowsQuarantined), align: 'right' },
  { title: 'BYTES', value: (batch) => size(batch.bytes), align: 'right' },
  { title: 'STATE', value: (batch) => batch.state },
];

function brief(text: string): string {
  if (text === '{}') return '';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
