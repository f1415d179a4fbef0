// TypeORM's own command line works with ormconfig.ts as it stands.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

test('migration:show and migration:run work on the SQLite file that SQLITE_PATH names', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-orm-'));
  t.after(() => rm(directory, { recursive: true }));
  const env = { ...process.env, DB_HOST: '', SQLITE_PATH: join(directory, 'new', 'state.sqlite') };
  const typeorm = async (command: string) => {
    const cli = join(ROOT, 'node_modules/typeorm/cli.js');
    const arguments_ = ['--import', 'tsx', cli, command, '-d', 'ormconfig.ts'];
    return (await run(process.execPath, arguments_, { cwd: ROOT, env })).stdout;
  };
  assert.match(await typeorm('migration:show'), /\[ \] CreateTables1764000000000/);
  assert.match(await typeorm('migration:run'), /CreateTables1764000000000 has been executed successfully/);
  assert.match(await typeorm('migration:show'), /\[X\] 1 CreateTables1764000000000/);
});
