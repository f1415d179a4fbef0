// What every Destination promises of staging tables and of the one job that makes their rows visible.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StagedRows } from '../../src/etl/destination.ts';
import type { JobCommitSet } from '../../src/job/commit-set.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { totalRows } from '../../src/job/totals.ts';
import { uniqueName } from '../support/eventually.ts';
import { JANUARY, onEveryWarehouse, SCHEMA, sliceOf, type BillingRow } from './warehouses.ts';

const NEVER = new AbortController().signal;
const COLUMNS = SCHEMA.map(({ name }) => name);
/** 2126: no test runs that long. */
const LATER = JANUARY + 100n * 365n * 86_400_000_000n;

onEveryWarehouse((warehouse) => {
  const { source, destination, location } = warehouse;

  /** A source whose table has the lineage columns too, so that one schema serves both. */
  const aCopy = async (): Promise<{ from: TableRef; to: TableRef; staging: TableRef }> => {
    const [from, to] = [await warehouse.newTable(), await warehouse.newTable()];
    const staging = { ...to, table: 'staging' };
    await destination.createStagingTable(staging, to, LATER);
    return { from, to, staging };
  };

  const jobFor = (
    staging: TableRef,
    table: TableRef,
    rows: number,
    how: Partial<StagedRows> = {},
  ): JobCommitSet => ({
    kind: 'job',
    lineage: 'org/job/1',
    jobId: uniqueName('commit'),
    location,
    ...destination.commitJob({ staging, table, columns: COLUMNS, rows, streamed: false, ...how }),
    rows,
  });

  test('a staging table is like its destination, and making it again keeps its rows', async () => {
    const { to, staging } = await aCopy();
    assert.deepEqual((await destination.describe(staging))?.schema, (await destination.describe(to))?.schema);
    await warehouse.addRows(staging, [{ id: 1 }]);
    await destination.createStagingTable(staging, to, LATER);
    assert.deepEqual(await warehouse.visibleIds(staging), [1]);
  });

  test('a slice is staged as it stood at its snapshot, and staging it again changes nothing', async () => {
    const { from, staging } = await aCopy();
    await warehouse.addRows(from, [
      { id: 1, exported: 0 },
      { id: 2, exported: 1, cost: 0.1, credits: [-0.25, 1e-10] },
      { id: 3, exported: 2, cost: 0.2, currency: 'EUR' },
      { id: 3, exported: 2, cost: 0.2, currency: 'EUR' },
      { id: 4, exported: 3 },
      { id: 5, exported: null },
    ]);
    const slice = await sliceOf(warehouse, from, { lo: 0, hi: 2 });
    await warehouse.addRows(from, [{ id: 6, exported: 1 }]);
    for (let again = 0; again < 2; again++) {
      const { rows } = await destination.stageSlice(staging, slice, 'org/job/1', NEVER);
      assert.equal(rows, 3);
      assert.deepEqual(await warehouse.visibleIds(staging), [2, 3, 3]);
    }
    const columns = { columns: ['cost', 'credits.amount'], currencyColumn: 'currency', schema: SCHEMA };
    assert.deepEqual(
      await destination.totalsOf(staging, location, columns),
      await source.totals(slice, columns),
    );
    assert.equal(await destination.rowsOf(staging, location, 'org/job/1'), 3);
    assert.deepEqual(await destination.rowsBeyond(staging, location, JANUARY + 1n), [
      { lineage: 'org/job/1', rows: 2 },
    ]);
  });

  for (const streamed of [false, true])
    test(`staged rows${streamed ? ' that were streamed' : ''} become visible all at once, by a job that runs once however often it is asked for`, async () => {
      const { to, staging } = await aCopy();
      await warehouse.addRows(to, [{ id: 1 }]);
      await warehouse.addRows(staging, [
        { id: 2, lineage: 'org/job/1' },
        { id: 2, lineage: 'org/job/1' },
      ]);
      const job = jobFor(staging, to, 2, { streamed });
      for (let again = 0; again < 3; again++)
        assert.deepEqual(await destination.runCommitJob(job), { kind: 'done' });
      assert.deepEqual(await warehouse.visibleIds(to), [1, 2, 2]);
    });

  for (const fingerprint of ['in_sql', 'anywhere'] as const)
    test(`a fingerprint taken ${fingerprint} tells rows apart by any value but not by their order or lineage, and counts a row as often as it is there`, async () => {
      const { from, to } = await aCopy();
      const columns = { columns: [], currencyColumn: undefined, schema: SCHEMA, fingerprint };
      const rows: BillingRow[] = [
        { id: 1, cost: 0.1, credits: [-0.25, 1e-10], lineage: 'org/job/1' },
        { id: 2, cost: -0, currency: null, lineage: 'org/job/1' },
        { id: 2, cost: -0, currency: null, lineage: 'org/job/2' },
      ];
      const window = { lo: undefined, hi: JANUARY + 10n };
      await warehouse.addRows(from, rows);
      const [total, ...others] = await source.totals(await sliceOf(warehouse, from), columns);
      assert.match(total?.fingerprint ?? '', /^-?\d+$/);
      assert.deepEqual([total?.rows, others.length], [3, 0]);
      await warehouse.addRows(to, rows.toReversed());
      const [found] = await destination.totalsOf(to, location, columns);
      assert.equal(found?.fingerprint, total?.fingerprint);
      const [ofDay] = await destination.dailyTotals(to, location, columns, window);
      assert.equal(ofDay?.totals[0]?.fingerprint, total?.fingerprint);
      const [first, second] = rows as [BillingRow, BillingRow];
      for (const changed of [
        [{ ...first, id: 3 }, second, second],
        [{ ...first, credits: [1e-10, -0.25] }, second, second],
        [{ ...first, credits: [-0.25] }, second, second],
        [first, second, { ...second, currency: '' }],
        [first, first, second],
        [{ ...first, exported: 1 }, second, second],
      ]) {
        const other = await warehouse.newTable();
        await warehouse.addRows(other, changed);
        const [of] = await destination.totalsOf(other, location, columns);
        assert.notEqual(of?.fingerprint, total?.fingerprint, JSON.stringify(changed));
      }
    });

  test('a job without its staging table fails without effect, and its id is used up', async () => {
    const { to, staging } = await aCopy();
    await destination.dropTable(staging);
    const job = jobFor(staging, to, 1);
    for (let again = 0; again < 2; again++) {
      const outcome = await destination.runCommitJob(job);
      assert.equal(outcome.kind === 'failed' && outcome.error.reason, 'destination_not_found');
      await destination.createStagingTable(staging, to, LATER);
      await warehouse.addRows(staging, [{ id: 1 }]);
    }
    assert.deepEqual(await warehouse.visibleIds(to), []);
  });

  const window = { lo: JANUARY - 1n, hi: JANUARY + 10n };
  for (const [what, how] of [
    ['added', {}],
    ['replacing others', { replaces: { organizationId: 'org', window } }],
  ] as const)
    test(`streamed rows that are ${what} become visible only if they are as many as were decided on`, async () => {
      const { to, staging } = await aCopy();
      await warehouse.addRows(to, [{ id: 1, lineage: 'org/first/1' }]);
      await warehouse.addRows(staging, [
        { id: 2, lineage: 'org/job/1' },
        { id: 3, lineage: 'org/job/1' },
      ]);
      for (const decided of [1, 3]) {
        const job = jobFor(staging, to, decided, { ...how, streamed: true });
        for (let again = 0; again < 2; again++) {
          const outcome = await destination.runCommitJob(job);
          assert.equal(outcome.kind === 'failed' && outcome.error.reason, 'row_count_mismatch');
        }
        assert.deepEqual(await warehouse.visibleIds(to), [1]);
      }
    });

  test('a job of another configuration under the id is told apart, and nothing is done', async () => {
    const { to, staging } = await aCopy();
    const other = await aCopy();
    await warehouse.addRows(staging, [{ id: 1 }]);
    const theirs = jobFor(other.staging, other.to, 0);
    assert.deepEqual(await destination.runCommitJob(theirs), { kind: 'done' });
    const ours = { ...jobFor(staging, to, 1), jobId: theirs.jobId };
    assert.equal((await destination.runCommitJob(ours)).kind, 'foreign');
    assert.deepEqual(await warehouse.visibleIds(to), []);
  });

  test('a table can be queried where it is, and only there', async () => {
    const { from } = await aCopy();
    const slice = await sliceOf(warehouse, from);
    assert.equal(await destination.canQuery(slice), true);
    assert.equal(await destination.canQuery({ ...slice, table: warehouse.newName() }), false);
  });

  test('a table that is gone is removed already', async () => {
    const { staging } = await aCopy();
    for (let again = 0; again < 2; again++) await destination.dropTable(staging);
    assert.equal(await destination.describe(staging), undefined);
  });

  test('staged rows take the place of one organization in a window, all at once and only there', async () => {
    const { to, staging } = await aCopy();
    const [ours, theirs] = ['org/first/1', 'org2/first/1'];
    await warehouse.addRows(to, [
      { id: 1, exported: 10, lineage: ours },
      { id: 2, exported: 11, lineage: ours },
      { id: 3, exported: 20, lineage: 'org/second/1' },
      { id: 4, exported: 21, lineage: ours },
      { id: 5, exported: 15, lineage: theirs },
      { id: 6, exported: 15 },
    ]);
    await warehouse.addRows(staging, [
      { id: 7, exported: 11, lineage: 'org/job/1' },
      { id: 7, exported: 11, lineage: 'org/job/1' },
    ]);
    const window = { lo: JANUARY + 10n, hi: JANUARY + 20n };
    const countIn = async (): Promise<number> =>
      totalRows(
        await destination.totalsOf(
          to,
          location,
          { columns: [], currencyColumn: undefined, schema: SCHEMA },
          window,
        ),
      );
    assert.equal(await countIn(), 3);
    const job = jobFor(staging, to, 2, { replaces: { organizationId: 'org', window } });
    for (let again = 0; again < 2; again++)
      assert.deepEqual(await destination.runCommitJob(job), { kind: 'done' });
    assert.deepEqual(await warehouse.visibleIds(to), [1, 4, 5, 6, 7, 7]);
    assert.equal(await countIn(), 3);
  });

  test('both sides add up the same by day, from midnight to midnight in UTC', async () => {
    const DAY = 86_400_000_000;
    const { to } = await aCopy();
    const lineage = 'org/job/1';
    await warehouse.addRows(to, [
      { id: 1, exported: -1, cost: 0.1, lineage },
      { id: 2, exported: 0, cost: 0.1, credits: [-0.05], lineage },
      { id: 3, exported: DAY - 1, cost: 0.2, currency: 'EUR', lineage },
      { id: 4, exported: DAY, cost: 0.3, lineage },
      { id: 5, exported: 3 * DAY, lineage },
    ]);
    const columns = { columns: ['cost', 'credits.amount'], currencyColumn: 'currency', schema: SCHEMA };
    const slice = await sliceOf(warehouse, to, { lo: -1, hi: 2 * DAY });
    const ofSource = await source.dailyTotals(slice, columns);
    const brief = ofSource.map(({ day, totals }) => [
      day,
      ...totals.map(({ currency, rows, columns: { cost } }) => `${currency} ${rows} ${cost?.sum}`),
    ]);
    assert.deepEqual(brief, [
      ['2026-01-01', 'EUR 1 0.2', 'USD 1 0.1'],
      ['2026-01-02', 'USD 1 0.3'],
    ]);
    assert.deepEqual(await destination.dailyTotals(to, location, columns, slice.window), ofSource);
  });
});
