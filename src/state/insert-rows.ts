/** Inserts rows, or overwrites some columns of those whose unique key is there already. */
import type { Lease } from '../job/job.ts';
import { encoded, placeholder, type Values } from './column-values.ts';
import type { Session } from './database.ts';
import { writeRows, type Entity } from './row-statements.ts';

/** The columns of a unique index, and those to overwrite in a row that has the same values there. */
export type OnDuplicate<Row> = {
  readonly key: readonly (keyof Row & string)[];
  readonly overwrite: readonly (keyof Row & string)[];
};

/** Inserts the rows, all with values of the same properties, in one statement; without onDuplicate a row whose key is taken makes it fail as a whole. */
export async function insertRows<Row>(
  session: Session,
  entity: Entity<Row>,
  rows: Values<Row> | readonly Values<Row>[],
  onDuplicate?: OnDuplicate<Row>,
): Promise<void> {
  const all = (Array.isArray(rows) ? rows : [rows]) as readonly Values<Row>[];
  const names = Object.keys(all[0] ?? {}) as (keyof Row & string)[];
  const tuples = all.map((row) => `(${placeholders(names, row)})`);
  const template = `INSERT INTO {table} (${columns(names)}) VALUES ${tuples.join(', ')}${ending(session, onDuplicate)}`;
  const values = all.flatMap((row) => valuesOf(session, entity, names, row));
  await writeRows(session, entity, template, values);
}

/** As insertRows with one row, but only while the lease is the newest of its job, which stays locked; says whether it was. */
export async function insertUnderLease<Row>(
  session: Session,
  lease: Lease,
  entity: Entity<Row>,
  row: Values<Row>,
  onDuplicate: OnDuplicate<Row>,
): Promise<boolean> {
  const names = Object.keys(row) as (keyof Row & string)[];
  const fence = ['organizationId', 'jobId', 'leaseOwner', 'leaseEpoch'].map((name) => `{JobRow.${name}} = ?`);
  const held = `FROM {JobRow.table} WHERE ${fence.join(' AND ')}${session.dialect.forUpdate}`;
  const template = `INSERT INTO {table} (${columns(names)}) SELECT ${placeholders(names, row)} ${held}${ending(session, onDuplicate)}`;
  const { organizationId, jobId, owner, epoch } = lease;
  const values = [...valuesOf(session, entity, names, row), organizationId, jobId, owner, epoch];
  return (await writeRows(session, entity, template, values)) > 0;
}

function columns(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ');
}

function placeholders<Row>(names: readonly (keyof Row & string)[], row: Values<Row>): string {
  return names.map((name) => placeholder(row[name])).join(', ');
}

function valuesOf<Row>(
  { tables }: Session,
  entity: Entity<Row>,
  names: readonly (keyof Row & string)[],
  row: Values<Row>,
): unknown[] {
  const table = tables.of(entity);
  return names.map((name) => encoded(table, name, row[name]));
}

function ending<Row>({ dialect }: Session, onDuplicate: OnDuplicate<Row> | undefined): string {
  return onDuplicate ? dialect.onDuplicate(onDuplicate.key, onDuplicate.overwrite) : '';
}
