// The stand-in under volume: neither a commit nor a read session costs a copy of the table.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { makeVector, Table } from 'apache-arrow';
import { appendRows } from './bigquery-emulator-arrow.ts';
import { newDataset, PROJECT, rowsOf, tablePath, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();
const withoutProc = process.platform === 'linux' ? false : 'needs /proc to see memory';

const ROWS = 60_000;
const TABLE_MB = 60;
const REPETITIONS = 20;

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${warehouse().standIn.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

async function tableOfManyBytes(): Promise<{ dataset: string; parent: string }> {
  const dataset = await newDataset(warehouse());
  const pad = 'CONCAT(CAST(id AS STRING), REPEAT(CAST(id AS STRING), 200))';
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t AS SELECT id, ${pad} AS pad FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS id`,
  );
  return { dataset, parent: tablePath(dataset, 't') };
}

async function commitOneRow(parent: string): Promise<void> {
  const { write } = warehouse();
  const [{ name }] = await write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  const rows = new Table({ id: makeVector(BigInt64Array.of(0n)) });
  await appendRows(write, name!, [{ rows, offset: 0 }]);
  await write.finalizeWriteStream({ name: name! });
  await write.batchCommitWriteStreams({ parent, writeStreams: [name!] });
}

test('small commits into a large table do not copy it', { skip: withoutProc }, async () => {
  const { dataset, parent } = await tableOfManyBytes();
  await commitOneRow(parent);
  const beforeMb = await residentMb();

  for (let commit = 0; commit < REPETITIONS; commit++) await commitOneRow(parent);

  const grownMb = (await residentMb()) - beforeMb;
  assert.ok(grownMb < 3 * TABLE_MB, `${REPETITIONS} commits took ${Math.round(grownMb)} MB`);
  const [row] = await rowsOf<{ n: number }>(warehouse(), `SELECT COUNT(*) AS n FROM ${dataset}.t`);
  assert.equal(row!.n, ROWS + REPETITIONS + 1);
});

test('open read sessions do not hold the table', { skip: withoutProc }, async () => {
  const { parent } = await tableOfManyBytes();
  const openSession = async (): Promise<string> => {
    const [session] = await warehouse().read.createReadSession({
      parent: `projects/${PROJECT}`,
      readSession: { table: parent, dataFormat: 'ARROW' },
      maxStreamCount: 1,
    });
    return session.streams![0]!.name!;
  };
  await openSession();
  const beforeMb = await residentMb();

  const streams = await Promise.all(Array.from({ length: REPETITIONS }, openSession));

  const grownMb = (await residentMb()) - beforeMb;
  assert.ok(grownMb < 3 * TABLE_MB, `${streams.length} sessions took ${Math.round(grownMb)} MB`);
});
