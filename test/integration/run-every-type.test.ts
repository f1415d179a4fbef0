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
