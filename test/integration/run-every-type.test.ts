// Values of every type, extreme and random, through both write paths: what arrives has the same bits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINEAGE_FIELDS } from '../../src/job/table-schema.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { bitsAt, EVERY_TYPE, EXTREME_ROWS, randomRow } from './every-type.ts';
import { openRuns, openWarehouses } from './run-setup.ts';

const RANDOM_ROWS = 40;
const seed = Number(process.env['SEED'] ?? 20260101);
const runs = openRuns(() => openWarehouses());
const within = openRuns(() =>
  openWarehouses({ source: destinationBigQuery(), destination: destinationBigQuery() }),
);

for (const path of ['storage', 'query'] as const)
  test(`every type arrives with the same bits on the ${path} path (SEED=${seed})`, async () => {
    const opened = path === 'storage' ? runs() : within();
    const copy = await opened.newCopy(EVERY_TYPE, {
      verifyColumns: ['amount', 'small', 'big', 'id', 'numbers', 'project.ancestors.tags.cost'],
    });
    await copy.insert(EXTREME_ROWS);
    const random = new SeededRandom(seed);
    await copy.insert(Array.from({ length: RANDOM_ROWS }, (_, i) => randomRow(random, 100 + i)).join(', '));

    const { job } = await copy.succeed({ settings: { batchRows: 7 } });

    assert.deepEqual([job.plan?.writePath, job.rowsWritten], [path, RANDOM_ROWS + 4]);
    const { source, destination } = opened.warehouses;
    const [from, to] = [await source.describe(copy.source), await destination.describe(copy.destination)];
    assert.deepEqual(to?.schema, [...(from?.schema ?? []), ...LINEAGE_FIELDS]);
    const bits = await bitsAt(opened.warehouses, 'source', copy);
    assert.deepEqual(await bitsAt(opened.warehouses, 'destination', copy), bits);
    assert.equal(new Set(bits).size, RANDOM_ROWS + 4);
  });

const RARE_TYPES =
  'place GEOGRAPHY, pause INTERVAL, days RANGE<DATE>, times RANGE<TIMESTAMP>, export_time TIMESTAMP';
const RARE_ROWS = `
  (ST_GEOGPOINT(1.5, -2), INTERVAL '1-2 3 4:5:6.789012' YEAR TO SECOND, RANGE<DATE> '[2020-01-01, 2020-12-31)',
   RANGE(TIMESTAMP '2020-01-01 00:00:00.000001 UTC', NULL), TIMESTAMP '2026-01-01 00:00:00 UTC'),
  (ST_GEOGFROMTEXT('LINESTRING(1 1, 2 1)'), INTERVAL '-1-2 3 -4:5:6' YEAR TO SECOND, RANGE(NULL, DATE '0001-01-02'),
   RANGE(TIMESTAMP '1960-01-01 00:00:00 UTC', TIMESTAMP '9999-12-31 23:59:59.999999 UTC'), TIMESTAMP '2026-01-02 00:00:00 UTC'),
  (NULL, NULL, NULL, NULL, TIMESTAMP '2026-01-03 00:00:00 UTC')`;

for (const path of ['storage', 'query'] as const)
  test(`places, intervals and ranges arrive as they were on the ${path} path, by every proof`, async () => {
    const opened = path === 'storage' ? runs() : within();
    for (const verifyLevel of ['totals', 'fingerprint'] as const) {
      const copy = await opened.newCopy(RARE_TYPES, { verifyLevel });
      await copy.insert(RARE_ROWS);
      const { job } = await copy.succeed({ settings: { batchRows: 2 } });
      assert.deepEqual([job.plan?.writePath, job.rowsWritten], [path, 3]);
      const { source, destination } = opened.warehouses;
      const [from, to] = [await source.describe(copy.source), await destination.describe(copy.destination)];
      assert.deepEqual(to?.schema, [...(from?.schema ?? []), ...LINEAGE_FIELDS]);
      assert.deepEqual(
        from?.schema.map(({ type, rangeElementType }) => [type, rangeElementType]),
        [
          ['GEOGRAPHY', undefined],
          ['INTERVAL', undefined],
          ['RANGE', 'DATE'],
          ['RANGE', 'TIMESTAMP'],
          ['TIMESTAMP', undefined],
        ],
      );
      const rows = await copy.destinationRows();
      assert.deepEqual(rows, await copy.sourceRows());
      assert.equal(new Set(rows).size, 3);
    }
  });
