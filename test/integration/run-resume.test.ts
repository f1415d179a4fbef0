// Interrupted copies: a run goes on where the last one was acknowledged if it can, and begins again from the snapshot if it cannot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppendOutcome, Destination } from '../../src/etl/destination.ts';
import { RunStopped } from '../../src/etl/run.ts';
import type { Slice, Source } from '../../src/etl/source.ts';
import { TransientError } from '../../src/job/errors.ts';
import type { JobKey } from '../../src/job/job.ts';
import {
  destinationEnvironment,
  destinationBigQuery,
  sourceBigQuery,
  sourceEnvironment,
} from '../support/environment.ts';
import {
  newCopy,
  openRuns,
  openWarehouses,
  ownStandIn,
  sqlName,
  type Copy,
  type RunOptions,
} from './run-setup.ts';

const runs = openRuns();
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const ROWS = 80;
const BATCH_ROWS = 5;
const settings = { batchRows: BATCH_ROWS };

/** A copy of 80 rows, which makes 16 batches. */
async function aCopyOfManyBatches(): Promise<Copy> {
  const copy = await runs().newCopy(COLUMNS);
  await fill(copy, runs().warehouses.atSource);
  return copy;
}

async function fill(copy: Copy, atSource: (sql: string) => Promise<unknown>): Promise<void> {
  await atSource(
    `INSERT INTO ${sqlName(copy.source)} SELECT n, n / 3, IF(MOD(n, 2) = 0, 'EUR', 'USD'), TIMESTAMP '2026-01-01 00:00:00 UTC'
     FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
  );
}

/** What a run did on the two sides. */
type Observed = {
  reads: { stream: string; offset: number }[];
  slices: Slice[];
  created: string[];
  appended: string[];
};

/** Options that write down what the run does; a destination that misbehaves may stand below. */
function observing(
  below: (real: Destination) => Destination = (real) => real,
): { seen: Observed } & RunOptions {
  const seen: Observed = { reads: [], slices: [], created: [], appended: [] };
  return {
    seen,
    settings,
    source: (real) => ({
      ...real,
      openReadSession: (slice, maxStreams) => {
        seen.slices.push(slice);
        return real.openReadSession(slice, maxStreams);
      },
      readRows: (stream, offset, signal) => {
        seen.reads.push({ stream, offset });
        return real.readRows(stream, offset, signal);
      },
    }),
    destination: (real) => ({
      ...below(real),
      createWriteStream: async (table) => {
        const name = await below(real).createWriteStream(table);
        seen.created.push(name);
        return name;
      },
      openWriter: (stream, schema) => {
        seen.appended.push(stream);
        return below(real).openWriter(stream, schema);
      },
    }),
  };
}

/** A destination whose appends pass through a function that sees their number, their outcome and may replace it. */
function withAppends(
  meddle: (
    outcome: AppendOutcome,
    append: { readonly count: number; readonly stream: string },
  ) => AppendOutcome,
): (real: Destination) => Destination {
  let count = 0;
  return (real) => ({
    ...real,
    openWriter: (stream, schema) => {
      const writer = real.openWriter(stream, schema);
      const append = async (...given: Parameters<typeof writer.append>): Promise<AppendOutcome> => {
        const outcome = await writer.append(...given);
        count += 1;
        return meddle(outcome, { count, stream });
      };
      return { append, close: () => writer.close() };
    },
  });
}

/** Runs the job until so many appends were acknowledged, then asks it to drain. */
async function drainedAfter(copy: Copy, appends: number): Promise<{ key: JobKey; seen: Observed }> {
  const drain = new AbortController();
  const destination = withAppends((outcome, { count }) => {
    if (count === appends) drain.abort(new RunStopped('drain'));
    return outcome;
  });
  const { seen, ...options } = observing(destination);
  const { outcome, job } = await copy.run({ ...options, signal: drain.signal });
  assert.deepEqual(outcome, { kind: 'interrupted' });
  assert.deepEqual([job.status, job.attempts, job.interruptions], ['QUEUED', 0, 1]);
  assert.equal(await visibleRows(copy), 0);
  return { key: job, seen };
}

async function visibleRows(copy: Copy): Promise<number> {
  return (await copy.destinationRows()).length;
}

/** By read stream, the offset at which a resumed run has to go on. */
async function acknowledgedEnds(key: JobKey): Promise<number[]> {
  const batches = await runs().state.batches.list(key, 1);
  const ends: number[] = [0, 0];
  for (const { stream, readOffset, rowsRead, state } of batches)
    if (state === 'acknowledged') ends[stream] = Math.max(ends[stream] ?? 0, readOffset + rowsRead);
  return ends;
}

test('a drained copy goes on after the last acknowledged batch, in the same streams', async () => {
  const copy = await aCopyOfManyBatches();
  const first = await drainedAfter(copy, 5);
  const ends = await acknowledgedEnds(first.key);
  assert.ok(ends.reduce((sum, end) => sum + end, 0) >= 4 * BATCH_ROWS, String(ends));

  const { seen, ...options } = observing();
  const { job } = await copy.succeed({ jobId: first.key.jobId, ...options });

  const streams = first.seen.reads.map(({ stream }) => stream);
  assert.deepEqual(
    seen.reads.toSorted((a, b) => streams.indexOf(a.stream) - streams.indexOf(b.stream)),
    streams.map((stream, i) => ({ stream, offset: ends[i] })),
  );
  assert.deepEqual(seen.slices, []);
  const created = [...first.seen.created, ...seen.created].sort();
  assert.deepEqual(
    job.commitSet?.kind === 'streams' && job.commitSet.streams.map(({ name }) => name).sort(),
    created,
  );
  assert.deepEqual([job.planNumber, job.rowsRead, job.rowsWritten], [1, ROWS, ROWS]);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a copy drained again and again comes to its end, and no batch is read twice once it was acknowledged', async () => {
  const copy = await aCopyOfManyBatches();
  const { key } = await drainedAfter(copy, 2);
  let ends = await acknowledgedEnds(key);
  let ran;
  do {
    const drain = new AbortController();
    const { seen, ...options } = observing(
      withAppends((outcome, { count }) => {
        if (count === 3) drain.abort(new RunStopped('drain'));
        return outcome;
      }),
    );
    ran = await copy.run({ jobId: key.jobId, ...options, signal: drain.signal });
    assert.deepEqual(
      seen.reads.map(({ offset }) => offset).sort((a, b) => a - b),
      ends.toSorted((a, b) => a - b),
    );
    const now = await acknowledgedEnds(key);
    assert.ok(now.every((end, stream) => end >= ends[stream]!));
    if (ends.reduce((sum, end) => sum + end, 0) < ROWS) assert.notDeepEqual(now, ends);
    ends = now;
  } while (ran.outcome.kind === 'interrupted');
  assert.deepEqual([ran.outcome, ran.job.planNumber], [{ kind: 'success' }, 1]);
  assert.ok(ran.job.interruptions >= 2);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a batch whose acknowledgement was lost is sent again at its offset and counts once', async () => {
  const copy = await aCopyOfManyBatches();
  const lost = withAppends((outcome, { count }) => {
    if (count === 3) throw new TransientError('warehouse_unavailable', 'the reply was lost');
    return outcome;
  });
  const { outcome, job } = await copy.run({ settings, destination: lost });
  assert.ok(outcome.kind === 'waiting');
  assert.deepEqual([outcome.reason, job.status, job.attempts], ['warehouse_unavailable', 'QUEUED', 1]);

  const { seen, ...options } = observing();
  const ended = await copy.succeed({ jobId: job.jobId, ...options });

  assert.deepEqual(seen.slices, []);
  assert.equal(ended.job.rowsWritten, ROWS);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('batches acknowledged before an error are on record, even those acknowledged just before it', async () => {
  const copy = await aCopyOfManyBatches();
  const acknowledged: Record<string, number> = {};
  const broken = new Set<string>();
  const failing = withAppends((outcome, { stream }) => {
    if ((acknowledged[stream] ?? 0) >= 3 || broken.size > 0) {
      broken.add(stream);
      throw new TransientError('warehouse_unavailable', 'the service went away');
    }
    acknowledged[stream] = (acknowledged[stream] ?? 0) + 1;
    return outcome;
  });
  const { job } = await copy.run({ settings, destination: failing });

  const recorded = (await acknowledgedEnds(job))
    .map((end) => end / BATCH_ROWS)
    .filter((batches) => batches > 0);
  assert.deepEqual(recorded.sort(), Object.values(acknowledged).sort());
});

test('when the read session is gone the copy begins again from the same snapshot', async () => {
  const copy = await aCopyOfManyBatches();
  const first = await drainedAfter(copy, 5);
  await copy.insert(`(0, 1.0, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`);

  const { seen, source, ...options } = observing();
  const expired = (real: Source): Source => ({ ...source!(real), resumeReadSession: async () => undefined });
  const { job, notes } = await copy.succeed({ jobId: first.key.jobId, ...options, source: expired });

  assert.match(notes.join(), /copy begins again from the snapshot.*acknowledged batches/);

  assert.deepEqual(
    seen.reads.map(({ offset }) => offset),
    first.seen.reads.map(() => 0),
  );
  assert.deepEqual(
    seen.slices.map(({ snapshot }) => snapshot),
    [first.seen.slices[0]?.snapshot],
  );
  assert.ok(seen.created.length > 0 && seen.created.every((name) => !first.seen.created.includes(name)));
  assert.deepEqual([job.planNumber, job.rowsRead, job.rowsWritten], [1, ROWS, ROWS]);
  assert.equal(await visibleRows(copy), ROWS);
});

test('when a write stream takes no more rows the copy begins again from the snapshot, at once', async () => {
  const copy = await aCopyOfManyBatches();
  const lost = withAppends((outcome, { count }) =>
    count === 5 ? { kind: 'stream_lost', message: 'the stream was finalized' } : outcome,
  );
  const { seen, ...options } = observing(lost);

  const { job, notes } = await copy.succeed(options);

  assert.match(notes.join(), /copy begins again from the snapshot.*the stream was finalized/);
  assert.equal(new Set(seen.slices.map(({ snapshot }) => snapshot)).size, 1);
  assert.equal(seen.slices.length, 2);
  assert.deepEqual([job.attempts, job.planNumber, job.rowsWritten], [0, 1, ROWS]);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('when a write stream is gone at its finalization the job is tried again from the snapshot', async () => {
  const copy = await aCopyOfManyBatches();
  const gone = (real: Destination): Destination => ({
    ...real,
    finalizeWriteStream: async () => ({ kind: 'missing' }),
  });
  const { outcome, job } = await copy.run({ settings, destination: gone });
  assert.ok(outcome.kind === 'waiting');
  assert.match(outcome.message, /but it is gone/);

  const { seen, ...options } = observing();
  await copy.succeed({ jobId: job.jobId, ...options });

  assert.equal(seen.slices.length, 1);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('another build does not continue the streams of this one, and a third run of it continues its own', async () => {
  const copy = await aCopyOfManyBatches();
  const first = await drainedAfter(copy, 5);
  const drain = new AbortController();
  const other = observing(
    withAppends((outcome, { count }) => {
      if (count === 5) drain.abort(new RunStopped('drain'));
      return outcome;
    }),
  );
  const newBuild = { ...settings, build: 'another' };
  const second = await copy.run({
    jobId: first.key.jobId,
    ...other,
    settings: newBuild,
    signal: drain.signal,
  });
  assert.equal(second.outcome.kind, 'interrupted');
  assert.ok(other.seen.reads.every(({ offset }) => offset === 0));
  assert.equal(other.seen.slices.length, 1);

  const { seen, ...options } = observing();
  await copy.succeed({ jobId: first.key.jobId, ...options, settings: newBuild });

  assert.deepEqual(seen.slices, []);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a destination that crashes and comes back without its pending streams costs a new beginning, not a row', async (context) => {
  const destination = await ownStandIn(context, destinationEnvironment);
  const warehouses = openWarehouses({ source: sourceBigQuery(), destination: destination.side() });
  context.after(() => warehouses.close());
  const copy = await newCopy(runs().state, () => warehouses, COLUMNS);
  await fill(copy, warehouses.atSource);
  let restarted: Promise<void> | undefined;
  const crashing = withAppends((outcome, { count }) => {
    if (count === 5) restarted = destination.killAndRestart();
    return outcome;
  });

  const first = await copy.run({ settings, destination: crashing });
  await restarted;
  // A server that is back only after the patience of a call costs an attempt besides.
  const waited = first.outcome.kind === 'waiting' && first.outcome.reason === 'warehouse_unavailable';
  const last = waited ? await copy.succeed({ jobId: first.job.jobId, settings }) : first;

  assert.deepEqual(last.outcome, { kind: 'success' });
  assert.match([...first.notes, ...last.notes].join(), /copy begins again from the snapshot/);
  assert.deepEqual([last.job.planNumber, last.job.rowsWritten], [1, ROWS]);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a source that crashes and comes back without its read sessions is read again at the same snapshot', async (context) => {
  const source = await ownStandIn(context, sourceEnvironment);
  const warehouses = openWarehouses({ source: source.side(), destination: destinationBigQuery() });
  context.after(() => warehouses.close());
  const copy = await newCopy(runs().state, () => warehouses, COLUMNS);
  await fill(copy, warehouses.atSource);
  const { seen, source: observed, ...options } = observing();
  let crashed = false;
  const crashing = (real: Source): Source => ({
    ...observed!(real),
    async *readRows(stream, offset, signal) {
      for await (const rows of observed!(real).readRows(stream, offset, signal)) {
        if (!crashed) {
          crashed = true;
          await copy.insert(`(0, 1.0, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`);
          await source.killAndRestart();
          throw new TransientError('stream_lost', 'the read session is gone');
        }
        yield rows;
      }
    },
  });

  const { job } = await copy.succeed({ ...options, source: crashing });

  assert.equal(seen.slices.length, 2);
  assert.equal(seen.slices[0]?.snapshot, seen.slices[1]?.snapshot);
  assert.equal(job.rowsWritten, ROWS);
  assert.equal(await visibleRows(copy), ROWS);
});
