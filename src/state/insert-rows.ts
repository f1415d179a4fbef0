/** Inserts rows, or overwrites some columns of those whose unique key is there already. */
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
  const table = session.tables.of(entity);
  const all = (Array.isArray(rows) ? rows : [rows]) as readonly Values<Row>[];
  const names = Object.keys(all[0] ?? {}) as (keyof Row & string)[];
  const tuples = all.map((row) => `(${names.map((name) => placeholder(row[name])).join(', ')})`);
  const tail = onDuplicate ? session.dialect.onDuplicate(onDuplicate.key, onDuplicate.overwrite) : '';
  await writeRows(
    session,
    entity,
    `INSERT INTO {table} (${names.map((name) => `{${name}}`).join(', ')}) VALUES ${tuples.join(', ')}${tail}`,
    all.flatMap((row) => names.map((name) => encoded(table, name, row[name]))),
  );
}
