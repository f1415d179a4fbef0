// Rows that wait in a staging table become visible by one recorded job: whatever happens to it, once or not at all.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TerminalError, TransientError } from '../../src/job/errors.ts';
import type { State } from '../../src/state/open-state.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { onCalls } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 7;
const lost = new TransientError('warehouse_unavailable', 'the reply was lost');

function aRig(context: TestContext): Promise<EtlRig> {
  return etlRig(context, ROWS, { oneWarehouse: true });
}

function stagingTables(rig: EtlRig): readonly string[] {
  return rig.destination.tables().filter((name) => name.includes('staging'));
}

function commits(rig: EtlRig): number {
  return rig.log.entries('committed').length;
}

test('rows are staged by a query, added by one recorded job, and nothing of it stays', async (context) => {
  const rig = await aRig(context);
  const { outcome, job } = await rig.run();

  assert.deepEqual(outcome, { kind: 'success' });
  assert.equal(job.plan?.writePath, 'query');
  assert.match(job.plan.writePathReason, /both sides are in EU under one identity/);
  assert.ok(job.commitSet?.kind === 'job');
  assert.deepEqual([job.commitSet.lineage, job.commitSet.rows], ['acme/job/1', ROWS]);
  assert.deepEqual([job.rowsRead, job.rowsWritten, job.bytesWritten], [ROWS, ROWS, ROWS * 100]);
  assert.deepEqual(stagingTables(rig), []);
  await rig.assertCopied();
});

test('the next window is appended behind the first, by a job of its own', async (context) => {
  const rig = await aRig(context);
  await rig.run({ jobId: 'first' });
  await rig.clock.advance(3_600_000);
  rig.addRows(3);
  const { job } = await rig.run({ jobId: 'second' });
  assert.deepEqual([job.rowsWritten, commits(rig)], [3, 2]);
  await rig.assertCopied();
});

test('a job whose insertion was answered to nobody is found by the next run, and not run twice', async (context) => {
  const rig = await aRig(context);
  rig.destination.faults = onCalls('runCommitJob', [1], { kind: 'reply_lost', error: lost });
  const first = await rig.run();
  assert.deepEqual([first.outcome.kind, first.job.status], ['waiting', 'COMMITTING']);
  assert.equal(rig.destination.rows(rig.to).length, ROWS);

  const { job } = await rig.runToEnd({ owner: 'another-worker' });

  assert.deepEqual([job.status, job.planNumber, commits(rig)], ['SUCCESS', 1, 1]);
  await rig.assertCopied();
});

test('after the decision even a terminal error of the insertion only means later', async (context) => {
  const rig = await aRig(context);
  const denied = new TerminalError('access_denied', 'not allowed, for now');
  rig.destination.faults = onCalls('runCommitJob', [1, 2, 3, 4, 5, 6], {
    kind: 'request_lost',
    error: denied,
  });
  const { job } = await rig.runToEnd();
  assert.deepEqual([job.status, job.planNumber], ['SUCCESS', 1]);
  await rig.assertCopied();
});

test('an insertion that was refused for a moment costs nothing but that moment', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobRefusal = new TerminalError('access_denied', 'bigquery.jobs.create is missing');
  const { outcome, job } = await rig.run();
  assert.deepEqual([outcome.kind, job.status, job.errorReason], ['waiting', 'COMMITTING', 'access_denied']);
  assert.ok(outcome.kind === 'waiting');
  assert.ok(outcome.nextAttemptAt - rig.clock.nowMicros() >= 3_000_000n, 'it is tried again at once');
  rig.destination.jobRefusal = undefined;
  const ended = await rig.runToEnd();
  assert.deepEqual([ended.job.status, ended.job.planNumber], ['SUCCESS', 1]);
  await rig.assertCopied();
});

test('an insertion that is refused for good fails the job and frees the organization, and can have no effect later', async (context) => {
  const rig = await aRig(context);
  const refusal = new TerminalError('access_denied', 'bigquery.jobs.create is missing');
  rig.destination.jobRefusal = refusal;
  const { job: decided } = await rig.run();
  const { outcome, job } = await rig.runToEnd();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'access_denied', message: refusal.message });
  assert.deepEqual([job.status, job.commitSet, job.planNumber], ['FAILED', undefined, 2]);
  assert.equal((await rig.state.organizations.find('acme'))?.activeJob, undefined);
  assert.deepEqual(stagingTables(rig), []);

  rig.destination.jobRefusal = undefined;
  assert.ok(decided.commitSet?.kind === 'job');
  const late = await strictDestination(rig.destination, 'zombie').runCommitJob(decided.commitSet);
  assert.equal(late.kind, 'failed');
  assert.deepEqual(rig.destination.rows(rig.to), []);
  assert.equal((await rig.state.jobs.retry(job)).kind, 'queued');
  assert.equal((await rig.runToEnd()).outcome.kind, 'success');
  await rig.assertCopied();
});

test('an insertion of another worker that got through while ours was refused is found, and the job finished', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobRefusal = new TerminalError('access_denied', 'bigquery.jobs.create is missing');
  const { job: decided } = await rig.run();
  assert.ok(decided.commitSet?.kind === 'job');
  const { commitSet } = decided;
  const { job } = await rig.runToEnd({
    destination: (real) => ({
      ...real,
      dropTable: async (table) => {
        rig.destination.jobRefusal = undefined;
        if (commits(rig) === 0) await strictDestination(rig.destination, 'zombie').runCommitJob(commitSet);
        return real.dropTable(table);
      },
    }),
  });
  assert.deepEqual([job.status, job.planNumber, commits(rig)], ['SUCCESS', 1, 1]);
  await rig.assertCopied();
});

test('streams that a zombie commits into the staging table after the decision are not made visible', async (context) => {
  const rig = await etlRig(context, ROWS);
  await rig.state.organizations.set({ organizationId: 'acme', verifyLevel: 'fingerprint' });
  let zombies = 0;
  const { job } = await rig.runToEnd({
    destination: (real) => ({
      ...real,
      async runCommitJob(set) {
        zombies += 1;
        const [project = '', dataset = '', table = ''] = stagingTables(rig)[0]!.split('.');
        const staging = { project, dataset, table };
        if (zombies === 1) rig.destination.addRows(staging, rig.destination.rows(staging));
        return real.runCommitJob(set);
      },
    }),
  });
  assert.deepEqual([job.status, job.planNumber, job.attempts, zombies], ['SUCCESS', 2, 1, 2]);
  assert.deepEqual(stagingTables(rig), []);
  await rig.assertCopied();
});

test('an insertion that is refused where nobody may find out what else happens needs an operator', async (context) => {
  const rig = await aRig(context);
  const refusal = new TerminalError('access_denied', 'not allowed');
  rig.destination.jobRefusal = refusal;
  rig.destination.faults = ({ operation }) =>
    operation === 'dropTable' ? { kind: 'request_lost', error: refusal } : undefined;
  const { outcome, job } = await rig.runToEnd();
  assert.deepEqual([outcome.kind, job.needsOperator], ['needs_operator', true]);
  assert.match(
    job.errorMessage ?? '',
    /is refused .*, and so is finding out .*resolve acme job --committed or/,
  );
});

test('a job that failed had no effect: the next plan stages again and commits under another id', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobError = new TransientError('warehouse_unavailable', 'Job exceeded its slots');
  const first = await rig.run();
  assert.ok(first.outcome.kind === 'waiting', first.outcome.kind);
  assert.deepEqual(
    [first.outcome.reason, first.job.status, first.job.planNumber, first.job.attempts],
    ['warehouse_unavailable', 'QUEUED', 2, 1],
  );
  assert.equal(first.job.commitSet, undefined);
  assert.deepEqual(rig.destination.rows(rig.to), []);

  const { job } = await rig.runToEnd();

  assert.ok(job.commitSet?.kind === 'job');
  assert.equal(job.commitSet.lineage, 'acme/job/2');
  assert.equal(rig.destination.jobs.size, 2);
  assert.deepEqual(stagingTables(rig), []);
  await rig.assertCopied();
});

test('a job that failed for good fails ours, and leaves the organization free', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobError = new TerminalError('access_denied', 'bigquery.tables.updateData is missing');
  const { outcome, job } = await rig.run();
  assert.deepEqual([outcome.kind, job.status, job.errorReason], ['failed', 'FAILED', 'access_denied']);
  assert.equal((await rig.state.organizations.find('acme'))?.activeJob, undefined);
  assert.deepEqual(rig.destination.rows(rig.to), []);
});

test('rows recently written by others are waited for, half an hour at least', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobError = new TransientError('recently_written', 'rows in the streaming buffer');
  const { outcome } = await rig.run();
  assert.ok(outcome.kind === 'waiting');
  assert.ok(outcome.nextAttemptAt - rig.clock.nowMicros() >= 1_800_000_000n);
});

test('another job under the recorded id needs an operator, who is told what to type', async (context) => {
  const rig = await aRig(context);
  rig.destination.faults = ({ operation }) => {
    const committing = operation === 'runCommitJob' && rig.destination.jobs.size === 0;
    return committing ? { kind: 'request_lost', error: lost } : undefined;
  };
  const { job } = await rig.run();
  assert.ok(job.commitSet?.kind === 'job');
  const { jobId } = job.commitSet;
  rig.destination.jobs.set(jobId, { configurationHash: 'another', outcome: { kind: 'done' } });

  const { outcome, job: ended } = await rig.runToEnd();

  assert.deepEqual(outcome, { kind: 'needs_operator' });
  assert.deepEqual([ended.status, ended.needsOperator], ['COMMITTING', true]);
  for (const part of [
    `bq show --location=EU -j source-env:${jobId}`,
    'pulse-billing-etl show acme job',
    'pulse-billing-etl resolve acme job --committed or --not-committed',
  ])
    assert.ok(ended.errorMessage?.includes(part), ended.errorMessage);
  assert.equal((await rig.state.organizations.find('acme'))?.activeJob, 'job');
  assert.equal((await rig.state.jobs.resolveNotCommitted(ended)).kind, 'replanned');
  const resolved = await rig.runToEnd();
  assert.deepEqual([resolved.job.status, resolved.job.planNumber], ['SUCCESS', 2]);
  await rig.assertCopied();
});

test('a job that failed although its rows are there took effect long ago, and is finished', async (context) => {
  const rig = await aRig(context);
  rig.destination.faults = onCalls('runCommitJob', [1], { kind: 'reply_lost', error: lost });
  await rig.run();
  // BigQuery has forgotten the job and its staging table: the id runs again, for nothing.
  rig.destination.jobs.clear();
  for (const name of stagingTables(rig)) {
    const [project = '', dataset = '', table = ''] = name.split('.');
    rig.destination.dropTable({ project, dataset, table });
  }
  const { job } = await rig.runToEnd();
  assert.deepEqual([job.status, job.planNumber, commits(rig)], ['SUCCESS', 1, 1]);
  await rig.assertCopied();
});

test('a failed job with some of its rows there needs an operator', async (context) => {
  const rig = await aRig(context);
  rig.destination.jobError = new TerminalError('invalid_request', 'broken');
  const torn = (real: State): State => ({
    ...real,
    jobs: {
      ...real.jobs,
      decide: async (...given) => {
        rig.destination.addRows(rig.to, [{ id: 1n, _etl_job_id: 'acme/job/1' }]);
        return real.jobs.decide(...given);
      },
    },
  });
  const { outcome, job } = await rig.run({ state: torn });
  assert.deepEqual(outcome, { kind: 'needs_operator' });
  assert.match(
    job.errorMessage ?? '',
    /1 of 7 rows of acme\/job\/1 are in .*, though the commit job .* failed/,
  );
});

test('a staging table that does not hold what the source holds is never committed', async (context) => {
  const rig = await aRig(context);
  const { outcome, job } = await rig.run({
    destination: (real) => ({
      ...real,
      totalsOf: async (table, location, columns) => {
        rig.destination.addRows(table, [{ id: 99n, cost: 1, currency: 'EUR' }]);
        return real.totalsOf(table, location, columns);
      },
    }),
  });
  assert.deepEqual([outcome.kind, job.errorReason, commits(rig)], ['failed', 'verification_mismatch', 0]);
});

test('a staging table that removed itself while the job waited is made again', async (context) => {
  const rig = await aRig(context);
  rig.source.faults = onCalls('totals', [1], { kind: 'request_lost', error: lost });
  await rig.run();
  const [name = ''] = stagingTables(rig);
  const [project = '', dataset = '', table = ''] = name.split('.');
  rig.destination.dropTable({ project, dataset, table });
  const { job } = await rig.runToEnd();
  assert.deepEqual([job.status, job.planNumber], ['SUCCESS', 1]);
  await rig.assertCopied();
});

test('a staged copy is not staged again by the next run', async (context) => {
  const rig = await aRig(context);
  let staged = 0;
  rig.source.faults = ({ operation, count }) => {
    if (operation === 'stageSlice') staged = count;
    return operation === 'totals' && count === 1 ? { kind: 'request_lost', error: lost } : undefined;
  };
  await rig.run();
  await rig.runToEnd();
  assert.equal(staged, 1);
  await rig.assertCopied();
});

for (const { when, settings, obstacle } of [
  {
    when: 'storage is configured',
    settings: { writePath: 'storage' },
    obstacle: /the configuration says storage/,
  },
  {
    when: 'the sides have different identities',
    settings: { sourceServiceAccount: 'reader@example.iam.gserviceaccount.com' },
    obstacle: /different service accounts/,
  },
] as const)
  test(`rows are streamed where ${when}`, async (context) => {
    const rig = await aRig(context);
    await rig.state.organizations.set({ organizationId: 'acme', ...settings });
    const { job } = await rig.run();
    assert.equal(job.plan?.writePath, 'storage');
    assert.match(job.plan.writePathReason, obstacle);
    await rig.assertCopied();
  });

test('the query path that is demanded between two locations is refused with what to type', async (context) => {
  const rig = await etlRig(context, ROWS);
  await rig.state.organizations.set({ organizationId: 'acme', writePath: 'query' });
  const { outcome } = await rig.run();
  assert.ok(outcome.kind === 'failed');
  assert.equal(outcome.reason, 'invalid_configuration');
  assert.match(
    outcome.message,
    /the source is in EU and the destination in US.*org set acme --write-path auto/,
  );
});
