// Backfill and repair: the rows of a window take the place of those that were copied, whatever happens on the way.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { onCalls, type Operation } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRan, type EtlRig, type EtlRunOptions } from './etl-rig.ts';

const ROWS = 14;
const MINUTE = 60_000_000n;
const trouble = new TransientError('warehouse_unavailable', 'scripted trouble');

/** A rig that has copied ROWS rows, after which three came late into the same time; and a window that holds them all. */
async function latecomers(
  context: TestContext,
  oneWarehouse: boolean,
): Promise<{ rig: EtlRig; options: EtlRunOptions }> {
  const rig = await etlRig(context, ROWS, { oneWarehouse });
  await rig.run({ jobId: 'first' });
  const watermark = (await rig.state.organizations.find('acme'))?.watermark;
  assert.ok(watermark !== undefined);
  const late = (id: bigint) => ({ id, cost: 0.1, currency: 'USD', export_time: watermark - MINUTE });
  rig.source.addRows(rig.from, [late(101n), late(102n), late(102n)]);
  const window = { start: watermark - 2n * MINUTE, end: watermark };
  return { rig, options: { jobId: 'repair', request: { jobType: 'repair', window } } };
}

async function assertRepaired(rig: EtlRig, { outcome, job }: EtlRan): Promise<void> {
  assert.equal(outcome.kind, 'success');
  assert.deepEqual([job.rowsRead, job.rowsWritten], [ROWS + 3, ROWS + 3]);
  const ids = (rows: readonly { readonly id?: unknown }[]) => rows.map(({ id }) => String(id)).sort();
  assert.deepEqual(
    ids(rig.destination.rows(rig.to) as { id: bigint }[]),
    ids(rig.source.rows(rig.from) as { id: bigint }[]),
  );
  assert.deepEqual(rig.log.violations, []);
}

for (const oneWarehouse of [false, true]) {
  const path = oneWarehouse ? 'query' : 'storage';

  test(`a repair on the ${path} path replaces exactly its window, and again when it is asked for again`, async (context) => {
    const { rig, options } = await latecomers(context, oneWarehouse);
    const before = (await rig.state.organizations.find('acme'))?.watermark;
    for (const jobId of ['repair', 'again']) {
      const ran = await rig.run({ ...options, jobId });
      assert.equal(ran.job.plan?.writePath, path);
      assert.ok(ran.job.commitSet?.kind === 'job');
      await assertRepaired(rig, ran);
      assert.deepEqual(
        rig.destination.tables().filter((name) => name.includes('staging')),
        [],
      );
      assert.equal((await rig.state.organizations.find('acme'))?.watermark, before);
    }
    const lineages = new Set(rig.destination.rows(rig.to).map((row) => row['_etl_job_id']));
    assert.deepEqual([...lineages], ['acme/again/1']);
  });

  test(`rows outside the window stay as they are on the ${path} path`, async (context) => {
    const { rig, options } = await latecomers(context, oneWarehouse);
    const window = options.request!.window!;
    // The start belongs to the window before: half-open, as every window.
    const half = { start: window.start, end: window.end - 1n };
    const { job } = await rig.run({ jobId: 'half', request: { jobType: 'backfill', window: half } });
    assert.equal(job.rowsWritten, 3);
    assert.equal(rig.destination.rows(rig.to).length, ROWS + 3);
    const byFirst = rig.destination.rows(rig.to).filter((row) => row['_etl_job_id'] === 'acme/first/1');
    assert.equal(byFirst.length, ROWS);
  });

  test(`a repair on the ${path} path survives the loss of any one call or reply`, async (context) => {
    const probe = await latecomers(context, oneWarehouse);
    const counts = new Map<Operation, number>();
    probe.rig.destination.faults = ({ operation }) =>
      void counts.set(operation, (counts.get(operation) ?? 0) + 1);
    await probe.rig.runToEnd(probe.options);
    for (const [operation, calls] of counts)
      for (let nth = 1; nth <= calls; nth += 1)
        for (const kind of ['request_lost', 'reply_lost'] as const)
          await context.test(`${kind}: ${operation} ${nth} of ${calls}`, async (inner) => {
            const { rig, options } = await latecomers(inner, oneWarehouse);
            let seen = 0;
            rig.destination.faults = (call) => {
              if (call.operation !== operation) return undefined;
              seen += 1;
              return seen === nth ? { kind, error: trouble } : undefined;
            };
            await assertRepaired(rig, await rig.runToEnd(options));
          });
  });
}

test('a window without rows at the source is emptied, and one without rows on either side is left alone', async (context) => {
  const { rig, options } = await latecomers(context, false);
  rig.source.dropTable(rig.from);
  rig.source.addTable(rig.from, rig.destination.table(rig.to)!.schema.slice(0, 4));
  const emptied = await rig.run(options);
  assert.deepEqual([emptied.job.status, emptied.job.rowsWritten], ['SUCCESS', 0]);
  assert.deepEqual(rig.destination.rows(rig.to), []);
  const again = await rig.run({ ...options, jobId: 'again' });
  assert.deepEqual([again.job.status, again.job.commitSet], ['SUCCESS', undefined]);
});

test('a staging table that holds more than was copied is given up for another', async (context) => {
  const { rig, options } = await latecomers(context, false);
  // The commit into staging went unheard, and by the next run nobody knows the read session any more.
  rig.destination.faults = onCalls('commitWriteStreams', [2], {
    kind: 'reply_lost',
    error: trouble,
  });
  const first = await rig.run(options);
  assert.equal(first.outcome.kind, 'waiting');
  rig.source.loseReadSessions();
  const ran = await rig.runToEnd(options);
  assert.ok(ran.job.planNumber > 1);
  assert.equal(rig.destination.rows(rig.to).length, ROWS + 3);
});

test('rows that BigQuery will not modify yet are replaced half an hour later', async (context) => {
  const { rig, options } = await latecomers(context, true);
  rig.destination.jobError = new TransientError(
    'recently_written',
    'would affect rows in the streaming buffer',
  );
  const first = await rig.run(options);
  assert.ok(first.outcome.kind === 'waiting');
  assert.ok(first.outcome.nextAttemptAt - rig.clock.nowMicros() >= 30n * MINUTE);
  assert.equal(rig.destination.rows(rig.to).length, ROWS);
  await rig.clock.advance(31 * 60_000);
  await assertRepaired(rig, await rig.run(options));
});
