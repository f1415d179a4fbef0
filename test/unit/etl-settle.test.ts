// How a run that did not succeed is settled: by what its error means and by how far the job had come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunStopped, type StopCause } from '../../src/etl/run.ts';
import { LeaseLostError, TerminalError, TransientError, type JobError } from '../../src/job/errors.ts';
import type { State } from '../../src/state/open-state.ts';
import { onCalls } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const MINUTE = 60_000_000n;

/** A rig whose source fails each time it is asked for its totals, which is just before the decision. */
async function failingBeforeDecision(
  context: Parameters<typeof etlRig>[0],
  error: JobError,
): Promise<EtlRig> {
  const rig = await etlRig(context, 6);
  rig.source.faults = ({ operation }) =>
    operation === 'totals' ? { kind: 'request_lost', error } : undefined;
  return rig;
}

/** A rig whose destination refuses every commit. */
async function failingAfterDecision(context: Parameters<typeof etlRig>[0], error: JobError): Promise<EtlRig> {
  const rig = await etlRig(context, 6);
  rig.destination.faults = ({ operation }) =>
    operation === 'commitWriteStreams' ? { kind: 'request_lost', error } : undefined;
  return rig;
}

test('a transient error is an attempt, and is waited for longer each time until the job fails of it', async (context) => {
  const rig = await failingBeforeDecision(context, new TransientError('warehouse_unavailable', 'not now'));
  // Half of 1, 2 and 4 seconds: random is 0.5.
  for (const [attempt, delay] of [500_000n, 1_000_000n, 2_000_000n].entries()) {
    const { outcome, job } = await rig.run();
    assert.ok(outcome.kind === 'waiting', outcome.kind);
    assert.deepEqual([job.status, job.attempts], ['QUEUED', attempt + 1]);
    assert.equal(outcome.nextAttemptAt - rig.clock.nowMicros(), delay);
    assert.equal((await rig.state.organizations.find('acme'))?.activeJob, undefined);
    await rig.clock.advance(10_000);
  }
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'warehouse_unavailable', message: 'not now' });
  assert.deepEqual(
    [job.status, job.errorReason, job.errorMessage],
    ['FAILED', 'warehouse_unavailable', 'not now'],
  );
  assert.deepEqual(rig.destination.rows(rig.to), []);
});

test('an exhausted quota is waited for longer, and what the service asks for is kept', async (context) => {
  const quota = await failingBeforeDecision(context, new TransientError('quota_exceeded', 'too much'));
  const waits = await quota.run();
  assert.ok(waits.outcome.kind === 'waiting');
  assert.equal(waits.outcome.nextAttemptAt - quota.clock.nowMicros(), 6_000_000n);

  const error = new TransientError('warehouse_unavailable', 'in ten minutes', { retryAfterMs: 600_000 });
  const asked = await (await failingBeforeDecision(context, error)).run();
  assert.ok(asked.outcome.kind === 'waiting');
  assert.ok(asked.outcome.nextAttemptAt - asked.job.createdAt >= 10n * MINUTE);
});

test('a terminal error before the decision fails the job at once', async (context) => {
  const rig = await failingBeforeDecision(context, new TerminalError('access_denied', 'not allowed'));
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'access_denied', message: 'not allowed' });
  assert.deepEqual([job.status, job.attempts], ['FAILED', 0]);
});

test('an error that nobody classified is transient and called unknown', async (context) => {
  const rig = await etlRig(context, 6);
  const { outcome } = await rig.run({
    source: (real) => ({ ...real, totals: () => Promise.reject(new TypeError('x is not a function')) }),
  });
  assert.ok(outcome.kind === 'waiting');
  assert.deepEqual([outcome.reason, outcome.message], ['unknown', 'x is not a function']);
});

for (const error of [
  new TransientError('warehouse_unavailable', 'not now'),
  new TerminalError('access_denied', 'not allowed'),
]) {
  test(`after the decision a ${error.outcome} error only means later, however often it comes`, async (context) => {
    const rig = await failingAfterDecision(context, error);
    for (let runs = 0; runs < 10; runs += 1) {
      const { outcome, job } = await rig.run();
      assert.ok(outcome.kind === 'waiting', outcome.kind);
      assert.deepEqual([job.status, job.planNumber, job.errorReason], ['COMMITTING', 1, error.reason]);
      await rig.clock.advance(11 * 60_000);
    }
    rig.destination.faults = () => undefined;
    assert.equal((await rig.runToEnd()).outcome.kind, 'success');
    await rig.assertCopied();
  });
}

test('a snapshot that has expired makes the job plan anew, with a new one', async (context) => {
  const rig = await etlRig(context, 6);
  const expired = new TransientError('snapshot_expired', 'too old');
  rig.source.faults = onCalls('openReadSession', [1], { kind: 'request_lost', error: expired });
  const { outcome, job } = await rig.run();
  assert.ok(outcome.kind === 'waiting');
  assert.deepEqual(
    [outcome.reason, job.plan, job.planNumber, job.attempts],
    ['snapshot_expired', undefined, 2, 1],
  );

  const ended = await rig.runToEnd();

  assert.deepEqual([ended.outcome.kind, ended.job.planNumber], ['success', 2]);
  await rig.assertCopied();
});

test('a job that rested beyond time travel plans anew by itself', async (context) => {
  const rig = await etlRig(context, 6);
  const drain = new AbortController();
  rig.destination.faults = ({ operation }) => {
    if (operation === 'append') drain.abort(new RunStopped('drain'));
    return undefined;
  };
  assert.equal((await rig.run({ signal: drain.signal })).outcome.kind, 'interrupted');
  rig.destination.faults = () => undefined;
  await rig.clock.advance(8 * 86_400_000);

  const { outcome, job } = await rig.runToEnd();

  assert.deepEqual([outcome.kind, job.planNumber], ['success', 2]);
  await rig.assertCopied();
});

test('a lost lease is settled without a trace', async (context) => {
  const rig = await failingBeforeDecision(context, new LeaseLostError('somebody else has it'));
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'lost' });
  assert.deepEqual(
    [job.status, job.attempts, job.errorReason, job.leaseOwner],
    ['IN_PROGRESS', 0, undefined, 'worker'],
  );
});

test('an outage of the database is no attempt, however often it comes', async (context) => {
  const rig = await etlRig(context, 6);
  const outage = (real: State): State => ({
    ...real,
    batches: {
      ...real.batches,
      record: () => Promise.reject(new TransientError('database_unavailable', 'the connection broke')),
    },
  });
  for (let runs = 1; runs <= 10; runs += 1) {
    const { outcome, job, notes } = await rig.run({ state: outage });
    assert.deepEqual(outcome, { kind: 'interrupted' });
    assert.deepEqual([job.status, job.attempts, job.interruptions], ['QUEUED', 0, runs]);
    assert.match(notes.join(), /the database could not be reached.*the connection broke/);
  }
  assert.equal((await rig.run()).outcome.kind, 'success');
  await rig.assertCopied();
});

test('an end that cannot be recorded is left to the lease', async (context) => {
  const rig = await failingBeforeDecision(context, new TerminalError('access_denied', 'not allowed'));
  const gone = (real: State): State => ({
    ...real,
    jobs: {
      ...real.jobs,
      fail: () => Promise.reject(new TransientError('database_unavailable', 'the database is gone')),
    },
  });
  const { outcome, job } = await rig.run({ state: gone });
  assert.deepEqual(outcome, { kind: 'unsettled', message: 'the database is gone' });
  assert.equal(job.status, 'IN_PROGRESS');
  await rig.clock.advance(61_000);
  assert.equal((await rig.run()).outcome.kind, 'failed');
});

const STOPS: readonly { readonly cause: StopCause; readonly outcome: string; readonly status: string }[] = [
  { cause: 'drain', outcome: 'interrupted', status: 'QUEUED' },
  { cause: 'paused', outcome: 'interrupted', status: 'QUEUED' },
  { cause: 'cancelled', outcome: 'cancelled', status: 'CANCELLED' },
  { cause: 'lease_lost', outcome: 'lost', status: 'IN_PROGRESS' },
];

for (const { cause, outcome: expected, status } of STOPS) {
  test(`a run stopped by ${cause} ends as ${expected}, and no attempt is counted`, async (context) => {
    const rig = await etlRig(context, 30);
    const stop = new AbortController();
    rig.destination.faults = ({ operation, count }) => {
      if (operation === 'append' && count === 3) stop.abort(new RunStopped(cause));
      return undefined;
    };
    const { outcome, job } = await rig.run({ signal: stop.signal });
    assert.equal(outcome.kind, expected);
    assert.deepEqual([job.status, job.attempts], [status, 0]);
    assert.deepEqual(rig.destination.rows(rig.to), []);
  });
}

test('a stop after the decision is not heeded: the job is carried to its end', async (context) => {
  const rig = await etlRig(context, 6);
  const stop = new AbortController();
  rig.destination.faults = ({ operation }) => {
    if (operation === 'commitWriteStreams') stop.abort(new RunStopped('drain'));
    return undefined;
  };
  assert.equal((await rig.run({ signal: stop.signal })).outcome.kind, 'success');
  await rig.assertCopied();
});

test('a stop after the decision whose commit failed hands the decided job over', async (context) => {
  const rig = await failingAfterDecision(context, new TransientError('warehouse_unavailable', 'not now'));
  const stop = new AbortController();
  const refuse = rig.destination.faults;
  rig.destination.faults = (call) => {
    if (call.operation === 'commitWriteStreams') stop.abort(new RunStopped('drain'));
    return refuse(call);
  };
  const { outcome, job } = await rig.run({ signal: stop.signal });
  assert.deepEqual([outcome.kind, job.status, job.leaseOwner], ['interrupted', 'COMMITTING', undefined]);
  rig.destination.faults = () => undefined;
  assert.equal((await rig.run({ owner: 'successor' })).outcome.kind, 'success');
  await rig.assertCopied();
});
