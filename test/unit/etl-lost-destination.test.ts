// A destination that somebody deleted: what is made anew in its place would lack all earlier rows, so nothing is, unless somebody says so.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { previewPlan } from '../../src/app/preview-plan.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { TerminalError, TransientError } from '../../src/job/errors.ts';
import { parseInstant } from '../../src/job/instant.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { strictSource } from '../support/strict-warehouse/source-side.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 6;

/** Two of them. */
async function newRows(rig: EtlRig): Promise<void> {
  await rig.clock.advance(1000);
  rig.addRows(2);
}

/** A rig whose copy was deleted after a job that had nothing to copy, and rows that came since. */
async function aDeletedCopy(context: TestContext): Promise<EtlRig> {
  const rig = await etlRig(context, ROWS);
  for (const jobId of ['first', 'idle'])
    assert.deepEqual((await rig.run({ jobId })).outcome, { kind: 'success' });
  rig.destination.dropTable(rig.to);
  await newRows(rig);
  return rig;
}

const since = (rig: EtlRig, at: bigint) =>
  rig.state.organizations.set({ organizationId: rig.organizationId, watermark: { kind: 'since', at } });

const window = { start: parseInstant('2020-01-01T00:00:00Z')!, end: undefined };

for (const jobType of ['incremental', 'verify', 'repair'] as const)
  test(`${jobType}: the job fails, names the table and makes none`, async (context) => {
    const rig = await aDeletedCopy(context);
    const watermark = (await rig.state.organizations.find(rig.organizationId))!.watermark!;
    const request = { jobType, window: jobType === 'repair' ? { ...window, end: watermark } : undefined };

    const { outcome, job } = await rig.run({ jobId: 'second', request });

    assert.deepEqual([outcome.kind, job.errorReason], ['failed', 'destination_not_found']);
    assert.match(job.errorMessage ?? '', /copies\.\w+ does not exist, though it was copied to up to 20/);
    assert.equal(rig.destination.table(rig.to), undefined);
    assert.equal((await rig.state.organizations.find(rig.organizationId))?.watermark, watermark);
  });

test('somebody who starts over gets every row again', async (context) => {
  const rig = await aDeletedCopy(context);
  await since(rig, parseInstant('1970-01-01T00:00:00Z')!);
  assert.deepEqual((await rig.run({ jobId: 'second' })).outcome, { kind: 'success' });
  assert.equal(rig.destination.rows(rig.to).length, ROWS + 2);
});

test('somebody who starts over behind the last repair gets all that was copied since', async (context) => {
  const rig = await etlRig(context, ROWS);
  await rig.run({ jobId: 'first' });
  const end = (await rig.state.organizations.find(rig.organizationId))!.watermark!;
  await newRows(rig);
  await rig.run({ jobId: 'second' });
  const repair = { jobType: 'repair', window: { ...window, end } } as const;
  assert.equal((await rig.run({ jobId: 'repair', request: repair })).job.rowsWritten, ROWS);
  rig.destination.dropTable(rig.to);
  await since(rig, end);
  assert.deepEqual((await rig.run({ jobId: 'third' })).outcome, { kind: 'success' });
  assert.equal(rig.destination.rows(rig.to).length, 2);
});

test('a dataset that was deleted with the table is not made anew either', async (context) => {
  const rig = await aDeletedCopy(context);
  const made: string[] = [];
  const { job } = await rig.run({
    jobId: 'second',
    destination: (real) => ({
      ...real,
      datasetLocation: () => Promise.resolve(undefined),
      createDataset: async ({ dataset }) => void made.push(dataset),
    }),
  });
  assert.deepEqual([job.errorReason, made], ['destination_not_found', []]);
});

test('an empty table made by hand takes what is new', async (context) => {
  const rig = await etlRig(context, ROWS);
  await rig.run({ jobId: 'first' });
  const { schema } = rig.destination.table(rig.to)!;
  rig.destination.dropTable(rig.to);
  rig.destination.addTable(rig.to, schema);
  await newRows(rig);
  assert.deepEqual((await rig.run({ jobId: 'second' })).outcome, { kind: 'success' });
  assert.equal(rig.destination.rows(rig.to).length, 2);
});

test('a copy that goes to a new table from now on makes it', async (context) => {
  const rig = await aDeletedCopy(context);
  const destination = { ...rig.to, table: 'another' };
  await rig.state.organizations.set({
    ...{ organizationId: rig.organizationId, destination },
    watermark: { kind: 'keep' },
  });
  assert.deepEqual((await rig.run({ jobId: 'second' })).outcome, { kind: 'success' });
  assert.equal(rig.destination.rows(destination).length, 2);
});

test('a table deleted before the decision of a job is not made anew by its next attempt', async (context) => {
  const rig = await etlRig(context, ROWS);
  await rig.run({ jobId: 'first' });
  await newRows(rig);
  let deleted = false;
  const { job } = await rig.runToEnd({
    jobId: 'second',
    destination: (real) => ({
      ...real,
      finalizeWriteStream: async (name) => {
        if (deleted) return real.finalizeWriteStream(name);
        deleted = true;
        rig.destination.dropTable(rig.to);
        throw new TransientError('warehouse_unavailable', 'the answer was lost');
      },
    }),
  });
  assert.deepEqual([job.status, job.errorReason], ['FAILED', 'destination_not_found']);
  assert.equal(rig.destination.table(rig.to), undefined);
});

/** What `plan` is told of the next incremental job. */
async function preview({ state, organizationId, source, destination }: EtlRig) {
  const organization = (await state.organizations.find(organizationId)) ?? assert.fail();
  const read = readConfig({}, () => '');
  assert.ok(read.kind === 'ok');
  const sides = {
    source: { ...strictSource(source, 'preview'), close: () => Promise.resolve() },
    destination: { ...strictDestination(destination, 'preview'), aggregateOf: () => assert.fail() },
  };
  const request = { organizationId, jobId: 'next', jobType: 'incremental', window: undefined } as const;
  return previewPlan({ ...request, requestedBy: undefined }, organization, sides, state, read.config);
}

test('the preview refuses as the job would, names the table and makes none', async (context) => {
  const rig = await aDeletedCopy(context);
  await assert.rejects(preview(rig), (error) => {
    assert.ok(error instanceof TerminalError);
    assert.equal(error.reason, 'destination_not_found');
    assert.match(error.message, /copies\.acme does not exist, though it was copied to up to 20/);
    return true;
  });
  assert.equal(rig.destination.table(rig.to), undefined);
});

test('a preview before the first copy says that there is no table yet and makes none', async (context) => {
  const rig = await etlRig(context, ROWS);
  const { plan, destinationExists } = await preview(rig);
  assert.deepEqual([plan?.destination, destinationExists], [rig.to, false]);
  assert.equal(rig.destination.dataset(rig.to), undefined);
});
