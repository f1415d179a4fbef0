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
  const rig = await failingBeforeDecision(context, new TransientError('stream_lost', 'not now'));
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
  assert.deepEqual(outcome, { kind: 'failed', reason: 'stream_lost', message: 'not now' });
  assert.deepEqual([job.status, job.errorReason, job.errorMessage], ['FAILED', 'stream_lost', 'not now']);
  assert.deepEqual(rig.destination.rows(rig.to), []);
});

for (const reason of ['warehouse_unavailable', 'rate_limited', 'quota_exceeded'] as const)
  test(`an hour of ${reason} costs no job its life, and one without end does`, async (context) => {
    // By default: MAX_RETRIES and RETRY_DELAY of spec.md §7, and the least that chance can make of every delay.
    const settings = { maxRetries: 3, retryDelayMs: 5_000 };
    const hurried = { settings, random: () => 0 };
    const rig = await failingBeforeDecision(context, new TransientError(reason, 'not now'));
    const beganAt = rig.clock.nowMicros();
    let attempts = 0;
    for (;;) {
      const { outcome, job } = await rig.run(hurried);
      if (outcome.kind === 'failed') break;
      assert.ok(outcome.kind === 'waiting', outcome.kind);
      assert.ok(outcome.nextAttemptAt - rig.clock.nowMicros() <= 10n * MINUTE, 'it waits too long');
      attempts += 1;
      assert.equal(job.attempts, attempts);
      await rig.clock.advance(Number((outcome.nextAttemptAt - rig.clock.nowMicros()) / 1000n) + 1);
    }
    assert.ok(rig.clock.nowMicros() - beganAt >= 60n * MINUTE, 'it was given up within an hour');
    assert.equal(attempts, 21);
  });

test('where no attempt is wanted, an outage fails the job at once', async (context) => {
  const rig = await failingBeforeDecision(context, new TransientError('warehouse_unavailable', 'not now'));
  const { outcome } = await rig.run({ settings: { maxRetries: 0 } });
  assert.equal(outcome.kind, 'failed');
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
  const rig = await failingBeforeDecision(context, new TerminalError('schema_drift', 'another type'));
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'schema_drift', message: 'another type' });
  assert.deepEqual([job.status, job.attempts], ['FAILED', 0]);
});

test('a refusal in the middle of a job is looked at once more, not at once, and is believed the second time', async (context) => {
  const rig = await failingBeforeDecision(context, new TerminalError('access_denied', 'not allowed'));
  const first = await rig.run();
  assert.ok(first.outcome.kind === 'waiting', first.outcome.kind);
  assert.deepEqual(
    [first.outcome.reason, first.job.status, first.job.attempts],
    ['access_denied', 'QUEUED', 1],
  );
  const delay = first.outcome.nextAttemptAt - rig.clock.nowMicros();
  assert.ok(delay >= 3_000_000n && delay <= 6_000_000n, `${delay} µs of a second's RETRY_DELAY`);
  await rig.clock.advance(10_000);
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'access_denied', message: 'not allowed' });
  assert.deepEqual([job.status, job.attempts], ['FAILED', 1]);
});

test('a refusal that was passing costs a job nothing but a moment', async (context) => {
  const rig = await etlRig(context, 6);
  const error = new TerminalError('access_denied', 'the role is not there yet');
  rig.source.faults = onCalls('totals', [1], { kind: 'request_lost', error });
  const { job } = await rig.runToEnd();
  assert.deepEqual([job.status, job.attempts], ['SUCCESS', 1]);
  await rig.assertCopied();
});

test('a job that is refused before it has a plan fails at once', async (context) => {
  const rig = await etlRig(context, 6);
  const error = new TerminalError('access_denied', 'not allowed');
  rig.source.faults = ({ operation }) =>
    operation === 'describe' ? { kind: 'request_lost', error } : undefined;
  const { outcome, job } = await rig.run();
  assert.deepEqual([outcome.kind, job.plan, job.attempts], ['failed', undefined, 0]);
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

test('the longer a commit has failed, the longer the next try is waited for, ten minutes at most', async (context) => {
  const rig = await failingAfterDecision(context, new TransientError('warehouse_unavailable', 'not now'));
  const delays: number[] = [];
  for (let runs = 0; runs < 20; runs += 1) {
    const { outcome } = await rig.run();
    assert.ok(outcome.kind === 'waiting', outcome.kind);
    delays.push(Number(outcome.nextAttemptAt - rig.clock.nowMicros()) / 1e6);
    await rig.clock.advance(1000 * Math.ceil(delays.at(-1) ?? 0) + 1000);
  }
  // Half of what may be waited at most: random is 0.5.
  assert.equal(delays[0], 0.5);
  assert.ok(
    delays.every((delay, at) => at === 0 || delay >= (delays[at - 1] ?? 0)),
    delays.join(),
  );
  assert.deepEqual(delays.slice(-2), [300, 300]);
});

for (const oneWarehouse of [false, true])
  test(`a job whose window another has covered while it waited plans anew, finds nothing and copies nothing twice, ${oneWarehouse ? 'staged' : 'streamed'}`, async (context) => {
    const rig = await etlRig(context, 6, { oneWarehouse });
    const error = new TransientError('warehouse_unavailable', 'not now');
    rig.source.faults = onCalls('totals', [1], { kind: 'request_lost', error });
    assert.equal((await rig.run({ jobId: 'first' })).outcome.kind, 'waiting');
    assert.equal((await rig.run({ jobId: 'second' })).outcome.kind, 'success');
    await rig.clock.advance(60_000);

    const { outcome, job } = await rig.run({ jobId: 'first' });

    assert.deepEqual([outcome.kind, job.planNumber, job.rowsWritten], ['success', 2, 0]);
    assert.deepEqual(
      rig.destination.tables().filter((name) => name.includes('staging')),
      [],
    );
    await rig.assertCopied();
  });

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
  const rig = await failingBeforeDecision(context, new TerminalError('schema_drift', 'another type'));
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
