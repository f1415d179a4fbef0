// The schema: the promised tables and columns, migrations that may be interrupted and run side by side, and versions that differ.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataSource } from '../../../src/state/data-source.ts';
import { ALL_ENTITIES } from '../../../src/state/entities/all-entities.ts';
import { ALL_MIGRATIONS } from '../../../src/state/migrations/all-migrations.ts';
import type { State } from '../../../src/state/open-state.ts';
import { createTestDatabase, onEveryDatabase, type TestDatabase } from './databases.ts';
import { aDecidedJob, aSet, COUNTS } from './fixtures.ts';

// Copied from spec.md §4, with what rejected rows need besides: people and tools read these tables.
const PROMISED = {
  client_billing_config:
    'organization_id source_project source_dataset source_table source_location destination_project destination_dataset ' +
    'destination_table destination_location source_service_account destination_service_account transform write_path ' +
    'schema_policy cursor_field partition_field clustering_fields settle_minutes verify_level verify_columns ' +
    'max_bytes_billed quarantine_table max_rejected_percent paused last_successful_run active_job created_at updated_at',
  etl_jobs:
    'organization_id job_id job_type status attempts interruptions next_attempt_at doorbell_seen_at lease_owner lease_epoch ' +
    'lease_expires_at plan_number plan commit_set needs_operator rows_read rows_written bytes_written error_reason ' +
    'error_message cancel_requested requested_by message_id created_at started_at finished_at updated_at',
  etl_steps: 'step status started_at finished_at detail',
  etl_batches:
    'plan_number stream batch read_offset write_offset rows_read rows_written bytes fingerprint state',
  etl_ledger: 'organization_id fingerprint verified_at',
  dead_letters: 'message attributes organization_id job_id reason violations seen_at replayed_at replayed_by',
  audit_log: 'actor action subject',
};
const NAMES = ALL_MIGRATIONS.map((Migration) => new Migration().name);

onEveryDatabase((database, kind) => {
  test('every promised table and column is there', async () => {
    for (const [table, columns] of Object.entries(PROMISED)) {
      const actual = await columnsOf(database(), table);
      for (const column of columns.split(' '))
        assert.ok(actual.includes(column), `${table} has no column ${column}`);
    }
  });

  test('the entities know exactly the columns the migrations made', async () => {
    const entities = await mappedEntities(database());
    assert.equal(entities.length, ALL_ENTITIES.length);
    for (const { table, columns } of entities)
      assert.deepEqual(columns.sort(), (await columnsOf(database(), table)).sort(), table);
  });

  test('an empty database is behind, a migrated one current, and migrating again does nothing', async () => {
    await withEmptyDatabase(kind, async ({ state }) => {
      assert.deepEqual(await state.schemaState(), { kind: 'behind', pending: NAMES });
      assert.deepEqual(await state.migrate(), NAMES);
      assert.deepEqual(await state.schemaState(), { kind: 'current' });
      assert.deepEqual(await state.migrate(), []);
    });
  });

  test('processes that migrate at once apply each migration once', async () => {
    await withEmptyDatabase(kind, async ({ state, openAnother }) => {
      const states = [state, await openAnother(), await openAnother()];
      const applied = await Promise.all(states.map((each) => each.migrate()));
      assert.deepEqual(applied.flat(), NAMES);
      await proveThatItWorks(state);
    });
  });

  test('a migration that was interrupted is completed by the next', async () => {
    await withEmptyDatabase(kind, async ({ state, execute }) => {
      await state.migrate();
      // As if the process had died in the middle: some tables are made, and the migration is not recorded.
      for (const table of ['etl_ledger', 'audit_log', 'etl_workers']) await execute(`DROP TABLE ${table}`);
      await execute('DELETE FROM schema_migrations');
      assert.deepEqual(await state.migrate(), NAMES);
      await proveThatItWorks(state);
    });
  });

  test('a database migrated by a newer version is recognized', async () => {
    await withEmptyDatabase(kind, async ({ state, execute }) => {
      await state.migrate();
      await execute(
        `INSERT INTO schema_migrations (timestamp, name) VALUES (1999999999999, 'Later1999999999999')`,
      );
      assert.deepEqual(await state.schemaState(), { kind: 'ahead', unknown: ['Later1999999999999'] });
    });
  });

  test('without tables every call says to migrate', async () => {
    await withEmptyDatabase(kind, async ({ state }) => {
      await assert.rejects(state.jobs.list(), {
        name: 'TransientError',
        reason: 'database_unavailable',
        message: /the tables are missing: run `pulse-billing-etl migrate`/,
      });
    });
  });

  test('two organizations with one destination are refused by the table itself', async () => {
    const { execute } = database();
    const insert = (organizationId: string, table: string) =>
      execute(
        `INSERT INTO client_billing_config (organization_id, source_project, source_dataset, source_table,
         destination_project, destination_dataset, destination_table, transform, write_path, schema_policy,
         cursor_field, partition_field, clustering_fields, settle_minutes, verify_level, created_at, updated_at)
         VALUES (?, 's', 's', 's', 'd', 'd', ?, 'none', 'auto', 'evolve', 'c', 'p', '[]', 15, 'totals', 0, 0)`,
        [organizationId, table],
      );
    await insert('one', 'table');
    await insert('two', 'TABLE');
    await assert.rejects(insert('three', 'table'), /duplicate|unique/i);
    await assert.rejects(insert('one', 'another'), /duplicate|unique/i);
  });

  test('a job is there once', async () => {
    const { state, execute } = database();
    const lease = await aDecidedJob(state);
    await assert.rejects(
      execute(
        `INSERT INTO etl_jobs (organization_id, job_id, job_type, status, doorbell_seen_at, created_at, updated_at)
         VALUES (?, ?, 'verify', 'QUEUED', 0, 0, 0)`,
        [lease.organizationId, lease.jobId],
      ),
      /duplicate|unique/i,
    );
  });

  test('reverting the last migration drops its tables', async () => {
    await withEmptyDatabase(kind, async (fresh) => {
      const dataSource = await createDataSource(fresh.settings).initialize();
      try {
        await dataSource.runMigrations();
        await dataSource.undoLastMigration();
        await assert.rejects(dataSource.query('SELECT 1 FROM etl_jobs'));
      } finally {
        await dataSource.destroy();
      }
    });
  });
});

async function proveThatItWorks(state: State): Promise<void> {
  assert.deepEqual(await state.schemaState(), { kind: 'current' });
  const lease = await aDecidedJob(state);
  assert.equal((await state.jobs.finish(lease, aSet(lease), COUNTS)).kind, 'finished');
  await state.audit.record({ actor: 'test', action: 'finish', subject: lease.organizationId });
}

async function withEmptyDatabase(
  kind: TestDatabase['kind'],
  work: (database: TestDatabase) => Promise<void>,
): Promise<void> {
  const database = await createTestDatabase(kind);
  try {
    await work(database);
  } finally {
    await database.drop();
  }
}

async function columnsOf({ kind, execute }: TestDatabase, table: string): Promise<string[]> {
  const rows =
    kind === 'MariaDB'
      ? await execute(
          'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = database() AND table_name = ?',
          [table],
        )
      : await execute(`SELECT name FROM pragma_table_info('${table}')`);
  return rows.map((row) => String(row['name']));
}

async function mappedEntities({ settings }: TestDatabase): Promise<{ table: string; columns: string[] }[]> {
  const dataSource = await createDataSource(settings).initialize();
  const mapped = dataSource.entityMetadatas.map(({ tableName, columns }) => ({
    table: tableName,
    columns: columns.map((column) => column.databaseName),
  }));
  await dataSource.destroy();
  return mapped;
}
