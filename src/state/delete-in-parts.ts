/** Deletes many rows in transactions so small that nobody waits long for what they lock. */
import type { Database, Session } from './database.ts';
import type { Entity } from './row-statements.ts';

const ROWS_PER_TRANSACTION = 1_000;

/** Rows by their number. */
export type Numbered = { readonly id: number };

/** Deletes what is found, at most so many at a time, until less than that is there; resolves with the number deleted. */
export async function deleteInParts(
  database: Database,
  entity: Entity<Numbered>,
  find: (session: Session, limit: number) => Promise<readonly Numbered[]>,
): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await database.transaction(async (session) => {
      const rows = await find(session, ROWS_PER_TRANSACTION);
      if (rows.length > 0)
        await session.manager.delete(
          entity,
          rows.map(({ id }) => id),
        );
      return rows.length;
    });
    total += deleted;
    if (deleted < ROWS_PER_TRANSACTION) return total;
  }
}
