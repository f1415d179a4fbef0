// What every Destination promises, whatever is behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppendOutcome } from '../../src/etl/destination.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import type { TableSchema } from '../../src/job/table-schema.ts';
import { recordBatch, schemaMessage } from '../support/strict-warehouse/arrow-rows.ts';
import { cellsOf, JANUARY, onEveryWarehouse, SCHEMA, type BillingRow } from './warehouses.ts';

onEveryWarehouse((warehouse) => {
  const { destination, location } = warehouse;

  const append = async (
    stream: string,
    offset: number,
    rows: readonly BillingRow[],
    schema: TableSchema = SCHEMA,
  ): Promise<AppendOutcome> => {
    const writer = destination.openWriter(stream, schemaMessage(schema));
    try {
      return await writer.append(recordBatch(schema, rows.map(cellsOf)), offset);
    } finally {
      writer.close();
    }
  };

  const finalizedStream = async (table: TableRef, ...ids: number[]): Promise<string> => {
    const stream = await destination.createWriteStream(table);
    const rows = ids.map((id) => ({ id, lineage: 'org/job/1' }));
    assert.equal((await append(stream, 0, rows)).kind, 'acknowledged');
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: ids.length });
    return stream;
  };

  const isOpen = async (stream: string): Promise<boolean> =>
    (await destination.writeStreamState(stream)).kind === 'open';

  test('a dataset and a table are made once, and making them again changes nothing', async () => {
    const table = warehouse.newName();
    assert.equal(await destination.datasetLocation(table), undefined);
    assert.equal(await destination.describe(table), undefined);
    const made = {
      table,
      location,
      schema: SCHEMA,
      partitionField: '_etl_cursor',
      clusteringFields: ['currency'],
      description: 'a copy',
      labels: { managed_by: 'test' },
    };
    for (let again = 0; again < 2; again++) {
      await destination.createDataset(table, location, { managed_by: 'test' });
      await destination.createTable(made);
      assert.equal(await destination.datasetLocation(table), location);
      assert.deepEqual(await destination.describe(table), { table, location, schema: SCHEMA });
    }
  });

  test('a schema is extended, and rows may use the new columns', async () => {
    const table = await warehouse.newTable();
    const schema: TableSchema = [...SCHEMA, { name: 'added', type: 'STRING', mode: 'NULLABLE' }];
    await destination.updateSchema(table, schema);
    assert.deepEqual((await destination.describe(table))?.schema, schema);
    const stream = await destination.createWriteStream(table);
    assert.deepEqual(await append(stream, 0, [{ id: 1 }], schema), { kind: 'acknowledged' });
  });

  test('rows are invisible until their stream is committed, and then all there', async () => {
    const table = await warehouse.newTable();
    const stream = await destination.createWriteStream(table);
    assert.deepEqual(await append(stream, 0, [{ id: 1 }, { id: 2 }]), { kind: 'acknowledged' });
    assert.deepEqual(await append(stream, 2, [{ id: 3 }]), { kind: 'acknowledged' });
    assert.deepEqual(await warehouse.visibleIds(table), []);
    for (let again = 0; again < 2; again++)
      assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 3 });
    assert.deepEqual(await warehouse.visibleIds(table), []);
    assert.deepEqual(await destination.writeStreamState(stream), { kind: 'open' });

    assert.deepEqual(await destination.commitWriteStreams(table, [stream]), { kind: 'committed' });

    assert.deepEqual(await warehouse.visibleIds(table), [1, 2, 3]);
    const state = await destination.writeStreamState(stream);
    assert.ok(state.kind === 'committed' && state.commitTime > JANUARY);
  });

  test('appends of one writer may be under way together and are answered one by one', async () => {
    const table = await warehouse.newTable();
    const stream = await destination.createWriteStream(table);
    const writer = destination.openWriter(stream, schemaMessage(SCHEMA));
    const outcomes = [0, 1, 2].map((offset) =>
      writer.append(recordBatch(SCHEMA, [cellsOf({ id: offset })]), offset),
    );
    assert.deepEqual(
      (await Promise.all(outcomes)).map(({ kind }) => kind),
      ['acknowledged', 'acknowledged', 'acknowledged'],
    );
    writer.close();
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 3 });
  });

  test('rows sent again at their offset are acknowledged and counted once', async () => {
    const table = await warehouse.newTable();
    const stream = await destination.createWriteStream(table);
    const first = [{ id: 1 }, { id: 2 }];
    for (const offset of [0, 0]) assert.equal((await append(stream, offset, first)).kind, 'acknowledged');
    assert.equal((await append(stream, 2, [{ id: 3 }])).kind, 'acknowledged');
    assert.equal((await append(stream, 0, first)).kind, 'acknowledged');
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 3 });
  });

  test('an offset beyond the end of a stream is out of range, and places nothing', async () => {
    const table = await warehouse.newTable();
    const stream = await destination.createWriteStream(table);
    assert.equal((await append(stream, 1, [{ id: 1 }])).kind, 'out_of_range');
    assert.deepEqual(await destination.finalizeWriteStream(stream), { kind: 'finalized', rows: 0 });
  });

  test('a stream that is finalized takes no more rows', async () => {
    const table = await warehouse.newTable();
    const stream = await finalizedStream(table, 1);
    assert.equal((await append(stream, 1, [{ id: 2 }])).kind, 'stream_lost');
  });

  test('a set is committed as a whole and only once, however often it is asked for', async () => {
    const table = await warehouse.newTable();
    const set = [await finalizedStream(table, 1, 2), await finalizedStream(table, 3)];
    for (const streams of [set, set, set.toReversed()])
      assert.deepEqual(await destination.commitWriteStreams(table, streams), { kind: 'committed' });
    assert.deepEqual(await warehouse.visibleIds(table), [1, 2, 3]);
  });

  test('a set with a stream that is gone is ambiguous, and none of it becomes visible', async () => {
    const table = await warehouse.newTable();
    const stream = await finalizedStream(table, 1);
    const outcome = await destination.commitWriteStreams(table, [stream, `${stream}0`]);
    assert.equal(outcome.kind, 'ambiguous');
    assert.deepEqual(await warehouse.visibleIds(table), []);
    assert.ok(await isOpen(stream));
  });

  test('a set that holds a stream of an earlier commit is ambiguous, and none of the rest becomes visible', async () => {
    const table = await warehouse.newTable();
    const [committed, other] = [await finalizedStream(table, 1), await finalizedStream(table, 2)];
    await destination.commitWriteStreams(table, [committed]);
    const outcome = await destination.commitWriteStreams(table, [committed, other]);
    assert.equal(outcome.kind, 'ambiguous');
    assert.deepEqual(await warehouse.visibleIds(table), [1]);
    assert.ok(await isOpen(other));
  });

  test('an empty set is refused', async () => {
    const table = await warehouse.newTable();
    await assert.rejects(destination.commitWriteStreams(table, []), { outcome: 'terminal' });
  });

  test('a stream that is gone is lost to appends, missing to questions, and no error', async () => {
    const table = await warehouse.newTable();
    const gone = `${await destination.createWriteStream(table)}0`;
    assert.equal((await append(gone, 0, [{ id: 1 }])).kind, 'stream_lost');
    assert.deepEqual(await destination.finalizeWriteStream(gone), { kind: 'missing' });
    assert.deepEqual(await destination.writeStreamState(gone), { kind: 'missing' });
  });

  test('rows of another schema than the table has are schema_drift', async () => {
    const table = await warehouse.newTable();
    const stream = await destination.createWriteStream(table);
    const more: TableSchema = [...SCHEMA, { name: 'unknown', type: 'STRING', mode: 'NULLABLE' }];
    await assert.rejects(append(stream, 0, [{ id: 1 }], more), {
      reason: 'schema_drift',
      outcome: 'terminal',
    });
  });

  test('no stream is made for a table that does not exist', async () => {
    await assert.rejects(destination.createWriteStream(warehouse.newName()), {
      reason: 'destination_not_found',
      outcome: 'terminal',
    });
  });

  test('rows are counted by the job that wrote them, beyond an instant and in all', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, [
      { id: 1, lineage: 'org/a/1', exported: 1 },
      { id: 2, lineage: 'org/a/1', exported: 2 },
      { id: 3, lineage: 'org/b/2', exported: 3 },
      { id: 4, lineage: 'org/b/2', exported: 3 },
      { id: 5 },
    ]);
    const byName = (lo: bigint | undefined) =>
      destination
        .rowsBeyond(table, location, lo)
        .then((counts) => Object.fromEntries(counts.map(({ lineage, rows }) => [lineage, rows])));
    assert.deepEqual(await byName(undefined), { 'org/a/1': 2, 'org/b/2': 2 });
    assert.deepEqual(await byName(JANUARY + 1n), { 'org/a/1': 1, 'org/b/2': 2 });
    assert.deepEqual(await byName(JANUARY + 3n), {});
    assert.equal(await destination.rowsOf(table, location, 'org/b/2'), 2);
    assert.equal(await destination.rowsOf(table, location, `org/b/2' OR '1'='1`), 0);
  });
});
