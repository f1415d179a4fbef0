// What people do to jobs that do not go on by themselves, against a real state: retry, resolve, and what is shown before.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CliApp } from '../../src/cli/app-port.ts';
import type { CommitSet } from '../../src/job/commit-set.ts';
import type { JobRequest, Lease } from '../../src/job/job.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import type { State } from '../../src/state/open-state.ts';
import { cliOn, memoryState, type Cli } from '../support/cli-call.ts';
import { at, samplePlan } from '../support/sample-records.ts';

type Setup = { readonly state: State; readonly cli: Cli; readonly published: JobRequest[] };

const COUNT_QUERY = "SELECT COUNT(*) FROM `destination-env.copies.acme` WHERE _etl_job_id = 'acme/j1/1'";

async function setup(context: TestContext, app: Partial<CliApp> = {}, given?: State): Promise<Setup> {
  const state = given ?? (await memoryState(context));
  const published: JobRequest[] = [];
  await state.organizations.set({
    organizationId: 'acme',
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-env', dataset: 'copies', table: 'acme' },
  });
  const publish = async (request: JobRequest): Promise<string> => `message-${published.push(request)}`;
  return { state, published, cli: cliOn({ app: { openState: async () => state, publish, ...app } }) };
}

const noBroker: Partial<CliApp> = { publish: () => Promise.reject(new Error('no topic here')) };

function request(differences: Partial<JobRequest> = {}): JobRequest {
  const [organizationId, jobId, jobType] = ['acme', 'j1', 'incremental'] as const;
  return { organizationId, jobId, jobType, window: undefined, requestedBy: 'me', ...differences };
}

async function claimed(state: State, asked = request()): Promise<Lease> {
  await state.jobs.admit(asked, 'message-0');
  const outcome = await state.jobs.claim(asked, 'worker-1', 60_000);
  if (outcome.kind !== 'claimed') assert.fail(outcome.kind);
  return outcome.lease;
}

async function failedJob(state: State, asked = request()): Promise<void> {
  await state.jobs.fail(await claimed(state, asked), 'schema_drift', 'cost became STRING');
}

/** acme/j1, whose commit of 5,000 rows in two streams nobody can prove. */
async function unprovenJob(state: State): Promise<void> {
  const lease = await claimed(state);
  await state.jobs.storePlan(lease, samplePlan());
  const batch = {
    ...{ stream: 0, batch: 0, readOffset: 0, writeOffset: 0, rowsRead: 5_001, rowsWritten: 5_000 },
    ...{ rowsDropped: 1, rowsQuarantined: 0, bytes: 1_000_000, totals: [], state: 'acknowledged' as const },
  };
  await state.batches.record(lease, 1, [batch], [batch]);
  const streams = ['s1', 's2'].map((name) => ({ name, rows: 2_500 }));
  const set: CommitSet = { kind: 'streams', lineage: 'acme/j1/1', streams };
  assert.equal((await state.jobs.decide(lease, 1, set)).kind, 'decided');
  await state.jobs.needOperator(lease, '3 of 5000 rows are there');
}

async function jobOf(state: State, jobId = 'j1'): Promise<JobRecord> {
  return (await state.jobs.find({ organizationId: 'acme', jobId })) ?? assert.fail(`no job ${jobId}`);
}

async function activeJob(state: State): Promise<string | undefined> {
  return (await state.organizations.find('acme'))?.activeJob;
}

test('a failed job is queued again with a new plan, audited, and published by whoever asked', async (context) => {
  const { cli, state, published } = await setup(context);
  await failedJob(state);
  const { code, stdout, stderr } = await cli.call('retry', 'acme', 'j1');
  assert.deepEqual(
    [code, stdout, stderr],
    [0, 'acme/j1 is queued again with a new plan, published as message message-1\n', ''],
  );
  const job = await jobOf(state);
  assert.deepEqual([job.status, job.planNumber, job.errorReason], ['QUEUED', 2, undefined]);
  assert.deepEqual(published, [request({ requestedBy: 'tester' })]);
  const [entry, ...more] = await state.audit.list({ action: 'retry' });
  assert.deepEqual([entry?.actor, entry?.subject, more], ['tester', 'acme/j1', []]);
  const error = { error_reason: 'schema_drift', error_message: 'cost became STRING' };
  const none = { error_reason: null, error_message: null };
  assert.deepEqual(entry?.before, { status: 'FAILED', plan_number: 1, attempts: 0, ...error });
  assert.deepEqual(entry.after, { status: 'QUEUED', plan_number: 2, attempts: 0, ...none });
});

test('a cancelled backfill is retried with the type and the window it was asked with', async (context) => {
  const { cli, state, published } = await setup(context);
  const window = { start: at('2026-01-01T00:00:00Z'), end: at('2026-02-01T00:00:00Z') };
  const january = request({ jobType: 'backfill', window });
  await state.jobs.admit(january, undefined);
  await state.jobs.requestCancel(january);
  const json = await cli.json('retry', 'acme', 'j1', '--json');
  assert.deepEqual([json['status'], json['job_type'], json['plan_number']], ['QUEUED', 'backfill', 2]);
  assert.deepEqual(published, [{ ...january, requestedBy: 'tester' }]);
});

test('a retried job that cannot be published is queued nevertheless, and the error says who runs it', async (context) => {
  const { cli, state } = await setup(context, noBroker);
  await failedJob(state);
  const { code, stdout, stderr } = await cli.call('retry', 'acme', 'j1', '--json');
  assert.equal(code, 1);
  assert.equal((JSON.parse(stdout) as Record<string, unknown>)['status'], 'QUEUED');
  assert.match(stderr, /^error: acme\/j1 is queued again .*, but publishing it failed \(no topic here\)/);
  assert.match(stderr, /a running worker publishes acme\/j1 by itself once two leases \(120 s\) have passed/);
  assert.match(stderr, /or run it here: pulse-billing-etl run acme --job-id j1\n$/);
  assert.equal((await state.audit.list({ action: 'retry' })).length, 1);
  assert.equal((await jobOf(state)).status, 'QUEUED');
});

test('without publishing, a retried job waits for whoever claims it', async (context) => {
  const { cli, state } = await setup(context, noBroker);
  await failedJob(state);
  const { code, stdout } = await cli.call('retry', 'acme', 'j1', '--no-publish');
  assert.equal(code, 0);
  assert.equal(
    stdout,
    'acme/j1 is queued again with a new plan; to run it here: pulse-billing-etl run acme --job-id j1\n',
  );
  assert.equal((await state.jobs.claim(request(), 'worker-2', 60_000)).kind, 'claimed');
});

test('a job that has not failed is not retried, and the refusal names its status', async (context) => {
  const { cli, state, published } = await setup(context);
  await unprovenJob(state);
  await state.jobs.admit(request({ jobId: 'queued' }), undefined);
  for (const [jobId, status] of [
    ['queued', 'QUEUED'],
    ['j1', 'COMMITTING'],
  ] as const) {
    const { code, stderr } = await cli.call('retry', 'acme', jobId);
    assert.equal(code, 4);
    assert.match(stderr, new RegExp(`error: acme/${jobId} is ${status}: only a job that failed`));
  }
  assert.deepEqual([published, await state.audit.list({})], [[], []]);
});

test('what is not there can be neither retried nor resolved', async (context) => {
  const { cli } = await setup(context);
  for (const argv of [
    ['retry', 'acme', 'none'],
    ['resolve', 'acme', 'none', '--committed'],
  ]) {
    const { code, stderr } = await cli.call(...argv);
    assert.equal(code, 3);
    assert.match(stderr, /there is no job "none" of organization "acme"/);
  }
});

test('a job resolved as committed ends, moves the watermark and frees its organization; claim and query come first', async (context) => {
  const { cli, state, published } = await setup(context, noBroker);
  await unprovenJob(state);
  const { code, stdout, stderr } = await cli.call('resolve', 'acme', 'j1', '--committed');
  assert.deepEqual([code, stdout], [0, 'acme/j1 is settled as committed: SUCCESS\n']);
  assert.equal(
    stderr,
    'settling acme/j1 as committed: the 5,000 rows of acme/j1/1 in destination-env.copies.acme count as copied\n' +
      `to check: ${COUNT_QUERY}\n`,
  );
  const job = await jobOf(state);
  assert.deepEqual([job.status, job.needsOperator], ['SUCCESS', false]);
  assert.deepEqual([job.rowsRead, job.rowsWritten, job.bytesWritten], [5_001, 5_000, 1_000_000]);
  const organization = await state.organizations.find('acme');
  assert.deepEqual([organization?.watermark, organization?.activeJob], [samplePlan().window.hi, undefined]);
  assert.deepEqual(published, []);
});

test('a job resolved as not committed plans anew, keeps its organization locked and is published again', async (context) => {
  const { cli, state, published } = await setup(context);
  await unprovenJob(state);
  const { code, stdout, stderr } = await cli.call('resolve', 'acme', 'j1', '--not-committed');
  assert.deepEqual(
    [code, stdout],
    [0, 'acme/j1 is settled as not committed and plans anew, published as message message-1\n'],
  );
  assert.match(stderr, /^settling acme\/j1 as not committed: none of the 5,000 rows of acme\/j1\/1 in /);
  assert.ok(stderr.endsWith(`\nto check: ${COUNT_QUERY}\n`), stderr);
  const job = await jobOf(state);
  assert.deepEqual([job.status, job.needsOperator, job.planNumber], ['IN_PROGRESS', false, 2]);
  assert.equal(await activeJob(state), 'j1');
  assert.equal((await state.organizations.find('acme'))?.watermark, undefined);
  assert.deepEqual(published, [request({ requestedBy: 'tester' })]);
});

test('a resolution is audited with the commit set it was about', async (context) => {
  const { cli, state } = await setup(context);
  await unprovenJob(state);
  const json = await cli.json('resolve', 'acme', 'j1', '--not-committed', '--no-publish', '--json');
  assert.deepEqual([json['status'], json['needs_operator'], json['plan_number']], ['IN_PROGRESS', false, 2]);
  const [entry] = await state.audit.list({ action: 'resolve' });
  const [before, after] = [entry?.before, entry?.after] as Record<string, unknown>[];
  assert.deepEqual([entry?.actor, entry?.subject], ['tester', 'acme/j1']);
  assert.deepEqual([before?.['status'], before?.['needs_operator']], ['COMMITTING', true]);
  assert.equal((before?.['commit_set'] as CommitSet).lineage, 'acme/j1/1');
  assert.deepEqual([after?.['status'], after?.['plan_number']], ['IN_PROGRESS', 2]);
  assert.deepEqual([after?.['needs_operator'], after?.['commit_set']], [false, null]);
});

test('a job settled as not committed that cannot be published is settled nevertheless', async (context) => {
  const { cli, state } = await setup(context, noBroker);
  await unprovenJob(state);
  const { code, stderr } = await cli.call('resolve', 'acme', 'j1', '--not-committed');
  assert.equal(code, 1);
  assert.match(stderr, /error: acme\/j1 is settled as not committed .*, but publishing it failed/);
  assert.equal((await jobOf(state)).needsOperator, false);
});

test('a job that needs no operator is not resolved', async (context) => {
  const { cli, state } = await setup(context);
  await failedJob(state);
  for (const claim of ['--committed', '--not-committed']) {
    const { code, stderr } = await cli.call('resolve', 'acme', 'j1', claim);
    assert.equal(code, 4);
    assert.match(
      stderr,
      /^error: acme\/j1 is FAILED and needs no operator.*\n$/,
      'nothing is claimed before',
    );
  }
  assert.deepEqual(await state.audit.list({}), []);
});

test('resolve takes exactly one of its two claims', async (context) => {
  const { cli, state } = await setup(context);
  await unprovenJob(state);
  for (const claims of [[], ['--committed', '--not-committed']]) {
    const { code, stderr } = await cli.call('resolve', 'acme', 'j1', ...claims);
    assert.equal(code, 2);
    assert.match(stderr, /^error: say what you found of acme\/j1: either --committed or --not-committed/);
  }
  assert.equal((await jobOf(state)).needsOperator, true);
});

test('a resolution that the database rejects is exit code 1 and not audited', async (context) => {
  const moved = new Error('the watermark was changed by hand');
  const state = await memoryState(context);
  const jobs = { ...state.jobs, resolveCommitted: () => Promise.reject(moved) };
  const { cli } = await setup(context, { openState: async () => ({ ...state, jobs }) }, state);
  await unprovenJob(state);
  const { code, stderr } = await cli.call('resolve', 'acme', 'j1', '--committed');
  assert.equal(code, 1);
  assert.match(stderr, /error: the watermark was changed by hand\n$/);
  assert.deepEqual(await state.audit.list({}), []);
});

test('show says what to count and what to type about a job that needs an operator', async (context) => {
  const { cli, state } = await setup(context);
  await unprovenJob(state);
  const { stdout } = await cli.call('show', 'acme', 'j1');
  for (const [name, value] of [
    ['count its rows', COUNT_QUERY],
    ['if 5,000', 'pulse-billing-etl resolve acme j1 --committed'],
    ['if 0', 'pulse-billing-etl resolve acme j1 --not-committed'],
  ] as const)
    assert.ok(stdout.includes(`\n${name.padEnd(14)}  ${value}\n`), `${name} in\n${stdout}`);
});

test('show says how to try a failed or cancelled job again, and nothing of the kind of others', async (context) => {
  const { cli, state } = await setup(context);
  await failedJob(state);
  await state.jobs.admit(request({ jobId: 'j2' }), undefined);
  const line = /^to try again +pulse-billing-etl retry acme j[12]$/m;
  assert.match((await cli.call('show', 'acme', 'j1')).stdout, line);
  assert.doesNotMatch((await cli.call('show', 'acme', 'j2')).stdout, /to try again/);
  await cli.call('cancel', 'acme', 'j2');
  assert.match((await cli.call('show', 'acme', 'j2')).stdout, line);
});

test('a run of a job that needs an operator is not begun and says what to type', async (context) => {
  const runJob = () => assert.fail('nobody may run it');
  const { cli, state } = await setup(context, { runJob });
  await unprovenJob(state);
  const { code, stderr } = await cli.call('run', 'acme', '--job-id', 'j1');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /error: acme\/j1 needs an operator \(commit_ambiguous: 3 of 5000 rows are there; count/,
  );
  for (const claim of ['--committed', '--not-committed'])
    assert.ok(stderr.includes(`pulse-billing-etl resolve acme j1 ${claim}`), stderr);
});

test('following a job to a failure or a cancellation ends with how to try it again', async (context) => {
  const { cli, state } = await setup(context);
  await failedJob(state);
  const failure = await cli.call('enqueue', 'acme', '--job-id', 'j1', '--wait');
  assert.match(failure.stderr, /cost became STRING; once that is mended: pulse-billing-etl retry acme j1\n$/);
  await state.jobs.admit(request({ jobId: 'j2' }), undefined);
  await cli.call('cancel', 'acme', 'j2');
  const cancelled = await cli.call('enqueue', 'acme', '--job-id', 'j2', '--wait');
  assert.match(
    cancelled.stderr,
    /j2 was cancelled; if it is wanted after all: pulse-billing-etl retry acme j2\n$/,
  );
});
