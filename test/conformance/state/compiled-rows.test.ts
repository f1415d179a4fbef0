// Rows written and read by compiled statements are what TypeORM itself writes and reads, for every column of every entity.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DataSource, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { createDataSource } from '../../../src/state/data-source.ts';
import { databaseName } from '../../../src/state/database-settings.ts';
import { Database } from '../../../src/state/database.ts';
import { dialectOf } from '../../../src/state/dialect.ts';
import { ALL_ENTITIES } from '../../../src/state/entities/all-entities.ts';
import { JobRow } from '../../../src/state/entities/job-row.ts';
import { insertRows } from '../../../src/state/insert-rows.ts';
import { stateOn } from '../../../src/state/open-state.ts';
import { findColumns, findRow, updateRow, type Entity } from '../../../src/state/row-statements.ts';
import { uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase, type TestDatabase } from './databases.ts';

onEveryDatabase((database) => {
  for (const entity of ALL_ENTITIES as readonly Entity<ObjectLiteral>[])
    test(`${entity.name}: every column comes back as TypeORM reads it`, async (t) => {
      const { store, dataSource } = await aStore(t, database());
      const given = someRow(dataSource, entity);
      const found = await store.transaction(async (session) => {
        await insertRows(session, entity, given);
        return findRow(session, entity, onlyText(given));
      });
      assert.ok(found);
      const { id, ...columns } = found;
      assert.deepEqual(columns, given);
      const asTypeOrm = await dataSource.manager.findOneBy(entity, { id: id as number });
      assert.deepEqual({ ...found }, { ...asTypeOrm });
    });

  test('what is null, changed or left alone is so afterwards, and some columns can be asked for', async (t) => {
    const { store, dataSource } = await aStore(t, database());
    const given = someRow(dataSource, JobRow) as Omit<JobRow, 'id'>;
    const { organizationId, jobId } = given;
    const [before, after, some] = await store.transaction(async (session) => {
      await insertRows(session, JobRow, { ...given, plan: null, needsOperator: false });
      const row = (await findRow(session, JobRow, { organizationId, jobId }))!;
      await updateRow(session, JobRow, row.id, { leaseOwner: null, planNumber: 2, status: undefined });
      const tail = 'WHERE {id} = ?';
      return [
        row,
        await findRow(session, JobRow, { id: row.id }),
        await findColumns(session, JobRow, ['needsOperator', 'windowEnd'], tail, [row.id]),
      ];
    });
    assert.equal(before.plan, null);
    assert.deepEqual(after, { ...before, leaseOwner: null, planNumber: 2 });
    assert.deepEqual(some, [{ needsOperator: false, windowEnd: given.windowEnd }]);
  });

  test('a statement about a column that no entity has is named', async (t) => {
    const { store } = await aStore(t, database());
    await assert.rejects(
      store.read((session) => findColumns(session, JobRow, ['id'], 'WHERE {jobID} = ?', ['x'])),
      /etl_jobs.* has no property jobID: declare it in the entity, or correct the statement/,
    );
  });
});

async function aStore(t: TestContext, { settings }: TestDatabase) {
  const dataSource = await createDataSource(settings).initialize();
  t.after(() => dataSource.destroy());
  await stateOn(dataSource, settings).migrate();
  return { dataSource, store: new Database(dataSource, dialectOf(settings.kind), databaseName(settings)) };
}

/** A value for every column but the number of the row. */
function someRow(dataSource: DataSource, entity: Entity<ObjectLiteral>): Record<string, unknown> {
  const columns = dataSource.getMetadata(entity).columns.filter(({ propertyName }) => propertyName !== 'id');
  return Object.fromEntries(columns.map((column) => [column.propertyName, someValue(column)]));
}

function someValue({ type, transformer }: ColumnMetadata): unknown {
  if (type === 'boolean') return true;
  if (type === 'varchar') return uniqueName('v').slice(-10);
  if (type === 'text') return `"quoted", ? and {id} — ${uniqueName('text')}`;
  assert.ok(transformer && 'from' in transformer);
  return typeof transformer.from('1') === 'bigint' ? 2n ** 62n + 1n : Number.MAX_SAFE_INTEGER;
}

/** A row is found by its texts; the random part of one is enough to tell it from others. */
function onlyText(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === 'string'));
}
