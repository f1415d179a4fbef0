// Loading on the strict warehouse: rewinding, beginning again, stopping, and what is on record at each moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import { RunStopped } from '../../src/etl/run.ts';
import { TerminalError, TransientError } from '../../src/job/errors.ts';
import type { State } from '../../src/state/open-state.ts';
import { anyOf, onCalls, type Fault, type FaultScript } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const outOfRange: Fault = { kind: 'answered', answer: { kind: 'out_of_range', message: 'rows are missing' } };
const streamLost: Fault = {
  kind: 'answered',
  answer: { kind: 'stream_lost', message: 'the stream is gone' },
};
const unavailable: Fault = {
  kind: 'request_lost',
  error: new TransientError('warehouse_unavailable', 'gone'),
};

const callsOf = ({ log }: EtlRig, operation: string): number =>
  log.entries('call').filter(({ detail }) => detail['operation'] === operation).length;

/** How many write streams were made. */
const created = ({ log }: EtlRig): number => log.entries('write stream created').length;

/** A budget and a way to see that all of it is free again. */
function watchedBudget(bytes: number) {
  const budget = new ByteBudget(bytes);
  const assertFree = async (): Promise<void> => {
    const expired = AbortSignal.timeout(1000);
    (await budget.reserve(bytes, expired)).release();
  };
  return { budget, assertFree };
}

test('an offset that is out of range is answered by rewinding to the last acknowledged batch', async (context) => {
  const rig = await etlRig(context, 30);
  rig.destination.faults = onCalls('append', [5], outOfRange);

  const { outcome, job, notes } = await rig.run();

  assert.equal(outcome.kind, 'success');
  assert.deepEqual([job.attempts, created(rig), notes], [0, 2, []]);
  assert.equal(callsOf(rig, 'openReadSession'), 1);
  await rig.assertCopied();
});

test('a stream whose offsets stay out of range is given up after three rewinds, and the copy begins again', async (context) => {
  const rig = await etlRig(context, 12);
  rig.destination.faults = ({ operation }) =>
    operation === 'append' && created(rig) === 1 ? outOfRange : undefined;
  const reads: string[] = [];

  const { outcome, job, notes } = await rig.run({
    settings: { readStreams: 1 },
    source: (real) => ({
      ...real,
      readRows: (stream, offset, signal) => {
        reads.push(stream);
        return real.readRows(stream, offset, signal);
      },
    }),
  });

  assert.equal(outcome.kind, 'success');
  assert.deepEqual([job.attempts, created(rig), callsOf(rig, 'openReadSession')], [0, 2, 2]);
  assert.deepEqual(
    reads.map((stream) => stream === reads[0]),
    [true, true, true, true, false],
  );
  assert.match(notes.join(), /copy begins again from the snapshot.*rows are missing/);
  await rig.assertCopied();
});

test('a copy that is lost four times over is an attempt of the job, and the next one begins afresh', async (context) => {
  const rig = await etlRig(context, 12);
  rig.destination.faults = ({ operation }) => (operation === 'append' ? streamLost : undefined);
  const { outcome, job } = await rig.run({ settings: { readStreams: 1 } });
  assert.ok(outcome.kind === 'waiting');
  assert.deepEqual([outcome.reason, job.attempts, job.planNumber], ['stream_lost', 1, 1]);
  assert.match(outcome.message, /the copy was lost 4 times, last: the stream is gone/);
  assert.equal(created(rig), 4);
  assert.deepEqual(await rig.state.batches.list(job, 1), []);

  rig.destination.faults = () => undefined;
  assert.equal((await rig.runToEnd()).outcome.kind, 'success');
  await rig.assertCopied();
});

test('a read session lost in the middle is opened again at the same snapshot, and rows added meanwhile stay out', async (context) => {
  const rig = await etlRig(context, 30);
  const lost = new TransientError('stream_lost', 'the session has expired');
  rig.source.faults = anyOf(
    onCalls('readRows', [4], { kind: 'request_lost', error: lost }),
    ({ operation, count }) => {
      if (operation === 'openReadSession' && count === 2) rig.addRows(5);
      return undefined;
    },
  );
  const { outcome, job } = await rig.run();
  assert.equal(outcome.kind, 'success');
  assert.deepEqual([job.attempts, job.rowsWritten], [0, 30]);
  const snapshots = rig.log.entries('read session opened').map(({ detail }) => detail['snapshot']);
  assert.deepEqual([snapshots.length, new Set(snapshots).size], [2, 1]);
  assert.equal(rig.destination.rows(rig.to).length, 30);
  assert.deepEqual(rig.log.violations, []);
});

test('a read stream without rows leaves no write stream behind', async (context) => {
  const rig = await etlRig(context, 1);
  const { job } = await rig.run({ settings: { readStreams: 5 } });
  assert.equal(job.rowsWritten, 1);
  assert.equal(created(rig), 1);
});

test('the boundaries of a batch are on record before it is appended, and the name of its stream too', async (context) => {
  const rig = await etlRig(context, 30);
  const recording = (real: State): State => ({
    ...real,
    batches: {
      ...real.batches,
      record: async (lease, planNumber, planned, acknowledged) => {
        await real.batches.record(lease, planNumber, planned, acknowledged);
        for (const { stream, writeOffset } of planned)
          rig.log.record('state', 'planned', { stream, writeOffset });
      },
    },
    steps: {
      ...real.steps,
      update: async (lease, planNumber, step, detail) => {
        await real.steps.update(lease, planNumber, step, detail);
        if (step === 'load') rig.log.record('state', 'streams', detail);
      },
    },
  });
  await rig.run({ state: recording });

  const named = new Map<string, string>();
  const planned = new Set<string>();
  for (const { event, detail } of rig.log.entries()) {
    if (event === 'streams')
      for (const [stream, name] of Object.entries((detail['write_streams'] ?? {}) as Record<string, string>))
        named.set(name, stream);
    if (event === 'planned') planned.add(`${String(detail['stream'])} ${String(detail['writeOffset'])}`);
    if (event === 'append') {
      const stream = named.get(String(detail['stream']));
      assert.ok(stream !== undefined, `${String(detail['stream'])} was recorded`);
      assert.ok(
        planned.has(`${stream} ${String(detail['offset'])}`),
        `offset ${String(detail['offset'])} was recorded`,
      );
    }
  }
  assert.equal(planned.size, 10);
});

test('an acknowledgement that an error of the next batch follows is on record when the run ends', async (context) => {
  const rig = await etlRig(context, 30);
  const drain = new AbortController();
  let appended = 0;
  const { job, outcome } = await rig.run({
    settings: { readStreams: 1 },
    signal: drain.signal,
    destination: (real) => ({
      ...real,
      openWriter: (stream, schema) => {
        const writer = real.openWriter(stream, schema);
        return {
          close: () => writer.close(),
          append: (rows, offset) => {
            appended += 1;
            if (appended === 1) return writer.append(rows, offset);
            // The run is asked to stop while the second append is under way, which then fails.
            drain.abort(new RunStopped('drain'));
            return Promise.reject(new TransientError('warehouse_unavailable', 'gone'));
          },
        };
      },
    }),
  });
  assert.deepEqual(outcome, { kind: 'interrupted' });
  const batches = await rig.state.batches.list(job, 1);
  assert.deepEqual(
    batches.map(({ state }) => state),
    ['acknowledged', 'planned'],
  );
});

test('the error of one stream stops the others and is the one that is told', async (context) => {
  const rig = await etlRig(context, 60);
  const rejected = new TerminalError('row_rejected', 'row 7 is refused');
  rig.destination.faults = onCalls('append', [3], { kind: 'request_lost', error: rejected });
  const { outcome, job } = await rig.run();
  assert.deepEqual(outcome, { kind: 'failed', reason: 'row_rejected', message: 'row 7 is refused' });
  assert.ok(callsOf(rig, 'append') < 10, `${callsOf(rig, 'append')} appends`);
  assert.deepEqual([job.status, rig.destination.rows(rig.to)], ['FAILED', []]);
});

const ENDINGS: readonly { readonly what: string; readonly faults?: FaultScript; readonly stops?: true }[] = [
  { what: 'in success' },
  { what: 'in an error of the destination', faults: onCalls('append', [4], unavailable) },
  { what: 'in a lost stream', faults: ({ operation }) => (operation === 'append' ? streamLost : undefined) },
  { what: 'in a drain', stops: true },
];

for (const { what, faults, stops } of ENDINGS) {
  test(`a run that ends ${what} gives back every byte it had reserved`, async (context) => {
    const rig = await etlRig(context, 30);
    const { budget, assertFree } = watchedBudget(9 * 1024 * 1024);
    const drain = new AbortController();
    rig.destination.faults = (call) => {
      if (stops && call.operation === 'append' && call.count === 4) drain.abort(new RunStopped('drain'));
      return faults?.(call);
    };
    await rig.run({ budget, signal: drain.signal });
    await assertFree();
  });
}

test('a budget for less than one batch slows a copy down and does not stop it', async (context) => {
  const rig = await etlRig(context, 60);
  const { budget, assertFree } = watchedBudget(1);
  const { outcome } = await rig.run({ budget, settings: { readStreams: 4 } });
  assert.equal(outcome.kind, 'success');
  await assertFree();
  await rig.assertCopied();
});

test('progress counts every acknowledged row once, over interruptions too', async (context) => {
  const rig = await etlRig(context, 30);
  const drain = new AbortController();
  rig.destination.faults = ({ operation, count }) => {
    if (operation === 'append' && count === 5) drain.abort(new RunStopped('drain'));
    return undefined;
  };
  const first = await rig.run({ signal: drain.signal });
  assert.equal(first.outcome.kind, 'interrupted');
  const reached = first.progress.at(-1)!.rowsDone;
  assert.ok(reached > 0 && reached < 30);

  const second = await rig.run();

  assert.equal(second.progress[0]!.rowsDone, reached + 3);
  assert.deepEqual(second.progress.at(-1), { ...second.progress.at(-1)!, rowsDone: 30, rowsEstimated: 30 });
});
