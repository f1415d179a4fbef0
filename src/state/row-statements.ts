/** Reads and writes rows of one entity by statements whose SQL is written once. */
import { encoded, placeholder, type Values } from './column-values.ts';
import type { CompiledTable } from './compiled-table.ts';
import type { Session } from './database.ts';

/** The class of an entity. */
export type Entity<Row> = new () => Row;

/** The rows that the end of a SELECT is about: WHERE, ORDER BY, LIMIT. How it names columns is explained at CompiledTable. */
export async function findRows<Row>(
  session: Session,
  entity: Entity<Row>,
  tail: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const table = session.tables.of(entity);
  const rows = await select(session, table, `SELECT {*} FROM {table} ${tail}`, values);
  return rows.map((row) => table.decode(row));
}

/** As findRows, but only some columns: others may hold long texts. */
export async function findColumns<Row, Name extends keyof Row & string>(
  session: Session,
  entity: Entity<Row>,
  names: readonly Name[],
  tail: string,
  values: readonly unknown[],
): Promise<Pick<Row, Name>[]> {
  const table = session.tables.of(entity);
  const columns = names.map((name) => `{${name}}`).join(', ');
  const rows = await select(session, table, `SELECT ${columns} FROM {table} ${tail}`, values);
  return rows.map((row) => table.decode(row, names));
}

/** The only row that has these values; undefined when there is none. */
export async function findRow<Row>(
  session: Session,
  entity: Entity<Row>,
  by: Partial<Row>,
): Promise<Row | undefined> {
  return (await findRows(session, entity, whereEqual(by), Object.values(by)))[0];
}

/** As findRow, and nobody else changes or locks the row until the transaction ends. */
export async function lockRow<Row>(
  session: Session,
  entity: Entity<Row>,
  by: Partial<Row>,
): Promise<Row | undefined> {
  const tail = whereEqual(by) + session.dialect.forUpdate;
  return (await findRows(session, entity, tail, Object.values(by)))[0];
}

/** Carries out an UPDATE, INSERT or DELETE and says how many rows it wrote, or found to be so already. */
export function writeRows<Row>(
  { tables, dialect, runner }: Session,
  entity: Entity<Row>,
  template: string,
  values: readonly unknown[],
): Promise<number> {
  return dialect.write(runner, tables.of(entity).statement(template), values);
}

/** Changes columns of the rows that meet the condition and says how many there are. */
export function updateRows<Row>(
  session: Session,
  entity: Entity<Row>,
  changes: Values<Row>,
  condition: string,
  conditionValues: readonly unknown[],
): Promise<number> {
  const table = session.tables.of(entity);
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const assignments = given.map(([name, value]) => `{${name}} = ${placeholder(value)}`).join(', ');
  const values = given.map(([name, value]) => encoded(table, name, value));
  const template = `UPDATE {table} SET ${assignments} WHERE ${condition}`;
  return writeRows(session, entity, template, [...values, ...conditionValues]);
}

/** Changes columns of the row with this number. */
export async function updateRow<Row>(
  session: Session,
  entity: Entity<Row>,
  id: number,
  changes: Values<Row>,
): Promise<void> {
  await updateRows(session, entity, changes, '{id} = ?', [id]);
}

function select<Row>(
  { dialect, runner }: Session,
  table: CompiledTable<Row>,
  template: string,
  values: readonly unknown[],
): Promise<unknown[][]> {
  return dialect.rows(runner, table.statement(template), values);
}

function whereEqual(by: object): string {
  const conditions = Object.keys(by).map((name) => `{${name}} = ?`);
  return `WHERE ${conditions.join(' AND ')}`;
}
