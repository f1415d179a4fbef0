// What docs/extending.md shows is what lies in docs/examples, and each example does in a real run what is said of it.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createAlertSender } from '../../src/app/alert-sender.ts';
import { loadSqlTransforms } from '../../src/app/load-transforms.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { Logger } from '../../src/observability/logger.ts';
import { moduleSource } from '../../src/sources/module-source.ts';
import { newTableFolder, sourcesFolder } from '../support/table-folders.ts';
import { copyOf, openRuns, sqlName } from './run-setup.ts';

const EXAMPLES = fileURLToPath(new URL('../../docs/examples', import.meta.url));
const runs = openRuns();

test('the page shows every example as it is', async () => {
  const page = await readFile(join(EXAMPLES, '../extending.md'), 'utf8');
  const names = await readdir(EXAMPLES);
  assert.equal(names.length, 4);
  for (const name of names) {
    const text = await readFile(join(EXAMPLES, name), 'utf8');
    assert.ok(
      page.includes(`[${name}](examples/${name}):\n\n\`\`\`${name.split('.')[1]}\n${text}\`\`\``),
      name,
    );
  }
});

test('the transform gives each row the team of its label', async () => {
  const { sql, cursorField } = loadSqlTransforms(EXAMPLES).get('cost-by-team') ?? assert.fail();
  const copy = await runs().newCopy(
    'export_time TIMESTAMP, usage_start_time TIMESTAMP, labels ARRAY<STRUCT<key STRING, value STRING>>, service STRUCT<description STRING>, currency STRING, cost FLOAT64',
    { transform: 'sql:cost-by-team' },
  );
  const row = (key: string, cost: string) =>
    `(TIMESTAMP '2026-01-01 00:00:00 UTC', NULL, [STRUCT('${key}' AS key, 'blue' AS value)], STRUCT('Compute' AS description), 'EUR', ${cost})`;
  await copy.insert([row('team', '1.5'), row('env', '2.25')].join(', '));
  await copy.succeed({ settings: { sqlTransforms: new Map([['cost-by-team', { sql, cursorField }]]) } });
  const found = await runs().warehouses.atDestination(
    `SELECT team, CAST(cost AS STRING) AS cost FROM ${sqlName(copy.destination)} ORDER BY 1`,
  );
  assert.deepEqual(
    found.map(({ team, cost }) => [team, cost]),
    [
      ['blue', '1.5'],
      ['nobody', '2.25'],
    ],
  );
});

test('the source unpacks what the vendor drops, once, and the next drop is the next window', async (context) => {
  const { state, warehouses } = runs();
  const root = await sourcesFolder(context);
  // The module says where its tables lie, so the example is opened on a folder of the test's own.
  const { openSource } = (await import(join(EXAMPLES, 'vendor-source.ts'))) as {
    openSource: (settings: { folder: string }) => ReturnType<typeof moduleSource>;
  };
  const { table, folder } = await newTableFolder(root, { cost: 'NUMERIC', export_time: 'TIMESTAMP' });
  await mkdir(join(folder, 'inbox'));
  const drop = (day: string, cost: string) =>
    writeFile(
      join(folder, 'inbox', `${day}.csv.gz`),
      gzipSync(`cost,export_time\n${cost},${day}T00:00:00Z\n`),
    );
  const source = openSource({ folder: root });
  const copy = await copyOf(state, () => ({ ...warehouses, source }), table, {
    sourceKind: 'module:vendor-source',
    destinationLocation: warehouses.sides.destination.location,
  });
  await drop('2026-01-01', '0.1');
  assert.equal((await copy.succeed()).job.rowsWritten, 1);
  await drop('2026-01-02', '7');
  assert.equal((await copy.succeed()).job.rowsWritten, 1);
  assert.deepEqual((await readdir(folder)).sort(), [
    '2026-01-01.csv',
    '2026-01-02.csv',
    '_schema.json',
    'inbox',
  ]);
});

test('the program finds the source by its name', async () => {
  const source = moduleSource(EXAMPLES, 'vendor-source');
  assert.ok((await source.currentTime('files', { project: 'p', dataset: 'd', table: 't' })) > 0n);
  await source.close();
});

test('the alert module pages for what needs a person, and lets the program try again what was not taken', async (context) => {
  const bodies: string[] = [];
  let status = 204;
  const pager = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => void pager.listen(0, '127.0.0.1', resolve));
  context.after(() => pager.close());
  process.env['PAGER_URL'] = `http://127.0.0.1:${(pager.address() as AddressInfo).port}/`;
  const read = readConfig({ ALERT_MODULE: join(EXAMPLES, 'page-alerts.ts') }, () => '');
  assert.ok(read.kind === 'ok');
  const send = await createAlertSender(read.config, {} as Logger);
  const alert = { organizationId: 'acme', jobId: 'j1', reason: undefined, message: 'look', times: 1, at: '' };
  const { signal } = new AbortController();
  await send({ ...alert, kind: 'failed' }, signal);
  assert.equal(bodies.length, 0);
  await send({ ...alert, kind: 'needs_operator' }, signal);
  assert.deepEqual(JSON.parse(bodies[0] ?? ''), { title: 'needs_operator: acme', text: 'look' });
  status = 500;
  await assert.rejects(send({ ...alert, kind: 'needs_operator' }, signal), /HTTP 500/);
});
