// Whole runs: what arrives at the destination is what the source holds, row by row and bit by bit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAndLoadBillingExport } from '../../dev/billing-export/load-billing-export.ts';
import { uniqueName } from '../support/eventually.ts';
import { copyOf, openRuns, sqlName } from './run-setup.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const runs = openRuns();

test('a billing export arrives unchanged, nested, repeated and identical rows included, with its lineage', async () => {
  const { state, warehouses } = runs();
  const table = { dataset: uniqueName('billing'), table: 'gcp_billing_export_resource_v1_TEST' };
  const generated = { seed: 11, organization: 'acme', rows: 3000, firstExportTime: NEW_YEAR };
  const { truth } = await createAndLoadBillingExport({ ...warehouses.sides.source, ...generated, ...table });
  const source = { project: warehouses.sides.source.project, ...table };
  const copy = await copyOf(state, () => warehouses, source, { clusteringFields: ['currency'] });

  const { job } = await copy.succeed({ settings: { batchRows: 500 } });

  const rows = await copy.sourceRows();
  assert.equal(rows.length, 3000);
  assert.ok(new Set(rows).size < rows.length, 'the export holds identical rows');
  assert.deepEqual(await copy.destinationRows(), rows);
  const lineage = `${copy.organizationId}/${job.jobId}/1`;
  assert.deepEqual(await copy.lineages(), { [lineage]: 3000 });
  const [wrong] = await warehouses.atDestination(
    `SELECT COUNT(*) AS n FROM ${sqlName(copy.destination)} WHERE _etl_cursor IS NULL OR _etl_cursor != export_time`,
  );
  assert.equal(wrong?.['n'], '0');
  assert.deepEqual([job.rowsRead, job.rowsWritten], [3000, 3000]);
  assert.equal(await copy.watermark(), truth.lastExportTime());
});

for (const type of ['DATE', 'DATETIME']) {
  test(`a cursor of type ${type} is copied as it is and becomes a TIMESTAMP in UTC in _etl_cursor`, async () => {
    const copy = await runs().newCopy(`id INT64, updated ${type}`, { cursorField: 'updated' });
    await copy.insert(`(1, '1969-12-30'), (2, '2026-02-01'), (3, '2026-02-01')`);

    await copy.succeed();

    assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
    const rows = await runs().warehouses.atDestination(
      `SELECT UNIX_MICROS(_etl_cursor) AS cursor FROM ${sqlName(copy.destination)} ORDER BY id`,
    );
    assert.deepEqual(
      rows.map((row) => row['cursor']),
      ['-172800000000', '1769904000000000', '1769904000000000'],
    );
  });
}
