// Whole runs from folders of files: nothing in the pipeline knows that the source is not BigQuery.
import assert from 'node:assert/strict';
import { copyFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { filesSource } from '../../src/sources/files/files-source.ts';
import { openSource } from '../../src/sources/open-source.ts';
import { newTableFolder, sourcesFolder, type ColumnTypes } from '../support/table-folders.ts';
import { copyOf, openRuns, sqlName, type Copy } from './run-setup.ts';

const SAMPLE = new URL('../support/parquet/sample.parquet', import.meta.url);
const runs = openRuns();

type FilesCopy = { readonly copy: Copy; readonly folder: string; readonly root: string };

/** An organization whose source is a new folder. */
async function filesCopy(context: TestContext, columns?: ColumnTypes): Promise<FilesCopy> {
  const { state, warehouses } = runs();
  const root = await sourcesFolder(context);
  const { table, folder } = await newTableFolder(root, columns);
  const source = filesSource({ root, now: () => BigInt(Date.now()) * 1000n });
  const copy = await copyOf(state, () => ({ ...warehouses, source }), table, {
    sourceKind: 'files',
    destinationLocation: warehouses.sides.destination.location,
  });
  return { copy, folder, root };
}

test('CSV files arrive once, in windows, and a file that comes later is the next window', async (context) => {
  const columns = { id: 'INTEGER', cost: 'NUMERIC', currency: 'STRING', export_time: 'TIMESTAMP' };
  const { copy, folder } = await filesCopy(context, columns);
  const put = (name: string, lines: readonly string[]) =>
    writeFile(join(folder, name), ['id,cost,currency,export_time', ...lines].join('\n'));
  await put('2026-01-01.csv', ['1,0.1,EUR,2026-01-01T10:00:00Z', '2,-0.000000001,,2026-01-01T11:00:00Z']);
  await put('2026-01-02.csv', ['3,7,USD,2026-01-02T10:00:00Z']);
  const { job } = await copy.succeed({ settings: { batchRows: 1 } });
  assert.deepEqual([job.rowsRead, job.rowsWritten], [3, 3]);
  await put('2026-01-03.csv', ['4,8,USD,2026-01-03T10:00:00.000001Z']);
  assert.equal((await copy.succeed()).job.rowsRead, 1);
  const rows = (await copy.destinationRows()).map((row) => (JSON.parse(row) as { id: unknown }).id);
  assert.deepEqual(rows.map(Number).sort(), [1, 2, 3, 4]);
  assert.equal(await copy.watermark(), 1_767_434_400_000_001n);
});

test('a Parquet file arrives with every value as its writer wrote it', async (context) => {
  const { copy, folder } = await filesCopy(context);
  await copyFile(SAMPLE, join(folder, 'sample.parquet'));
  await utimes(join(folder, 'sample.parquet'), 1, 1);
  await copy.succeed();
  const [first] = await runs().warehouses.atDestination(
    `SELECT CAST(price AS STRING) AS price, CAST(precise AS STRING) AS precise, TO_HEX(raw) AS raw, name,
       CAST(day AS STRING) AS day, CAST(clock AS STRING) AS clock, CAST(local AS STRING) AS local, CAST(paid AS STRING) AS paid,
       project.labels[OFFSET(1)] AS label, CAST(credits[OFFSET(0)].amount AS STRING) AS amount, UNIX_MICROS(export_time) AS export_time
     FROM ${sqlName(copy.destination)} WHERE id = 1`,
  );
  assert.deepEqual(first, {
    price: '1.000000001',
    precise: '0.000000000000000001',
    raw: '00ff',
    name: 'Zürich',
    day: '2026-01-31',
    clock: '23:59:59.999999',
    local: '2026-01-31 12:00:00.000001',
    paid: 'true',
    label: 'b',
    amount: '-0.1',
    export_time: '1767225600000001',
  });
});

test('a source module is loaded by name and used through the port; one that is wrong says how to mend it', async (context) => {
  const { folder, root } = await filesCopy(context);
  const adapter = new URL('../../src/sources/files/files-source.ts', import.meta.url).href;
  const module = `import { filesSource } from ${JSON.stringify(adapter)};
    export const openSource = ({ folder }) => filesSource({ root: folder, now: () => 0n });`;
  await writeFile(join(root, 'vendor.mjs'), module);
  await writeFile(join(root, 'empty.mjs'), 'export const nothing = 1;');
  const open = (kind: string) => openSource(kind, root, () => assert.fail('this is not BigQuery'));
  assert.equal(await open('module:vendor').currentTime('files', copyTable(root, folder)), 0n);
  await assert.rejects(open('module:nobody').describe(copyTable(root, folder)), /nobody\.mjs does not exist/);
  await assert.rejects(open('module:empty').describe(copyTable(root, folder)), /no function openSource/);
  assert.throws(() => open('excel'), /must be bigquery, files or module:NAME/);
});

function copyTable(root: string, folder: string) {
  const [project = '', dataset = '', table = ''] = folder.slice(root.length + 1).split('/');
  return { project, dataset, table };
}
