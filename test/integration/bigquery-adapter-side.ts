// What the tests of the BigQuery adapter share: the two sides opened on the runner's emulators, and tables of their own.
import { after } from 'node:test';
import { Field, Int64, makeData, RecordBatch, Schema, Struct, Table, Utf8 } from 'apache-arrow';
import { processClock } from '../../src/app/process-clock.ts';
import { openEnvironment, type BigQuerySettings } from '../../src/bigquery/environment.ts';
import { runQuery, type QueryRow } from '../../src/bigquery/query-jobs.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { destinationBigQuery, sourceBigQuery, type BigQueryEnvironment } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import { messagesOf } from './bigquery-emulator-arrow.ts';

/** Settings that lead to one of the runner's emulators. */
export function settingsFor(side: BigQueryEnvironment): BigQuerySettings {
  return {
    projectId: side.project,
    restHost: side.restHost,
    storageHost: side.grpcHost,
    labels: { managed_by: 'test' },
    clock: processClock,
    random: Math.random,
  };
}

/** The source side, closed after the tests of the file. */
export function openSource() {
  const side = sourceBigQuery();
  const source = bigQuerySource(settingsFor(side));
  after(() => source.close());
  return { ...openTables(side, 'source'), source };
}

/** The destination side, closed after the tests of the file. */
export function openDestination() {
  const side = destinationBigQuery();
  const destination = bigQueryDestination(settingsFor(side));
  after(() => destination.close());
  return { ...openTables(side, 'destination'), destination };
}

function openTables(side: BigQueryEnvironment, name: 'source' | 'destination') {
  const environment = openEnvironment(settingsFor(side), name);
  after(() => environment.close());
  const query = (sql: string): Promise<readonly QueryRow[]> =>
    runQuery(environment, { sql, location: side.location, doing: 'preparing a test' });
  return {
    location: side.location,
    environment,
    query,
    /** A table nobody else uses; columns as in CREATE TABLE. */
    newTable: async (columns: string): Promise<TableRef> => {
      const table = { project: side.project, dataset: uniqueName('ds'), table: 'rows' };
      await query(
        `CREATE SCHEMA \`${table.project}.${table.dataset}\` OPTIONS (location = '${side.location}')`,
      );
      await query(`CREATE TABLE ${sqlName(table)} (${columns})`);
      return table;
    },
  };
}

/** A table's name as SQL writes it. */
export function sqlName({ project, dataset, table }: TableRef): string {
  return `\`${project}.${dataset}.${table}\``;
}

/** The instant so many microseconds after the start of 2026. */
export function at(micros: number): bigint {
  return 1_767_225_600_000_000n + BigInt(micros);
}

/** An Arrow schema message and rows of (id INT64, name STRING), ready to append. */
export function rowsOfIds(ids: readonly number[]): { schema: Uint8Array; rows: ArrowRows } {
  const fields = [new Field('id', new Int64(), true), new Field('name', new Utf8(), true)];
  return arrowRows(fields, [
    makeData({ type: new Int64(), length: ids.length, data: BigInt64Array.from(ids, BigInt) }),
    utf8(ids.map((id) => `row ${id}`)),
  ]);
}

function arrowRows(
  fields: Field[],
  children: ReturnType<typeof makeData>[],
): { schema: Uint8Array; rows: ArrowRows } {
  const length = children[0]?.length ?? 0;
  const schema = new Schema(fields);
  const data = makeData({ type: new Struct(fields), length, nullCount: 0, children });
  const { schema: message, batch } = messagesOf(new Table([new RecordBatch(schema, data)]));
  return { schema: message, rows: { recordBatch: batch, rowCount: length } };
}

function utf8(values: readonly string[]): ReturnType<typeof makeData> {
  const encoded = values.map((value) => Buffer.from(value));
  const offsets = Int32Array.from([
    0,
    ...encoded.map((_, i) => Buffer.concat(encoded.slice(0, i + 1)).length),
  ]);
  return makeData({
    type: new Utf8(),
    length: values.length,
    valueOffsets: offsets,
    data: Buffer.concat(encoded),
  });
}
