// Commands about jobs against a real state: enqueue, run, plan, status, show, cancel.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CliApp, PlanPreview } from '../../src/cli/app-port.ts';
import type { JobRequest, Lease } from '../../src/job/job.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import type { State } from '../../src/state/open-state.ts';
import { cliOn, memoryState, type Cli, type CliOptions } from '../support/cli-call.ts';
import { eventually } from '../support/eventually.ts';
import { at, samplePlan } from '../support/sample-records.ts';

type Setup = { state: State; cli: Cli; published: JobRequest[] };

async function setup(
  context: TestContext,
  app: (state: State) => Partial<CliApp> = () => ({}),
  options: Omit<CliOptions, 'app'> = {},
): Promise<Setup> {
  const state = await memoryState(context);
  const published: JobRequest[] = [];
  await state.organizations.set({
    organizationId: 'acme',
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-env', dataset: 'copies', table: 'acme' },
  });
  const publish = async (request: JobRequest): Promise<string> => `message-${published.push(request)}`;
  const cli = cliOn({ ...options, app: { openState: async () => state, publish, ...app(state) } });
  return { state, cli, published };
}

const request = (jobId: string): JobRequest => ({
  organizationId: 'acme',
  jobId,
  jobType: 'incremental',
  window: undefined,
  requestedBy: 'me',
});

async function claimed(state: State, jobId: string): Promise<Lease> {
  await state.jobs.admit(request(jobId), 'message-1');
  const outcome = await state.jobs.claim(request(jobId), 'worker-1', 60_000);
  if (outcome.kind !== 'claimed') assert.fail(outcome.kind);
  return outcome.lease;
}

/** A job with a plan and two acknowledged batches of 2,500 rows. */
async function halfDone(state: State, jobId: string): Promise<Lease> {
  const lease = await claimed(state, jobId);
  await state.steps.start(lease, 1, 'plan');
  await state.jobs.storePlan(lease, samplePlan());
  await state.steps.finish(lease, 1, 'plan', { rows: 10_000 });
  const batches = [0, 1].map((batch) => ({
    stream: 0,
    batch,
    readOffset: batch * 2_500,
    writeOffset: batch * 2_500,
    rowsRead: 2_500,
    rowsWritten: 2_500,
    rowsDropped: 0,
    rowsQuarantined: 0,
    bytes: 1_000_000,
    totals: [],
    state: 'acknowledged' as const,
  }));
  await state.batches.record(lease, 1, batches, batches);
  return lease;
}

async function finished(state: State, jobId: string): Promise<JobRecord> {
  const lease = await halfDone(state, jobId);
  await finish(state, lease);
  return (await state.jobs.find(lease)) as JobRecord;
}

async function finish(state: State, lease: Lease): Promise<void> {
  const lineage = `acme/${lease.jobId}/1`;
  const set = { kind: 'streams', lineage, streams: [{ name: 's', rows: 5_000 }] } as const;
  assert.equal((await state.jobs.decide(lease, 1, set)).kind, 'decided');
  await state.jobs.finish(lease, set, { rowsRead: 5_000, rowsWritten: 5_000, bytesWritten: 2_000_000 });
}

async function failedJob(state: State, jobId: string): Promise<JobRecord> {
  await state.jobs.fail(await claimed(state, jobId), 'schema_drift', 'cost became STRING');
  return (await state.jobs.find(request(jobId))) as JobRecord;
}

test('jobs are listed newest first and filtered; the JSON has the column names', async (context) => {
  const { cli, state } = await setup(context);
  assert.equal((await cli.call('status')).stdout, 'no jobs\n');
  await finished(state, 'j1');
  await failedJob(state, 'j2');
  const all = await cli.json('status', '--json');
  assert.deepEqual(
    all.map((row) => row['job_id']),
    ['j2', 'j1'],
  );
  const [failed] = await cli.json('status', '--org', 'acme', '--status', 'failed,cancelled', '--json');
  assert.equal(failed?.['error_reason'], 'schema_drift');
  assert.equal(failed['plan_number'], 1);
  assert.match(String(failed['finished_at']), /\.\d{6}Z$/);
  assert.equal((await cli.json('status', '--limit', '1', '--json')).length, 1);
  assert.deepEqual(await cli.json('status', '--org', 'other', '--json'), []);
  const { stdout } = await cli.call('status');
  assert.match(stdout, /^ORGANIZATION +JOB +TYPE +STATUS/);
  assert.match(stdout, /acme +j1 +incremental +SUCCESS +0 +5,000 /);
});

test('one job is shown with steps, batches, plan and commit set', async (context) => {
  const { cli, state } = await setup(context);
  await finished(state, 'j1');
  const job = await cli.json('show', 'acme', 'j1', '--json');
  assert.equal(job['status'], 'SUCCESS');
  assert.equal(job['rows_written'], 5_000);
  assert.deepEqual((job['plan'] as Record<string, unknown>)['window'], {
    lo: null,
    hi: '2026-01-31T23:00:00.000000Z',
  });
  assert.equal((job['commit_set'] as Record<string, unknown>)['lineage'], 'acme/j1/1');
  const [step] = job['steps'] as Record<string, unknown>[];
  assert.deepEqual([step?.['step'], step?.['status'], step?.['detail']], ['plan', 'done', { rows: 10_000 }]);
  const batches = job['batches'] as Record<string, unknown>[];
  assert.deepEqual(
    batches.map((batch) => [batch['read_offset'], batch['rows_written'], batch['state']]),
    [
      [0, 2_500, 'acknowledged'],
      [2_500, 2_500, 'acknowledged'],
    ],
  );
  const { stdout } = await cli.call('show', 'acme', 'j1');
  for (const text of [
    'SUCCESS',
    '5,000 read, 5,000 written',
    'PLAN 1',
    'the beginning to',
    '1 write streams',
  ])
    assert.ok(stdout.includes(text), `${text} in\n${stdout}`);
});

test('a job that is not there is exit code 3', async (context) => {
  const { cli } = await setup(context);
  for (const command of ['show', 'cancel']) {
    const { code, stderr } = await cli.call(command, 'acme', 'none');
    assert.equal(code, 3);
    assert.match(stderr, /there is no job "none" of organization "acme"/);
  }
});

test('a queued job is cancelled at once, a running one asked to stop, an ended one refused; all is audited', async (context) => {
  const { cli, state } = await setup(context);
  await state.jobs.admit(request('queued'), undefined);
  assert.equal((await cli.call('cancel', 'acme', 'queued')).stdout, 'acme/queued is cancelled\n');
  await claimed(state, 'running');
  assert.equal((await cli.json('cancel', 'acme', 'running', '--json'))['cancel_requested'], true);
  const again = await cli.call('cancel', 'acme', 'queued');
  assert.equal(again.code, 4);
  assert.match(again.stderr, /acme\/queued is CANCELLED/);
  const entries = await state.audit.list({ action: 'cancel' });
  assert.deepEqual(entries.map(({ subject }) => subject).sort(), ['acme/queued', 'acme/running']);
});

test('enqueue publishes a request under a new id that sorts by time, and needs no database', async (context) => {
  const { cli, published } = await setup(context, () => ({
    openState: () => Promise.reject(new Error('must not be opened')),
  }));
  const printed = await cli.json('enqueue', 'acme', '--json');
  assert.deepEqual(printed, {
    organization_id: 'acme',
    job_id: '20260201T101112345Z-abcd1234',
    job_type: 'incremental',
    message_id: 'message-1',
  });
  assert.deepEqual(published[0], { ...request('20260201T101112345Z-abcd1234'), requestedBy: 'tester' });
  await cli.call(
    'enqueue',
    'acme',
    '--job-id',
    'jan',
    '--type',
    'backfill',
    '--from',
    '2026-01-01',
    '--to',
    '2026-02-01T00:00:00+01:00',
  );
  assert.deepEqual(published[1]?.window, {
    start: at('2026-01-01T00:00:00Z'),
    end: at('2026-01-31T23:00:00Z'),
  });
});

test('enqueue --wait follows the job to its end and takes its outcome', async (context) => {
  const { cli, state } = await setup(context);
  const waiting = cli.call('enqueue', 'acme', '--job-id', 'j1', '--wait');
  await finished(state, 'j1');
  const success = await waiting;
  assert.equal(success.code, 0, success.stderr);
  assert.match(success.stdout, /^acme\/j1 SUCCESS: 5,000 rows, 2\.0 MB in /);
  await failedJob(state, 'j2');
  const failure = await cli.call('enqueue', 'acme', '--job-id', 'j2', '--wait', '--json');
  assert.equal(failure.code, 1);
  assert.equal((JSON.parse(failure.stdout) as JobRecord)['status'], 'FAILED');
  assert.match(failure.stderr, /^error: acme\/j2 FAILED, schema_drift: cost became STRING; .*\n$/);
});

test('enqueue --wait says when nobody takes the job; Ctrl-C stops following and leaves the job alone', async (context) => {
  let polls = 0;
  const { cli } = await setup(context, (state) => ({
    openState: async () => ({
      ...state,
      jobs: {
        ...state.jobs,
        find: (key) => {
          polls += 1;
          return state.jobs.find(key);
        },
      },
    }),
  }));
  const waiting = cli.call('enqueue', 'acme', '--job-id', 'j1', '--wait');
  await eventually(() => polls > 25, { describe: 'enough polls' });
  assert.equal(cli.interrupt(), 1);
  const { code, stderr } = await waiting;
  assert.equal(code, 1);
  assert.match(stderr, /no worker has taken acme\/j1 yet/);
  assert.match(stderr, /stopped following acme\/j1, which goes on: .* cancel acme j1\n$/);
  assert.equal(cli.interrupt(), 0, 'nobody listens any more');
});

test('every command that waits shows on a terminal what its job is doing', async (context) => {
  const window = ['--from', '2026-01-01', '--to', '2026-01-02'];
  for (const [command, ...options] of [
    ['enqueue'],
    ['verify'],
    ['repair', ...window],
    ['backfill', ...window],
  ]) {
    const { cli, state } = await setup(context, () => ({}), { tty: true });
    const waiting = cli.call(command ?? '', 'acme', ...options, '--job-id', 'j1', '--wait');
    await eventually(() => cli.stderr().includes('acme/j1 waiting for a worker'), { describe: 'a wait' });
    const lease = await halfDone(state, 'j1');
    await state.steps.start(lease, 1, 'load');
    await eventually(() => cli.stderr().includes(' 5,000/10,000 rows  '), { describe: () => cli.stderr() });
    await state.steps.start(lease, 1, 'verify');
    await eventually(() => cli.stderr().includes('comparing both sides (5,000 rows)'), {
      describe: 'a step',
    });
    await finish(state, lease);
    assert.equal((await waiting).code, 0);
  }
});

test('a job that waits for its next attempt says why, and until when', async (context) => {
  const { cli, state } = await setup(context, () => ({}), { tty: true });
  await state.jobs.retryLater(await claimed(state, 'j1'), 'warehouse_unavailable', 'no answer', 3_600_000);
  const waiting = cli.call('enqueue', 'acme', '--job-id', 'j1', '--wait');
  const said =
    /acme\/j1 tried in vain \(warehouse_unavailable\), next attempt after \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/;
  await eventually(() => said.test(cli.stderr()), { describe: () => cli.stderr() });
  cli.interrupt();
  assert.equal((await waiting).code, 1);
});

test('run prints one line at the end in a pipe, and the job as JSON when asked', async (context) => {
  const { cli } = await setup(context, (state) => ({ runJob: ({ jobId }) => finished(state, jobId) }));
  const line = await cli.call('run', 'acme', '--job-id', 'j1');
  assert.deepEqual([line.code, line.stderr], [0, '']);
  assert.match(line.stdout, /^acme\/j1 SUCCESS: 5,000 rows, 2\.0 MB in .*\n$/);
});

test('run --json prints nothing but the job, on a terminal too', async (context) => {
  const app = (state: State): Partial<CliApp> => ({
    runJob: async ({ jobId }, { onProgress }) => {
      onProgress({ rowsDone: 1, rowsEstimated: 2, bytesDone: 3 });
      return finished(state, jobId);
    },
  });
  const { cli } = await setup(context, app, { tty: true });
  const { code, stdout, stderr } = await cli.call('run', 'acme', '--job-id', 'j1', '--json');
  assert.deepEqual([code, stderr], [0, '']);
  const job = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([job['rows_read'], job['batches'] instanceof Array], [5_000, true]);
});

test('run draws a bar with rows, speed and time left on a terminal, on stderr', async (context) => {
  let nowMs = 0;
  const app = (state: State): Partial<CliApp> => ({
    runJob: async ({ jobId }, { onStep, onProgress }) => {
      onStep('load');
      onProgress({ rowsDone: 0, rowsEstimated: 10_000, bytesDone: 0 });
      nowMs += 2_000;
      onProgress({ rowsDone: 2_500, rowsEstimated: 10_000, bytesDone: 5_000_000 });
      return finished(state, jobId);
    },
  });
  const { cli } = await setup(context, app, { tty: true, now: () => new Date(nowMs) });
  const { stdout, stderr } = await cli.call('run', 'acme', '--job-id', 'j1');
  assert.match(stderr, /acme\/j1 .* 25% {2}2,500\/10,000 rows {2}2\.5 MB\/s {2}ETA 6\.0 s/);
  assert.doesNotMatch(stdout, /rows {2}/);
});

test('run refuses a paused organization and does not know an unknown one', async (context) => {
  const { cli, state } = await setup(context);
  await state.organizations.pause('acme');
  const paused = await cli.call('run', 'acme');
  assert.equal(paused.code, 4);
  assert.match(paused.stderr, /is paused: pulse-billing-etl org resume acme/);
  assert.equal((await cli.call('run', 'other')).code, 3);
  assert.equal((await cli.call('plan', 'other')).code, 3);
});

test('Ctrl-C in a run stops it at a checkpoint and says how it goes on', async (context) => {
  let started = false;
  const { cli } = await setup(context, (state) => ({
    runJob: async ({ jobId }, { signal }) => {
      const lease = await halfDone(state, jobId);
      started = true;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await state.jobs.interrupt(lease);
      return (await state.jobs.find(lease)) as JobRecord;
    },
  }));
  const running = cli.call('run', 'acme', '--job-id', 'j1');
  await eventually(() => started, { describe: 'the run to start' });
  assert.equal(cli.interrupt(), 1);
  assert.equal(cli.interrupt(), 0, 'a second Ctrl-C is left to the process');
  const { code, stderr } = await running;
  assert.equal(code, 1);
  assert.match(stderr, /stopping acme\/j1 at its next checkpoint/);
  assert.match(stderr, /goes on from its last checkpoint with: pulse-billing-etl run acme --job-id j1\n/);
  assert.match(stderr, /error: acme\/j1 has not ended: it is QUEUED/);
});

test('plan prints window, path and why, rows, bytes, cost and schema changes, and does nothing', async (context) => {
  const preview: PlanPreview = {
    plan: samplePlan({ estimatedBytes: 2 ** 40 }),
    why: 'new rows',
    schemaChanges: ['adds column labels', 'relaxes cost'],
    destinationExists: true,
  };
  const { cli, state } = await setup(context, () => ({ planJob: async () => preview }));
  const { code, stdout } = await cli.call('plan', 'acme');
  assert.equal(code, 0);
  for (const text of [
    'the beginning to 2026-01-31 23:00:00Z by export_time',
    'storage: source and destination are in different locations',
    'about 10,000',
    'about 1.1 TB',
    'give --price-per-tib',
    'adds column labels',
    'relaxes cost',
  ])
    assert.ok(stdout.includes(text), `${text} in\n${stdout}`);
  const json = await cli.json('plan', 'acme', '--json');
  assert.equal(json['destination_exists'], true);
  assert.deepEqual(json['schema_changes'], ['adds column labels', 'relaxes cost']);
  assert.deepEqual([json['estimated_cost'], json['price_per_tib']], [null, null]);
  const own = await cli.call('plan', 'acme', '--price-per-tib', '5.5');
  assert.match(own.stdout, /^cost +about 5\.50 at 5\.50 per TiB$/m);
  const ownJson = await cli.json('plan', 'acme', '--price-per-tib', '5.5', '--json');
  assert.deepEqual([ownJson['estimated_cost'], ownJson['price_per_tib']], [5.5, 5.5]);
  assert.equal((await cli.call('plan', 'acme', '--price-per-tib', 'cheap')).code, 2);
  assert.deepEqual(await state.jobs.list({}), []);
});

test('plan says when there is nothing to do', async (context) => {
  const preview = {
    plan: undefined,
    why: 'no rows since 2026-01-31',
    schemaChanges: [],
    destinationExists: false,
  };
  const { cli } = await setup(context, () => ({ planJob: async () => preview }));
  assert.equal((await cli.call('plan', 'acme')).stdout, 'nothing to do: no rows since 2026-01-31\n');
  assert.equal((await cli.json('plan', 'acme', '--json'))['plan'], null);
});

test('text from outside cannot steer the terminal', async (context) => {
  const { cli, state } = await setup(context);
  await state.jobs.fail(await claimed(state, 'j1'), 'row_rejected', 'bad\u001b[2J\nrow');
  const { stdout } = await cli.call('show', 'acme', 'j1');
  assert.match(stdout, /row_rejected: bad\\u001b\[2J\n {10,}row\n/);
});
