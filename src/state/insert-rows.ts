/** Inserts rows, or overwrites some columns of those whose unique key is there already. */
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { Session } from './database.ts';

/** The columns of a unique index, and those to overwrite in a row that has the same values there. */
export type OnDuplicate = { readonly key: readonly string[]; readonly overwrite: readonly string[] };

/** Inserts the rows in one statement; without onDuplicate a row whose key is taken makes it fail as a whole. */
export async function insertRows<Row extends ObjectLiteral>(
  { manager }: Session,
  target: EntityTarget<Row>,
  rows: QueryDeepPartialEntity<Row> | QueryDeepPartialEntity<Row>[],
  onDuplicate?: OnDuplicate,
): Promise<void> {
  // TypeORM would compute the ids of the rows inserted, which it cannot do where SQLite gives integers as bigint.
  const query = manager.createQueryBuilder().insert().into(target).values(rows).updateEntity(false);
  if (onDuplicate) query.orUpdate([...onDuplicate.overwrite], [...onDuplicate.key]);
  await query.execute();
}
