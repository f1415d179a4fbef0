// A state database that is put back to an older backup forgets what was committed since; the destination does not, and nothing is doubled.
import assert from 'node:assert/strict';
import { after, describe, test, type TestContext } from 'node:test';
import { RunStopped } from '../../src/etl/run.ts';
import type { Destination } from '../../src/etl/destination.ts';
import { TransientError } from '../../src/job/errors.ts';
import { newCopy, openWarehouses, type Copy } from './run-setup.ts';
import { restorableState, type RestorableState } from './state-backup.ts';

const warehouses = openWarehouses();
after(() => warehouses.close());
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';

async function setup(
  context: TestContext,
  kind: 'sqlite' | 'mysql',
): Promise<{ copy: Copy; database: RestorableState }> {
  const database = await restorableState(context, kind);
  const copy = await newCopy(database.state, () => warehouses, COLUMNS);
  await copy.insert(rows(1, 12, 1));
  return { copy, database };
}

/** Rows with these ids, exported on that day of January. */
function rows(first: number, last: number, day: number): string {
  const ids = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return ids.map((id) => `(${id}, ${id} / 4, 'USD', TIMESTAMP '2026-01-0${day} 00:00:00 UTC')`).join(', ');
}

async function nothingDoubled(copy: Copy): Promise<void> {
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
}

/** What docs/backup.md tells an operator to do. */
async function goOnFromTheDestination(copy: Copy, newestDay: number): Promise<void> {
  await copy.configure({ watermark: { kind: 'since', at: BigInt(Date.UTC(2026, 0, newestDay)) * 1000n } });
}

/** Stops the run once so many appends were acknowledged. */
function drainedAfter(appends: number) {
  const drain = new AbortController();
  let count = 0;
  const destination = (real: Destination): Destination => ({
    ...real,
    openWriter: (stream, schema) => {
      const writer = real.openWriter(stream, schema);
      return {
        close: () => writer.close(),
        append: async (...given) => {
          const outcome = await writer.append(...given);
          count += 1;
          if (count === appends) drain.abort(new RunStopped('drain'));
          return outcome;
        },
      };
    },
  });
  return { destination, signal: drain.signal, settings: { batchRows: 2 } };
}

for (const kind of ['sqlite', 'mysql'] as const) {
  describe(`on ${kind}`, () => {
    test('a job that ran after the backup is refused as destination_ahead under its own id and under a new one', async (context) => {
      const { copy, database } = await setup(context, kind);
      await copy.succeed();
      await database.backUp();
      await copy.insert(rows(13, 20, 2));
      const { job } = await copy.succeed();
      await database.restore();

      for (const jobId of [job.jobId, 'later']) {
        const again = await copy.run({ jobId });
        assert.deepEqual([again.job.status, again.job.errorReason], ['FAILED', 'destination_ahead']);
        assert.match(
          again.job.errorMessage ?? '',
          new RegExp(`8 rows .* by ${copy.organizationId}/${job.jobId}/1`),
        );
      }
      await nothingDoubled(copy);

      await copy.insert(rows(21, 24, 3));
      await goOnFromTheDestination(copy, 2);
      const { job: next } = await copy.succeed();
      assert.equal(next.rowsWritten, 4);
      await nothingDoubled(copy);
    });

    test('a job that was in the middle of its copy at the backup and has finished since is not copied again', async (context) => {
      const { copy, database } = await setup(context, kind);
      const { outcome, job } = await copy.run(drainedAfter(2));
      assert.deepEqual(outcome, { kind: 'interrupted' });
      await database.backUp();
      await copy.succeed({ jobId: job.jobId, settings: { batchRows: 2 } });
      await database.restore();
      assert.equal((await database.state.jobs.find(job))?.status, 'QUEUED');

      const again = await copy.run({ jobId: job.jobId, settings: { batchRows: 2 } });

      await nothingDoubled(copy);
      assert.deepEqual([again.job.status, again.job.errorReason], ['FAILED', 'destination_ahead']);
      await goOnFromTheDestination(copy, 1);
      await copy.insert(rows(13, 20, 2));
      await copy.succeed();
      await nothingDoubled(copy);
    });

    test('a job that was decided at the backup and has finished since is found committed, and only finished', async (context) => {
      const { copy, database } = await setup(context, kind);
      const unheard = (real: Destination): Destination => ({
        ...real,
        commitWriteStreams: () => Promise.reject(new TransientError('warehouse_unavailable', 'no reply')),
      });
      const { job } = await copy.run({ destination: unheard });
      assert.equal(job.status, 'COMMITTING');
      await database.backUp();
      await copy.succeed({ jobId: job.jobId });
      await database.restore();

      await copy.succeed({ jobId: job.jobId });

      await nothingDoubled(copy);
    });

    test('a backup taken before the organization was ever copied is refused as well', async (context) => {
      const { copy, database } = await setup(context, kind);
      await database.backUp();
      await copy.succeed();
      await database.restore();
      const again = await copy.run();
      assert.equal(again.job.errorReason, 'destination_ahead');
      await nothingDoubled(copy);
    });
  });
}
