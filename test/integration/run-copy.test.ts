// Whole runs: what arrives at the destination is what the source holds, row by row and bit by bit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAndLoadBillingExport } from '../../dev/billing-export/load-billing-export.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { LINEAGE_FIELDS } from '../../src/job/table-schema.ts';
import type { Source } from '../../src/etl/source.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { decodeRows } from '../support/arrow-values.ts';
import { uniqueName } from '../support/eventually.ts';
import { copyOf, openRuns, settingsFor, sqlName, type Copy } from './run-setup.ts';

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

const EVERY_TYPE = `
  id INT64 NOT NULL, flag BOOL, amount FLOAT64, exact NUMERIC, big BIGNUMERIC, small NUMERIC(10, 2), name STRING, raw BYTES,
  day DATE, moment TIMESTAMP, civil DATETIME, clock TIME, doc JSON, labels ARRAY<STRUCT<key STRING, value STRING>>,
  numbers ARRAY<INT64>, floats ARRAY<FLOAT64>,
  project STRUCT<id STRING, ancestors ARRAY<STRUCT<name STRING, tags ARRAY<STRUCT<\`order\` STRING, cost BIGNUMERIC>>>>>,
  export_time TIMESTAMP`;

const EXTREME_ROWS = `
  (1, TRUE, 0.1, NUMERIC '-99999999999999999999999999999.999999999',
   BIGNUMERIC '99999999999999999999.999999999999999999', NUMERIC '-99999999.99', 'é東\\u0000', FROM_HEX('00ff'),
   DATE '1969-12-31', TIMESTAMP '1960-01-01 00:00:00.000001 UTC', DATETIME '2026-01-01 12:00:00.000009', TIME '23:59:59.999999',
   JSON '{"a":[1,null]}', [STRUCT('k' AS key, 'v' AS value), STRUCT(NULL AS key, NULL AS value)], [1, -9223372036854775808],
   [CAST('nan' AS FLOAT64), -0.0, 5e-324],
   STRUCT('p' AS id, [STRUCT('a' AS name, [STRUCT('x' AS \`order\`, BIGNUMERIC '0.000000000000000001' AS cost)] AS tags)] AS ancestors),
   TIMESTAMP '1961-02-03 04:05:06.789012 UTC'),
  (2, NULL, CAST('nan' AS FLOAT64), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], [], [], NULL,
   TIMESTAMP '0001-01-01 00:00:00 UTC'),
  (3, FALSE, CAST('-inf' AS FLOAT64), NUMERIC '99999999999999999999999999999.999999999',
   BIGNUMERIC '-99999999999999999999.999999999999999999', NUMERIC '0', '', FROM_HEX(''),
   DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999 UTC', DATETIME '0001-01-01 00:00:00', TIME '00:00:00', JSON 'null', [], [],
   [1.7976931348623157e308], STRUCT(NULL AS id, [] AS ancestors), TIMESTAMP '1969-12-31 23:59:59.999999 UTC'),
  (4, TRUE, CAST('inf' AS FLOAT64), NUMERIC '0.000000001', BIGNUMERIC '0', NULL, REPEAT('x', 700), REPEAT(b'y', 700), DATE '0001-01-01',
   TIMESTAMP '0001-01-01 00:00:00 UTC', DATETIME '9999-12-31 23:59:59.999999', TIME '12:00:00', JSON '"text"', [], [0], [],
   STRUCT('q' AS id, [STRUCT(NULL AS name, [] AS tags)] AS ancestors), TIMESTAMP '2026-01-01 00:00:00 UTC')`;

test('every type arrives with the same bits: extremes, NULLs, empty arrays, times before 1970', async () => {
  const copy = await runs().newCopy(EVERY_TYPE, {
    verifyColumns: ['amount', 'small', 'big', 'id', 'numbers', 'project.ancestors.tags.cost'],
  });
  await copy.insert(EXTREME_ROWS);

  const { job } = await copy.succeed({ settings: { batchRows: 3 } });

  assert.equal(job.rowsWritten, 4);
  const { source, destination } = runs().warehouses;
  const [from, to] = [await source.describe(copy.source), await destination.describe(copy.destination)];
  assert.deepEqual(to?.schema, [...(from?.schema ?? []), ...LINEAGE_FIELDS]);
  assert.deepEqual(await bitsAt('destination', copy), await bitsAt('source', copy));
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

/** Every row of a table as the Storage Read API sends it, values of fixed width as their bytes; without the lineage columns. */
async function bitsAt(side: 'source' | 'destination', copy: Copy): Promise<readonly string[]> {
  const { sides } = runs().warehouses;
  const { location } = sides[side];
  const reader: Source & { close(): Promise<void> } = bigQuerySource(settingsFor(sides[side]));
  const table: TableRef = copy[side];
  try {
    const snapshot = await reader.currentTime(location, table);
    const window = { lo: undefined, hi: snapshot };
    const session = await reader.openReadSession(
      { table, location, cursorField: 'export_time', window, snapshot },
      1,
    );
    const rows: string[] = [];
    for (const stream of session.streams)
      for await (const { recordBatch } of reader.readRows(stream, 0, new AbortController().signal))
        rows.push(
          ...decodeRows(session.arrowSchema, recordBatch).map((row) =>
            JSON.stringify(side === 'source' ? row : row.slice(0, -2)),
          ),
        );
    return rows.sort();
  } finally {
    await reader.close();
  }
}
