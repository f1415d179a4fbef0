import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import type { AppendOutcome } from '../../src/etl/destination.ts';
import { TerminalError } from '../../src/job/errors.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { LINEAGE_FIELDS, type TableSchema } from '../../src/job/table-schema.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import { at, openDestination, rowsOfIds, settingsFor, sqlName } from './bigquery-adapter-side.ts';

const { destination, query, newTable, location } = openDestination();
const COLUMNS = 'id INT64, name STRING';
const ACKNOWLEDGED: AppendOutcome = { kind: 'acknowledged' };

async function idsIn(table: TableRef): Promise<number[]> {
  const rows = await query(`SELECT id FROM ${sqlName(table)} ORDER BY id`);
  return rows.map((row) => Number(row['id']));
}

/** Appends each list of ids behind the one before and returns the stream, not finalized. */
async function streamWith(table: TableRef, batches: readonly number[][]): Promise<string> {
  const stream = await destination.createWriteStream(table);
  const { schema } = rowsOfIds([0]);
  const writer = destination.openWriter(stream, schema);
  let offset = 0;
  const appends = batches.map((ids) => {
    const appended = writer.append(rowsOfIds(ids).rows, offset);
    offset += ids.length;
    return appended;
  });
  for (const append of appends) assert.deepEqual(await append, ACKNOWLEDGED);
  writer.close();
  return stream;
}

describe('BigQuery as a destination', () => {
  it('makes a dataset and a partitioned, clustered table, and does not mind that they are there', async () => {
    const table = { project: destinationBigQuery().project, dataset: uniqueName('ds'), table: 'copy' };
    assert.equal(await destination.datasetLocation(table), undefined);
    assert.equal(await destination.describe(table), undefined);
    const schema: TableSchema = [
      { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
      {
        name: 'credits',
        type: 'STRUCT',
        mode: 'REPEATED',
        fields: [{ name: 'amount', type: 'FLOAT64', mode: 'NULLABLE' }],
      },
      { name: 'list_price', type: 'NUMERIC', mode: 'REQUIRED' },
      ...LINEAGE_FIELDS,
    ];
    const newTable = {
      table,
      location,
      schema,
      partitionField: '_etl_cursor',
      clusteringFields: ['_etl_job_id'],
      description: 'a copy',
      labels: { managed_by: 'test' },
    };
    for (let times = 0; times < 2; times += 1) {
      await destination.createDataset(table, location, { managed_by: 'test' });
      await destination.createTable(newTable);
    }
    assert.equal(await destination.datasetLocation(table), location);
    const described = await destination.describe(table);
    assert.deepEqual(described, { table, location, schema });
  });

  it('adds nested columns and relaxes REQUIRED without touching the rest', async () => {
    const table = await newTable(
      'id INT64 NOT NULL, credits ARRAY<STRUCT<amount FLOAT64>>, kept STRING OPTIONS (description = "as it was")',
    );
    const before = (await destination.describe(table))!.schema;
    const wanted: TableSchema = [
      { name: 'id', type: 'INT64', mode: 'NULLABLE' },
      {
        name: 'credits',
        type: 'STRUCT',
        mode: 'REPEATED',
        fields: [
          { name: 'amount', type: 'FLOAT64', mode: 'NULLABLE' },
          { name: 'id', type: 'STRING', mode: 'NULLABLE' },
        ],
      },
      { name: 'added', type: 'TIMESTAMP', mode: 'NULLABLE' },
    ];
    await destination.updateSchema(table, wanted);
    const after = (await destination.describe(table))!.schema;
    assert.deepEqual(after, [wanted[0], wanted[1], before[2], wanted[2]]);
  });

  it('counts rows beyond a cursor by the job that wrote them, and those of one job', async () => {
    const table = await newTable('id INT64, _etl_job_id STRING, _etl_cursor TIMESTAMP');
    await query(
      `INSERT INTO ${sqlName(table)} (id, _etl_job_id, _etl_cursor) VALUES (1, "o/it's/1", TIMESTAMP '2026-01-01 00:00:00.000001+00'), (2, "o/it's/1", TIMESTAMP '2026-01-01 00:00:00.000002+00'), (3, NULL, TIMESTAMP '2026-01-01 00:00:00.000002+00'), (4, 'o/b/1', NULL)`,
    );
    assert.deepEqual(await destination.rowsBeyond(table, location, at(1)), [
      { lineage: null, rows: 1 },
      { lineage: "o/it's/1", rows: 1 },
    ]);
    assert.deepEqual(await destination.rowsBeyond(table, location, undefined), [
      { lineage: null, rows: 1 },
      { lineage: "o/it's/1", rows: 2 },
    ]);
    assert.deepEqual(await destination.rowsBeyond(table, location, at(2)), []);
    assert.equal(await destination.rowsOf(table, location, "o/it's/1"), 2);
    assert.equal(await destination.rowsOf(table, location, "' OR 1=1 --"), 0);
  });

  it('shows appended rows only once their stream is committed', async () => {
    const table = await newTable(COLUMNS);
    const stream = await streamWith(table, [[1, 2], [3], [4, 5, 6]]);
    assert.deepEqual(await destination.writeStreamState(stream), { kind: 'open' });
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 6 });
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 6 });
    assert.deepEqual(await idsIn(table), []);
    assert.deepEqual(await destination.commitWriteStreams(table, [stream]), { kind: 'committed' });
    assert.deepEqual(await idsIn(table), [1, 2, 3, 4, 5, 6]);
    assert.equal((await destination.writeStreamState(stream)).kind, 'committed');
  });

  it('acknowledges rows that are in the stream already, and refuses those beyond its end', async () => {
    const table = await newTable(COLUMNS);
    const stream = await streamWith(table, [
      [1, 2],
      [3, 4],
    ]);
    const { schema, rows } = rowsOfIds([3, 4]);
    const writer = destination.openWriter(stream, schema);
    assert.deepEqual(await writer.append(rows, 2), ACKNOWLEDGED);
    assert.equal((await writer.append(rows, 7)).kind, 'out_of_range');
    assert.deepEqual(await writer.append(rows, 4), ACKNOWLEDGED, 'the connection goes on after a refusal');
    writer.close();
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 6 });
  });

  it('says that a finalized stream, and one that never was, is lost', async () => {
    const table = await newTable(COLUMNS);
    const finalized = await streamWith(table, [[1]]);
    await destination.finalizeWriteStream(finalized);
    for (const stream of [finalized, finalized.replace(/[^/]+$/, '0123456789abcdef')]) {
      const { schema, rows } = rowsOfIds([2]);
      const writer = destination.openWriter(stream, schema);
      const [first, second] = await Promise.all([writer.append(rows, 1), writer.append(rows, 2)]);
      assert.deepEqual([first.kind, second.kind], ['stream_lost', 'stream_lost']);
      assert.equal((await writer.append(rows, 3)).kind, 'stream_lost');
      writer.close();
    }
  });

  it('commits several streams at once, and finds a second commit of them done', async () => {
    const table = await newTable(COLUMNS);
    const streams = await Promise.all([streamWith(table, [[1, 2]]), streamWith(table, [[3]])]);
    for (const stream of streams) await destination.finalizeWriteStream(stream);
    assert.deepEqual(await destination.commitWriteStreams(table, streams), { kind: 'committed' });
    assert.deepEqual(await destination.commitWriteStreams(table, streams), { kind: 'committed' });
    assert.deepEqual(await idsIn(table), [1, 2, 3]);
  });

  it('calls the commit of streams that are gone ambiguous, and commits nothing of their set', async () => {
    const table = await newTable(COLUMNS);
    const stream = await streamWith(table, [[1]]);
    await destination.finalizeWriteStream(stream);
    const gone = stream.replace(/[^/]+$/, '0123456789abcdef');
    const outcome = await destination.commitWriteStreams(table, [stream, gone]);
    assert.ok(outcome.kind === 'ambiguous');
    assert.match(outcome.message, /0123456789abcdef is missing/);
    assert.deepEqual(await idsIn(table), []);
    assert.deepEqual(await destination.writeStreamState(gone), { kind: 'missing' });
    assert.deepEqual(await destination.finalizeWriteStream(gone), { kind: 'missing' });
    await assert.rejects(destination.commitWriteStreams(table, []), {
      reason: 'invalid_request',
      message: /an empty set of streams/,
    });
  });

  it('fails for good when rows do not fit the table', async () => {
    const table = await newTable('id INT64');
    const stream = await destination.createWriteStream(table);
    const { schema, rows } = rowsOfIds([1]);
    const writer = destination.openWriter(stream, schema);
    await assert.rejects(writer.append(rows, 0), (error: unknown) => {
      assert.ok(error instanceof TerminalError, String(error));
      assert.equal(error.reason, 'schema_drift');
      return true;
    });
    await assert.rejects(writer.append(rows, 1), TerminalError);
    writer.close();
  });

  it('has no write stream for a table that is not there', async () => {
    const table = await newTable(COLUMNS);
    await assert.rejects(destination.createWriteStream({ ...table, table: 'gone' }), {
      reason: 'destination_not_found',
    });
  });

  it('gives up an append within seconds when nobody answers', async () => {
    const patience = { random: () => 0.1, storageHost: '127.0.0.1:9' };
    const unreachable = bigQueryDestination({ ...settingsFor(destinationBigQuery()), ...patience });
    const { schema, rows } = rowsOfIds([1]);
    const writer = unreachable.openWriter('projects/p/datasets/d/tables/t/streams/s', schema);
    const startMs = performance.now();
    await assert.rejects(writer.append(rows, 0), {
      name: 'TransientError',
      reason: 'warehouse_unavailable',
      message: /127\.0\.0\.1:9 could not be reached .* check DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST/,
    });
    assert.ok(performance.now() - startMs < 40_000);
    writer.close();
    await unreachable.close();
  });
});
