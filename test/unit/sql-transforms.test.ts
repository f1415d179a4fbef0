// SQL transforms: what a file must say, and which SQL an organization's transform means.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { detailedExportFields } from '../../dev/billing-export/schema.ts';
import { loadSqlTransforms } from '../../src/app/load-transforms.ts';
import { fromRestFields } from '../../src/bigquery/schema.ts';
import { parseSqlFile } from '../../src/etl/transforms/sql-file.ts';
import { sqlTransformOf } from '../../src/etl/transforms/sql-transform-of.ts';

const table = {
  table: { project: 'p', dataset: 'd', table: 't' },
  location: 'EU',
  schema: fromRestFields(detailedExportFields),
};

function faults(text: string): readonly string[] {
  const parsed = parseSqlFile(text);
  return parsed.kind === 'faulty' ? parsed.faults : [];
}

test('a file declares its cursor in a leading comment; other comments and a last semicolon do not matter', () => {
  const text = '/* net cost */\n-- Cursor: export_time\n\nselect * from {source} -- all\n;\n';
  assert.deepEqual(parseSqlFile(text), {
    kind: 'transform',
    transform: { sql: 'select * from {source} -- all\n', cursorField: 'export_time' },
  });
});

test('everything that is wrong with a file is said', () => {
  assert.match(faults('SELECT 1')[0] ?? '', /no comment "-- cursor: COLUMN"/);
  assert.deepEqual(faults('-- cursor: at\nDELETE FROM {source}'), ['is no SELECT']);
  assert.deepEqual(faults('-- cursor: at\nSELECT 1 AS at'), ['does not read from {source}']);
  assert.equal(faults('').length, 3);
  assert.match(faults('SELECT 1 FROM {source} -- cursor: at')[0] ?? '', /begins with no comment/);
});

test('the folder is read by name, and every faulty file is named in one error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-transforms-'));
  try {
    await writeFile(join(folder, 'all.sql'), '-- cursor: at\nSELECT * FROM {source}');
    await writeFile(join(folder, 'notes.md'), 'no transform');
    assert.deepEqual([...loadSqlTransforms(folder).keys()], ['all']);
    await writeFile(join(folder, 'half.sql'), 'SELECT 1');
    await writeFile(join(folder, 'a b.sql'), '-- cursor: at\nSELECT * FROM {source}');
    assert.throws(() => loadSqlTransforms(folder), /half\.sql begins with no.*half\.sql does not read/);
    assert.throws(() => loadSqlTransforms(folder), /a b\.sql is no name/);
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.equal(loadSqlTransforms(folder).size, 0, 'a folder that is not there holds none');
});

test('the transforms that come with the project can be loaded', () => {
  const shipped = new URL('../../transforms', import.meta.url).pathname;
  assert.ok(loadSqlTransforms(shipped).has('net-cost-by-service'));
});

test('a name means its SQL; none means none; an unknown one names those that are there', () => {
  const file = { sql: 'SELECT * FROM {source}', cursorField: 'at' };
  const files = new Map([['all', file]]);
  const of = (transform: string) => sqlTransformOf({ transform, organizationId: 'acme' }, table, files);
  assert.equal(of('none'), undefined);
  assert.equal(of('sql:all'), file);
  assert.equal(of('focus-1.1')?.cursorField, 'x_ExportTime');
  assert.doesNotMatch(of('focus-1.1')?.sql ?? '', /PricingCurrency\b/);
  assert.throws(() => of('sql:gone'), { reason: 'invalid_configuration', message: /sql:all.*gone\.sql/ });
});
