// Rules over the source of state/: time comes from the database, dialects are known in one file, the schema only from migrations.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const STATE = join(import.meta.dirname, '../../src/state');
const files = readdirSync(STATE, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

function filesWith(pattern: RegExp): string[] {
  return files.filter((name) => pattern.test(readFileSync(join(STATE, name), 'utf8'))).sort();
}

test('the files were found', () => {
  assert.ok(files.length > 30 && files.includes('dialect.ts'));
});

test('no file reads the machine’s clock: leases run by the database’s', () => {
  assert.deepEqual(filesWith(/Date\.now|new Date\(|performance\.now|hrtime/), []);
});

test('no file throws dice', () => {
  assert.deepEqual(filesWith(/Math\.random|randomUUID|randomBytes/), []);
});

test('only dialect.ts knows the SQL of one database', () => {
  const dialects =
    /FOR UPDATE|pessimistic_write|BEGIN IMMEDIATE|GET_LOCK|UTC_TIMESTAMP|unixepoch|ON DUPLICATE|ON CONFLICT/;
  assert.deepEqual(filesWith(dialects), ['dialect.ts']);
});

test('the schema comes from migrations only', () => {
  assert.deepEqual(filesWith(/synchronize: true|\.synchronize\(/), []);
});

test('each transition is a file of its own, and job-store.ts assembles them', () => {
  const store = readFileSync(join(STATE, 'job-store.ts'), 'utf8');
  assert.doesNotMatch(store, /\.transaction\(/);
});
