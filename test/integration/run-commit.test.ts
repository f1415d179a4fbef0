// The commit protocol on real parts: decided once, rolled forward whatever happens, and planned anew only when proven to have had no effect.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitOutcome, Destination } from '../../src/etl/destination.ts';
import { RunStopped } from '../../src/etl/run.ts';
import type { Source } from '../../src/etl/source.ts';
import { TerminalError, TransientError } from '../../src/job/errors.ts';
import type { State } from '../../src/state/open-state.ts';
import { destinationEnvironment, sourceBigQuery } from '../support/environment.ts';
import {
  newCopy,
  openRuns,
  openWarehouses,
  ownStandIn,
  sqlName,
  type Copy,
  type Ran,
  type RunOptions,
} from './run-setup.ts';

const runs = openRuns();
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const HI = 1_767_225_600_000_000n;

/** A copy of seven rows that makes two streams. */
async function aCopy(): Promise<Copy> {
  const copy = await runs().newCopy(COLUMNS);
  const row = (id: number): string => `(${id}, 0.5, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`;
  await copy.insert([1, 2, 3, 4, 5, 6, 6].map(row).join(', '));
  return copy;
}

/** A destination whose first commit is done by the function given; later ones are real. */
function firstCommit(
  instead: (real: () => Promise<CommitOutcome>) => Promise<CommitOutcome>,
): (real: Destination) => Destination {
  let commits = 0;
  return (real) => ({
    ...real,
    commitWriteStreams: (table, streams) => {
      const commit = (): Promise<CommitOutcome> => real.commitWriteStreams(table, streams);
      commits += 1;
      return commits === 1 ? instead(commit) : commit();
    },
  });
}

const ambiguous: CommitOutcome = { kind: 'ambiguous', message: 'the streams cannot be asked any more' };
const lostReply = new TransientError('warehouse_unavailable', 'the reply was lost');

async function hasArrived(copy: Copy, planNumber = 1): Promise<void> {
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  const [lineage, ...others] = Object.keys(await copy.lineages());
  assert.deepEqual(others, []);
  assert.ok(lineage?.endsWith(`/${planNumber}`), lineage);
  assert.equal(await copy.watermark(), HI);
}

async function hasNotArrived(copy: Copy): Promise<void> {
  const described = await runs().warehouses.destination.describe(copy.destination);
  if (described) assert.deepEqual(await copy.destinationRows(), []);
  assert.equal(await copy.watermark(), undefined);
}

/** The run must have been put off for the reason, with the commit still to be rolled forward. */
function assertCommitting({ outcome, job }: Ran, reason: string): void {
  assert.ok(outcome.kind === 'waiting', outcome.kind);
  assert.deepEqual([outcome.reason, job.status, job.planNumber], [reason, 'COMMITTING', 1]);
  assert.notEqual(job.commitSet, undefined);
}

async function activeJob(copy: Copy): Promise<string | undefined> {
  return (await runs().state.organizations.find(copy.organizationId))?.activeJob;
}

test('a commit whose reply was lost is found done by the next run, and no row is doubled', async () => {
  const copy = await aCopy();
  const lost = firstCommit(async (commit) => {
    await commit();
    throw lostReply;
  });
  const first = await copy.run({ destination: lost });
  assertCommitting(first, 'warehouse_unavailable');
  assert.equal((await copy.destinationRows()).length, 7);
  assert.equal(await copy.watermark(), undefined);
  assert.equal(await activeJob(copy), first.job.jobId);

  const { job } = await copy.succeed({ jobId: first.job.jobId, owner: 'another-worker' });

  assert.deepEqual([job.rowsRead, job.rowsWritten, job.planNumber], [7, 7, 1]);
  assert.equal(await activeJob(copy), undefined);
  await hasArrived(copy);
});

test('a commit whose request was lost is carried out by the next run', async () => {
  const copy = await aCopy();
  const first = await copy.run({ destination: firstCommit(() => Promise.reject(lostReply)) });
  assertCommitting(first, 'warehouse_unavailable');
  await hasNotArrived(copy);

  await copy.succeed({ jobId: first.job.jobId });

  await hasArrived(copy);
});

test('after the decision even a terminal error only means later', async () => {
  const copy = await aCopy();
  const denied = new TerminalError('access_denied', 'not allowed, for now');
  let ran = await copy.run({ destination: firstCommit(() => Promise.reject(denied)) });
  const { jobId } = ran.job;
  for (let tries = 0; tries < 6; tries++) {
    assertCommitting(ran, 'access_denied');
    ran = await copy.run({ jobId, destination: firstCommit(() => Promise.reject(denied)) });
  }

  await copy.succeed({ jobId });

  await hasArrived(copy);
});

test('a decision whose reply was lost is rolled forward, not made again', async () => {
  const copy = await aCopy();
  const decidedUnheard = (real: State): State => ({
    ...real,
    jobs: {
      ...real.jobs,
      decide: async (...given) => {
        await real.jobs.decide(...given);
        throw new TransientError('database_unavailable', 'the connection broke during COMMIT');
      },
    },
  });
  const first = await copy.run({ state: decidedUnheard });
  assertCommitting(first, 'database_unavailable');
  await hasNotArrived(copy);

  const { job } = await copy.succeed({ jobId: first.job.jobId });

  assert.deepEqual(job.commitSet, first.job.commitSet);
  await hasArrived(copy);
});

test('a finish that failed is made up for by the next run', async () => {
  const copy = await aCopy();
  const unfinished = (real: State): State => ({
    ...real,
    jobs: {
      ...real.jobs,
      finish: () => Promise.reject(new TransientError('database_unavailable', 'the database is gone')),
    },
  });
  const first = await copy.run({ state: unfinished });
  assertCommitting(first, 'database_unavailable');
  assert.equal(await copy.watermark(), undefined);

  await copy.succeed({ jobId: first.job.jobId });

  await hasArrived(copy);
});

test('an ambiguous commit whose rows are all there is finished', async () => {
  const copy = await aCopy();
  const unclear = firstCommit(async (commit) => {
    await commit();
    return ambiguous;
  });
  const { job, notes } = await copy.succeed({ destination: unclear });
  assert.match(notes.join(), /commit outcome is ambiguous/);
  assert.equal(job.planNumber, 1);
  await hasArrived(copy);
});

test('an ambiguous commit without a row, whose streams are gone, is planned anew', async () => {
  const copy = await aCopy();
  const gone = (real: Destination): Destination => ({
    ...firstCommit(async () => ambiguous)(real),
    writeStreamState: async () => ({ kind: 'missing' }),
  });
  const { job } = await copy.succeed({ destination: gone });
  assert.deepEqual([job.planNumber, job.rowsWritten, job.attempts], [2, 7, 0]);
  await hasArrived(copy, 2);
});

for (const kind of ['open', 'committed'] as const) {
  test(`an ambiguous commit without a row, whose streams are said to be ${kind}, is looked at again later`, async () => {
    const copy = await aCopy();
    const unclear = (real: Destination): Destination => ({
      ...firstCommit(async () => ambiguous)(real),
      writeStreamState: async () => (kind === 'open' ? { kind } : { kind, commitTime: 1n }),
    });
    const first = await copy.run({ destination: unclear });
    assertCommitting(first, 'commit_ambiguous');
    await hasNotArrived(copy);

    await copy.succeed({ jobId: first.job.jobId });

    await hasArrived(copy);
  });
}

test('an ambiguous commit with some of its rows needs an operator, and locks the organization until it is resolved', async () => {
  const copy = await aCopy();
  const torn = (real: Destination): Destination => ({
    ...firstCommit(async (commit) => {
      await commit();
      await runs().warehouses.atDestination(`DELETE FROM ${sqlName(copy.destination)} WHERE id = 1`);
      return ambiguous;
    })(real),
  });

  const { outcome, job } = await copy.run({ destination: torn });

  assert.deepEqual(outcome, { kind: 'needs_operator' });
  assert.deepEqual(
    [job.status, job.needsOperator, job.errorReason],
    ['COMMITTING', true, 'commit_ambiguous'],
  );
  assert.match(
    job.errorMessage ?? '',
    /6 of 7 rows of .*\/1 are in .*\.copy, though a commit is all or nothing/,
  );
  assert.equal(await activeJob(copy), job.jobId);
  const { state } = runs();
  assert.deepEqual(await state.jobs.claim(job, 'another-worker', 1000), { kind: 'needs_operator' });

  await runs().warehouses.atDestination(`DELETE FROM ${sqlName(copy.destination)} WHERE TRUE`);
  assert.equal((await state.jobs.resolveNotCommitted(job)).kind, 'replanned');
  await copy.succeed({ jobId: job.jobId });
  await hasArrived(copy, 2);
});

test('a watermark that moved before the decision makes the job plan anew, from there', async () => {
  const copy = await aCopy();
  await copy.insert(`(8, 0.5, 'USD', TIMESTAMP '2026-01-02 00:00:00 UTC')`);
  let verified = 0;
  const meanwhile = (real: Source): Source => ({
    ...real,
    totals: async (slice, columns) => {
      verified += 1;
      if (verified === 1)
        await runs().execute(
          'UPDATE client_billing_config SET last_successful_run = ? WHERE organization_id = ?',
          [HI, copy.organizationId],
        );
      return real.totals(slice, columns);
    },
  });

  const { job } = await copy.succeed({ source: meanwhile });

  assert.deepEqual([job.planNumber, job.plan?.window.lo, job.rowsWritten], [2, HI, 1]);
  assert.deepEqual(await copy.lineages(), { [`${copy.organizationId}/${job.jobId}/2`]: 1 });
});

test('a job that waited for its retry while another moved the watermark plans anew and copies nothing twice', async () => {
  const copy = await aCopy();
  const failing = (real: Source): Source => ({ ...real, totals: () => Promise.reject(lostReply) });
  const first = await copy.run({ source: failing });
  assert.deepEqual([first.outcome.kind, first.job.planNumber], ['waiting', 1]);
  // The job is due again at once, so it would be first in the queue.
  await runs().execute(
    'UPDATE etl_jobs SET next_attempt_at = next_attempt_at + 3600000000 WHERE job_id = ?',
    [first.job.jobId],
  );
  await copy.succeed();
  await runs().execute('UPDATE etl_jobs SET next_attempt_at = 0 WHERE job_id = ?', [first.job.jobId]);

  const { job } = await copy.succeed({ jobId: first.job.jobId });

  assert.deepEqual([job.planNumber, job.rowsWritten], [2, 0]);
  await hasArrived(copy);
});

for (const way of ['configured', 'removed and added again'] as const) {
  test(`a job that waited for its retry while its organization was ${way} with another source plans anew from that one`, async () => {
    const [copy, other] = [await aCopy(), await aCopy()];
    const failing = (real: Source): Source => ({ ...real, totals: () => Promise.reject(lostReply) });
    const first = await copy.run({ source: failing });
    await other.insert(`(9, 0.5, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`);
    if (way === 'configured') await copy.configure({ source: other.source, watermark: { kind: 'keep' } });
    else {
      const { state } = runs();
      assert.deepEqual(await state.organizations.remove(copy.organizationId), { kind: 'removed' });
      await copy.configure({ source: other.source, destination: copy.destination });
    }

    const { job } = await copy.succeed({ jobId: first.job.jobId });

    assert.deepEqual([job.planNumber, job.plan?.source], [2, other.source]);
    assert.deepEqual(await copy.destinationRows(), await other.sourceRows());
  });
}

/** Options that stop the run after its first acknowledged append. */
function stoppedAfterOneAppend(
  act: () => Promise<unknown>,
  stop: AbortController,
  cause: 'cancelled' | 'paused',
): RunOptions {
  return {
    settings: { batchRows: 1 },
    signal: stop.signal,
    destination: (real) => ({
      ...real,
      openWriter: (stream, schema) => {
        const writer = real.openWriter(stream, schema);
        return {
          close: () => writer.close(),
          append: async (rows, offset) => {
            const outcome = await writer.append(rows, offset);
            await act();
            stop.abort(new RunStopped(cause));
            return outcome;
          },
        };
      },
    }),
  };
}

test('a job cancelled while it runs ends as CANCELLED, with nothing visible and the organization free', async () => {
  const copy = await aCopy();
  const jobId = 'to-be-cancelled';
  const key = { organizationId: copy.organizationId, jobId };
  const cancel = async (): Promise<void> => {
    const requested = await runs().state.jobs.requestCancel(key);
    assert.ok(requested.kind === 'requested', requested.kind);
  };
  const { outcome, job } = await copy.run({
    jobId,
    ...stoppedAfterOneAppend(cancel, new AbortController(), 'cancelled'),
  });
  assert.deepEqual([outcome, job.status, job.errorReason], [{ kind: 'cancelled' }, 'CANCELLED', 'cancelled']);
  assert.equal(await activeJob(copy), undefined);
  await hasNotArrived(copy);

  await copy.succeed();
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a cancellation that no signal brought is heeded by the decision', async () => {
  const copy = await aCopy();
  const cancelling = (real: Source): Source => ({
    ...real,
    totals: async (slice, columns) => {
      await runs().state.jobs.requestCancel({ organizationId: copy.organizationId, jobId: 'late' });
      return real.totals(slice, columns);
    },
  });
  const { outcome, job } = await copy.run({ jobId: 'late', source: cancelling });
  assert.deepEqual([outcome, job.status], [{ kind: 'cancelled' }, 'CANCELLED']);
  await hasNotArrived(copy);
});

test('a job paused while it runs stops, cannot be claimed, and goes on from its checkpoint afterwards', async () => {
  const copy = await aCopy();
  const { state } = runs();
  const pause = () => state.organizations.pause(copy.organizationId);
  const { outcome, job } = await copy.run(stoppedAfterOneAppend(pause, new AbortController(), 'paused'));
  assert.deepEqual([outcome, job.status, job.attempts], [{ kind: 'interrupted' }, 'QUEUED', 0]);
  assert.deepEqual(await state.jobs.claim(job, 'test-worker', 1000), { kind: 'paused' });

  await state.organizations.resume(copy.organizationId);
  const offsets: number[] = [];
  const observed = (real: Source): Source => ({
    ...real,
    readRows: (stream, offset, signal) => {
      offsets.push(offset);
      return real.readRows(stream, offset, signal);
    },
  });
  await copy.succeed({ jobId: job.jobId, source: observed, settings: { batchRows: 1 } });

  assert.ok(Math.max(...offsets) >= 1, String(offsets));
  await hasArrived(copy);
});

test('a worker that lost its lease before the decision commits nothing of its own', async () => {
  const copy = await aCopy();
  const jobId = 'taken-over';
  let taken: Ran | undefined;
  const sleepy = (real: Source): Source => ({
    ...real,
    totals: async (slice, columns) => {
      taken ??= await copy.succeed({ jobId, owner: 'successor' });
      return real.totals(slice, columns);
    },
  });

  const zombie = await copy.run({ jobId, owner: 'zombie', leaseMs: 0, source: sleepy });

  assert.deepEqual(zombie.outcome, { kind: 'lost' });
  assert.deepEqual([zombie.job.status, zombie.job.leaseOwner], ['SUCCESS', 'successor']);
  await hasArrived(copy);
});

test('a worker that wakes up after its successor finished commits the same set, which changes nothing', async () => {
  const copy = await aCopy();
  const jobId = 'finished-by-another';
  const sleepy = firstCommit(async (commit) => {
    await copy.succeed({ jobId, owner: 'successor' });
    return commit();
  });

  const zombie = await copy.run({ jobId, owner: 'zombie', leaseMs: 0, destination: sleepy });

  assert.ok(['success', 'lost'].includes(zombie.outcome.kind), zombie.outcome.kind);
  assert.equal(zombie.job.status, 'SUCCESS');
  await hasArrived(copy);
});

for (const when of ['before', 'after'] as const) {
  test(`a destination that crashes just ${when} the commit took effect leaves every row there once`, async (context) => {
    const destination = await ownStandIn(context, destinationEnvironment);
    const warehouses = openWarehouses({ source: sourceBigQuery(), destination: destination.side() });
    context.after(() => warehouses.close());
    const copy = await newCopy(runs().state, () => warehouses, COLUMNS);
    await copy.insert(
      `(1, 0.5, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC'), (2, 0.5, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`,
    );
    const crash = firstCommit(async (commit) => {
      if (when === 'after') await commit();
      await destination.killAndRestart();
      throw lostReply;
    });
    const first = await copy.run({ destination: crash });
    assertCommitting(first, 'warehouse_unavailable');

    const { job } = await copy.succeed({ jobId: first.job.jobId });

    // Streams that were never committed do not outlive the crash, so that the job is planned anew.
    assert.equal(job.planNumber, when === 'after' ? 1 : 2);
    assert.deepEqual(Object.values(await copy.lineages()), [2]);
    assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  });
}
