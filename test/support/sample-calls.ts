// A call of every command that prints JSON, on a state in which it succeeds: what pages and tests about all commands go through.
import type { TestContext } from 'node:test';
import type { CliApp } from '../../src/cli/app-port.ts';
import type { CommitSet } from '../../src/job/commit-set.ts';
import type { JobRequest, JobType, Lease } from '../../src/job/job.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { cliOn, type Cli, type CliOptions } from './cli-call.ts';
import { at, samplePlan } from './sample-records.ts';

/** What a call prints with --json; calls of one shape print the same keys. */
export type Shape = { readonly name: string; readonly isList?: boolean };

export type SampleCall = {
  /** Names of the command, such as `dlq list`. */
  readonly command: string;
  /** What follows them. */
  readonly argv: readonly string[];
  readonly shape: Shape;
};

const JOB: Shape = { name: 'job' };
const JOB_IN_FULL: Shape = { name: 'job in full' };
const PUBLISHED: Shape = { name: 'published job' };
const ORGANIZATION: Shape = { name: 'organization' };
const JANUARY = { start: at('2026-01-01T00:00:00Z'), end: at('2026-02-01T00:00:00Z') };
const WINDOW = ['--from', '2026-01-01', '--to', '2026-01-05'];

/** Every command but those that print no JSON at all. */
export const SAMPLE_CALLS: readonly SampleCall[] = [
  call('migrate', [], { name: 'applied migrations' }),
  call('migrate', ['--check'], { name: 'missing migrations' }),
  call('provision', [], { name: 'resource', isList: true }),
  call('doctor', [], { name: 'check', isList: true }),
  call('org set', ['acme', '--settle-minutes', '5'], ORGANIZATION),
  call('org list', [], { ...ORGANIZATION, isList: true }),
  call('org show', ['acme'], ORGANIZATION),
  call('org show', ['globex'], ORGANIZATION),
  call('org pause', ['acme'], ORGANIZATION),
  call('org resume', ['acme'], ORGANIZATION),
  call('org remove', ['acme'], ORGANIZATION),
  call('org erase', ['gone'], { name: 'erased rows' }),
  call('enqueue', ['acme', '--job-id', 'new'], PUBLISHED),
  call('enqueue', ['--all'], { ...PUBLISHED, isList: true }),
  call('enqueue', ['acme', '--job-id', 'done', '--wait'], JOB_IN_FULL),
  call('run', ['acme', '--job-id', 'done'], JOB_IN_FULL),
  call('plan', ['acme', '--price-per-tib', '6.25'], { name: 'plan' }),
  call('plan', ['acme'], { name: 'plan' }),
  call('status', [], { ...JOB, isList: true }),
  call('show', ['acme', 'done'], JOB_IN_FULL),
  call('show', ['acme', 'waiting'], JOB_IN_FULL),
  call('show', ['acme', 'tried'], JOB_IN_FULL),
  call('show', ['initech', 'running'], JOB_IN_FULL),
  call('cancel', ['acme', 'waiting'], JOB),
  call('retry', ['acme', 'broken'], JOB),
  call('resolve', ['globex', 'unproven', '--committed'], JOB),
  call('verify', ['acme'], PUBLISHED),
  call('verify', ['acme', '--job-id', 'done', '--wait'], JOB_IN_FULL),
  call('verify', ['acme', '--focus'], { name: 'FOCUS report' }),
  call('repair', ['acme', ...WINDOW], PUBLISHED),
  call('repair', ['acme', ...WINDOW, '--job-id', 'done', '--wait'], JOB_IN_FULL),
  call('backfill', ['acme', ...WINDOW], PUBLISHED),
  call('backfill', ['acme', ...WINDOW, '--job-id', 'done', '--wait'], JOB_IN_FULL),
  call('dlq list', ['--all'], { name: 'dead letter', isList: true }),
  call('dlq show', ['2'], { name: 'dead letter' }),
  call('dlq replay', ['1'], { name: 'replay', isList: true }),
  call('dlq purge', ['--older-than', '0', '--dry-run'], { name: 'purge' }),
];

/** A call of a command, as the program is given it. */
export function argvOf({ command, argv }: SampleCall): string[] {
  return [...command.split(' '), ...argv];
}

/** The command line on a state of its own with a job in every situation; the state is closed with the test or by whoever asks. */
export async function sampleCli(
  cleanup: Pick<TestContext, 'after'>,
  options: Omit<CliOptions, 'app'> = {},
): Promise<Cli> {
  const state = await openState({ kind: 'sqlite', path: ':memory:' });
  cleanup.after(() => state.close());
  await state.migrate();
  await fill(state);
  return cliOn({ ...options, app: sampleApp(state) });
}

function sampleApp(state: State): Partial<CliApp> {
  return {
    openState: async () => state,
    runWorker: async () => 0,
    publish: async () => 'message-7',
    provision: async () => ({
      resources: [{ kind: 'topic', name: 'projects/p/topics/t', state: 'created' }],
      gcloud: ['gcloud pubsub topics create t'],
    }),
    runJob: async (key) => (await state.jobs.find(key)) as JobRecord,
    planJob: async () => ({
      plan: samplePlan(),
      why: 'rows newer than the watermark',
      schemaChanges: ['adds column labels'],
      destinationExists: true,
    }),
    checkFocus: async () => ({ kind: 'checked', version: '1.2', problems: [] }),
    healthChecks: async () => [
      { name: 'database answers', look: async () => ({ status: 'ok', found: 'SQLite file' }) },
      {
        name: 'database workers',
        look: async () => ({ status: 'warning', found: 'no worker runs on it', mend: 'start one' }),
      },
    ],
    organizationChecks: async () => [],
  };
}

async function fill(state: State): Promise<void> {
  for (const organizationId of ['acme', 'globex', 'initech']) await addOrganization(state, organizationId);
  const done = await committing(state, 'acme', 'done');
  await state.jobs.finish(done.lease, done.set, { rowsRead: 5, rowsWritten: 5, bytesWritten: 2_000 });
  await state.jobs.fail(await claimed(state, 'acme', 'broken'), 'access_denied', 'no right to read');
  const again = await claimed(state, 'acme', 'tried');
  await state.jobs.retryLater(again, 'rate_limited', 'too many requests', 60_000);
  await state.jobs.admit({ ...request('acme', 'waiting'), jobType: 'backfill', window: JANUARY }, undefined);
  await claimed(state, 'initech', 'running');
  await state.jobs.admit(request('gone', 'late'), undefined);
  await state.jobs.failUnclaimed(request('gone', 'late'), 'unknown_organization', 'it was removed');
  const { lease } = await committing(state, 'globex', 'unproven');
  await state.jobs.needOperator(lease, '3 of 5 rows are there');
  await state.deadLetters.record({
    message: '{"organization_id":"acme"}',
    attributes: { source: 'cron' },
    reason: 'invalid_message',
    violations: ['job_id is required'],
    messageId: 'message-1',
  });
  await state.deadLetters.markReplayed(2, 'zoë');
}

/** globex with every column filled in. */
async function addOrganization(state: State, organizationId: string): Promise<void> {
  const serviceAccount = 'copier@p.iam.gserviceaccount.com';
  const filled = {
    sourceLocation: 'EU',
    destinationLocation: 'US',
    sourceServiceAccount: serviceAccount,
    destinationServiceAccount: serviceAccount,
    clusteringFields: ['project'],
    verifyColumns: ['cost'],
    maxBytesBilled: 10n ** 12n,
    quarantineTable: { project: 'destination-env', dataset: 'quarantine', table: 'rejected' },
  };
  await state.organizations.set({
    organizationId,
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-env', dataset: 'copies', table: organizationId },
    ...(organizationId === 'globex' ? filled : {}),
  });
}

async function committing(
  state: State,
  organizationId: string,
  jobId: string,
): Promise<{ lease: Lease; set: CommitSet }> {
  const lease = await claimed(state, organizationId, jobId);
  await state.steps.start(lease, 1, 'plan');
  await state.jobs.storePlan(lease, samplePlan());
  await state.steps.finish(lease, 1, 'plan', { rows: 5 });
  const batch = {
    ...{ stream: 0, batch: 0, readOffset: 0, writeOffset: 0, rowsRead: 5, rowsWritten: 5 },
    ...{ rowsDropped: 0, rowsQuarantined: 0, bytes: 2_000, totals: [], state: 'acknowledged' as const },
  };
  await state.batches.record(lease, 1, [batch], [batch]);
  const set: CommitSet = {
    kind: 'streams',
    lineage: `${organizationId}/${jobId}/1`,
    streams: [{ name: 'projects/p/streams/s', rows: 5 }],
  };
  const decided = await state.jobs.decide(lease, 1, set);
  if (decided.kind !== 'decided') throw new Error(`${jobId}: ${decided.kind}`);
  return { lease, set };
}

async function claimed(state: State, organizationId: string, jobId: string): Promise<Lease> {
  await state.jobs.admit(request(organizationId, jobId), 'message-0');
  const outcome = await state.jobs.claim({ organizationId, jobId }, 'worker-1', 60_000);
  if (outcome.kind !== 'claimed') throw new Error(`${jobId}: ${outcome.kind}`);
  return outcome.lease;
}

function request(organizationId: string, jobId: string, jobType: JobType = 'incremental'): JobRequest {
  return { organizationId, jobId, jobType, window: undefined, requestedBy: 'me' };
}

function call(command: string, argv: readonly string[], shape: Shape): SampleCall {
  return { command, argv, shape };
}
