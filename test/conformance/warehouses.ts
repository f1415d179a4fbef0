// The warehouses whose ports must behave the same: the strict double and BigQuery's adapters on the emulators.
import { after, describe } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { openEnvironment, type BigQuerySettings } from '../../src/bigquery/environment.ts';
import { runQuery } from '../../src/bigquery/query-jobs.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import type { Destination } from '../../src/etl/destination.ts';
import type { Slice, Source } from '../../src/etl/source.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { LINEAGE_FIELDS, type TableSchema } from '../../src/job/table-schema.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { strictSource } from '../support/strict-warehouse/source-side.ts';
import { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';

/** One warehouse, seen through both ports, and past them for preparing and checking. */
export type WarehouseUnderTest = {
  readonly source: Source;
  readonly destination: Destination;
  readonly location: string;
  /** A name nobody has; neither table nor dataset exists. */
  newName(): TableRef;
  /** An empty table of SCHEMA. */
  newTable(): Promise<TableRef>;
  /** Adds rows of SCHEMA, visible at once. */
  addRows(table: TableRef, rows: readonly BillingRow[]): Promise<void>;
  /** The ids that anybody sees now, in ascending order. */
  visibleIds(table: TableRef): Promise<readonly number[]>;
  dropTable(table: TableRef): Promise<void>;
};

/** A row of SCHEMA; instants in microseconds from JANUARY, money as it is. */
export type BillingRow = {
  readonly id: number;
  readonly cost?: number;
  readonly currency?: string | null;
  readonly credits?: readonly number[];
  readonly exported?: number | null;
  readonly lineage?: string;
};

/** 2026-01-01T00:00:00Z. */
export const JANUARY = 1_767_225_600_000_000n;

export const SCHEMA: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'NULLABLE' },
  { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'currency', type: 'STRING', mode: 'NULLABLE' },
  {
    name: 'credits',
    type: 'STRUCT',
    mode: 'REPEATED',
    fields: [{ name: 'amount', type: 'FLOAT64', mode: 'NULLABLE' }],
  },
  { name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' },
  ...LINEAGE_FIELDS.map(({ name, type, mode }) => ({ name, type, mode })),
];

/** The row as the double holds it and as it travels. */
export function cellsOf({
  id,
  cost = 1,
  currency = 'USD',
  credits = [],
  exported = 0,
  lineage,
}: BillingRow): Row {
  const at = exported === null ? null : JANUARY + BigInt(exported);
  return {
    id: BigInt(id),
    cost,
    currency,
    credits: credits.map((amount) => ({ amount })),
    export_time: at,
    _etl_job_id: lineage ?? null,
    _etl_cursor: lineage === undefined ? null : at,
  };
}

/** Everything up to hi (microseconds from JANUARY) of a table as it stands now. */
export async function sliceOf(
  { source, location }: WarehouseUnderTest,
  table: TableRef,
  window: { lo?: number; hi: number } = { hi: 1_000_000 },
): Promise<Slice> {
  const snapshot = await source.currentTime(location, table);
  const lo = window.lo === undefined ? undefined : JANUARY + BigInt(window.lo);
  return {
    table,
    location,
    cursorField: 'export_time',
    snapshot,
    window: { lo, hi: JANUARY + BigInt(window.hi) },
  };
}

/** Runs the cases once on each warehouse. */
export function onEveryWarehouse(cases: (warehouse: WarehouseUnderTest) => void): void {
  describe('the strict double', () => cases(theDouble()));
  describe('BigQuery on the emulator', () => cases(bigQuery()));
}

function theDouble(): WarehouseUnderTest {
  const warehouse = new StrictWarehouse({
    project: 'strict-env',
    location: 'US',
    clock: processClock,
    now: () => BigInt(Date.now()) * 1000n,
  });
  const newName = (): TableRef => ({ project: warehouse.project, dataset: uniqueName('ds'), table: 'rows' });
  return {
    source: strictSource(warehouse, 'test'),
    destination: strictDestination(warehouse, 'test'),
    location: warehouse.location,
    newName,
    async newTable() {
      const table = newName();
      warehouse.addTable(table, SCHEMA);
      return table;
    },
    addRows: async (table, rows) => warehouse.addRows(table, rows.map(cellsOf)),
    visibleIds: async (table) =>
      warehouse
        .rows(table)
        .map((row) => Number(row['id']))
        .sort((a, b) => a - b),
    dropTable: async (table) => warehouse.dropTable(table),
  };
}

function bigQuery(): WarehouseUnderTest {
  const side = destinationBigQuery();
  const settings: BigQuerySettings = {
    projectId: side.project,
    restHost: side.restHost,
    storageHost: side.grpcHost,
    clock: processClock,
    random: Math.random,
  };
  const [source, destination] = [bigQuerySource(settings), bigQueryDestination(settings)];
  const environment = openEnvironment(settings, 'source');
  after(() => Promise.all([source.close(), destination.close(), environment.close()]));
  const query = (sql: string) =>
    runQuery(environment, { sql, location: side.location, doing: 'preparing or checking a test' });
  const newName = (): TableRef => ({ project: side.project, dataset: uniqueName('ds'), table: 'rows' });
  return {
    source,
    destination,
    location: side.location,
    newName,
    async newTable() {
      const table = newName();
      const layout = { partitionField: '_etl_cursor', clusteringFields: [], description: '', labels: {} };
      await destination.createDataset(table, side.location, {});
      await destination.createTable({ table, location: side.location, schema: SCHEMA, ...layout });
      return table;
    },
    async addRows(table, rows) {
      await query(`INSERT INTO ${quoted(table)} VALUES ${rows.map(sqlOf).join(', ')}`);
    },
    async visibleIds(table) {
      const rows = await query(`SELECT id FROM ${quoted(table)} ORDER BY id`);
      return rows.map((row) => Number(row['id']));
    },
    async dropTable(table) {
      await query(`DROP TABLE ${quoted(table)}`);
    },
  };
}

function sqlOf(row: BillingRow): string {
  const { id, cost, currency, credits, export_time: at, _etl_job_id: lineage } = cellsOf(row);
  const number = (value: unknown): string =>
    Number.isFinite(value) ? String(value) : `CAST('${String(value)}' AS FLOAT64)`;
  const text = (value: unknown): string => (value === null ? 'NULL' : `'${String(value)}'`);
  const time = (value: unknown): string => (value === null ? 'NULL' : `TIMESTAMP_MICROS(${String(value)})`);
  const amounts = (credits as { amount: number }[]).map(
    ({ amount }) => `STRUCT(${number(amount)} AS amount)`,
  );
  const cursor = lineage === null ? 'NULL' : time(at);
  return `(${String(id)}, ${number(cost)}, ${text(currency)}, [${amounts.join(', ')}], ${time(at)}, ${text(lineage)}, ${cursor})`;
}

function quoted({ project, dataset, table }: TableRef): string {
  return `\`${project}.${dataset}.${table}\``;
}
