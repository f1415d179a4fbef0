// Expand, then contract: while a rolling update runs, the previous release works on the new schema, so no migration may take anything away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSource, MigrationInterface } from 'typeorm';
import { createDataSource } from '../../src/state/data-source.ts';
import { ALL_MIGRATIONS } from '../../src/state/migrations/all-migrations.ts';

type Column = {
  readonly type: string;
  readonly length: number | undefined;
  readonly required: boolean;
  readonly hasDefault: boolean;
};
type Schema = ReadonlyMap<string, ReadonlyMap<string, Column>>;

/** What the previous release could not work with any more. */
function contractions(before: Schema, after: Schema): string[] {
  const found: string[] = [];
  for (const [table, columns] of before) {
    const now = after.get(table);
    if (!now) {
      found.push(`${table} is dropped or renamed`);
      continue;
    }
    for (const [name, was] of columns) found.push(...narrowed(`${table}.${name}`, was, now.get(name)));
    for (const [name, { required, hasDefault }] of now)
      if (!columns.has(name) && required && !hasDefault)
        found.push(`${table}.${name} is new, and no older release can fill it`);
  }
  return found;
}

function narrowed(name: string, was: Column, is: Column | undefined): string[] {
  if (!is) return [`${name} is dropped or renamed`];
  const found: string[] = [];
  if (is.type !== was.type) found.push(`${name} changes its type from ${was.type} to ${is.type}`);
  if (is.length !== undefined && (was.length === undefined || is.length < was.length))
    found.push(`${name} gets shorter`);
  if (is.required && !was.required) found.push(`${name} may be empty no more`);
  if (was.hasDefault && !is.hasDefault) found.push(`${name} loses its default`);
  return found;
}

async function schemaOf(dataSource: DataSource): Promise<Schema> {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'`,
  );
  const schema = new Map<string, Map<string, Column>>();
  for (const { name: table } of tables) {
    const columns = await dataSource.query<
      { name: string; type: string; notnull: number | bigint; dflt_value: string | null }[]
    >(`SELECT * FROM pragma_table_info('${table}')`);
    schema.set(
      table,
      new Map(columns.map((each) => [each.name, columnOf(each.type, each.notnull, each.dflt_value)])),
    );
  }
  return schema;
}

function columnOf(declared: string, notNull: number | bigint, defaultValue: string | null): Column {
  const [, type = declared, length] = /^([^(]+)\((\d+)\)/.exec(declared) ?? [];
  return {
    type: type.toLowerCase(),
    length: length === undefined ? undefined : Number(length),
    required: Number(notNull) === 1,
    hasDefault: defaultValue !== null,
  };
}

/** The schema in an empty database after each of the migrations. */
async function schemasAfterEach(
  migrations: readonly MigrationInterface[],
  seen: (migration: string, before: Schema, after: Schema) => void,
): Promise<void> {
  const dataSource = await createDataSource({ kind: 'sqlite', path: ':memory:' }).initialize();
  const runner = dataSource.createQueryRunner();
  try {
    let before: Schema = new Map();
    for (const migration of migrations) {
      await migration.up(runner);
      const after = await schemaOf(dataSource);
      seen(migration.name ?? migration.constructor.name, before, after);
      before = after;
    }
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

test('no migration drops, renames, narrows or newly demands what the previous release works with', async () => {
  let tables = 0;
  await schemasAfterEach(
    ALL_MIGRATIONS.map((Migration) => new Migration()),
    (migration, before, after) => {
      assert.deepEqual(contractions(before, after), [], migration);
      tables = after.size;
    },
  );
  assert.ok(tables >= 8, `only ${tables} tables were looked at`);
});

for (const [sql, complaint] of [
  ['ALTER TABLE etl_jobs DROP COLUMN error_message', 'etl_jobs.error_message is dropped or renamed'],
  ['ALTER TABLE etl_jobs RENAME COLUMN plan TO course', 'etl_jobs.plan is dropped or renamed'],
  ['ALTER TABLE etl_ledger RENAME TO ledger', 'etl_ledger is dropped or renamed'],
  [
    'ALTER TABLE made ADD COLUMN filled TEXT NOT NULL DEFAULT 1; ALTER TABLE made ADD COLUMN more INTEGER',
    undefined,
  ],
  ['DROP TABLE made; CREATE TABLE made (name VARCHAR(10), note TEXT)', 'made.name gets shorter'],
  [
    'DROP TABLE made; CREATE TABLE made (name VARCHAR(20) NOT NULL, note TEXT)',
    'made.name may be empty no more',
  ],
  [
    'DROP TABLE made; CREATE TABLE made (name VARCHAR(20), note INTEGER)',
    'made.note changes its type from text to integer',
  ],
  [
    'DROP TABLE made; CREATE TABLE made (name VARCHAR(20), note TEXT, asked TEXT NOT NULL)',
    'made.asked is new, and no older release can fill it',
  ],
] as const) {
  test(`a migration that does "${sql}" is ${complaint === undefined ? 'let through' : 'refused'}`, async () => {
    const found: string[] = [];
    const first: MigrationInterface = {
      name: 'first',
      async up(runner) {
        await runner.query('CREATE TABLE made (name VARCHAR(20), note TEXT)');
      },
      down: () => Promise.resolve(),
    };
    const later: MigrationInterface = {
      name: 'later',
      async up(runner) {
        for (const statement of sql.split('; ')) await runner.query(statement);
      },
      down: () => Promise.resolve(),
    };
    await schemasAfterEach(
      [...ALL_MIGRATIONS.map((Migration) => new Migration()), first, later],
      (_name, before, after) => {
        found.push(...contractions(before, after));
      },
    );
    assert.ok(complaint === undefined ? found.length === 0 : found.includes(complaint), found.join('; '));
  });
}
