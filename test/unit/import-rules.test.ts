// The check of the import rules: it must find what is forbidden, and must not pass when it found nothing to check.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

function check(files: Record<string, string>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const script = join(root, 'dev/check/import-rules.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('forbidden imports are found, each with the reason of its rule', () => {
  const { status, output } = check({
    'src/job/job.ts': `import { row } from '../state/row.ts'; export const job = row;`,
    'src/state/row.ts': `import { app } from '../app.ts'; export const row = app;`,
    'src/app.ts': 'export const app = 1;',
    'src/pubsub/pull.ts': `import { reap } from '../worker/reaper.ts'; export const pull = reap;`,
    'src/worker/reaper.ts': 'export const reap = 1;',
    'src/etl/run.ts': `import { DataSource } from 'typeorm'; export const source = DataSource;`,
    'src/http/page.ts': `import { fake } from '../../test/support/fake.ts'; export const page = fake;`,
    'test/support/fake.ts': 'export const fake = 1;',
    'src/config/one.ts': `import type { Two } from './two.ts'; export type One = Two;`,
    'src/config/two.ts': `import type { One } from './one.ts'; export type Two = One | 2;`,
    'dev/alone.ts': 'export const alone = 1;',
  });
  assert.equal(status, 1, output);
  for (const found of [
    'src/job/job.ts → src/state/row.ts\n +job-imports-only-its-own',
    'src/state/row.ts → src/app.ts\n +nobody-imports-the-composition-root',
    'src/pubsub/pull.ts → src/worker/reaper.ts\n +pubsub-imports-only-its-own',
    'src/etl/run.ts → .*node_modules/typeorm/\\S+\n +typeorm-only-in-state',
    'src/http/page.ts → test/support/fake.ts\n +product-stands-alone',
    'src/config/one.ts → src/config/two.ts → src/config/one.ts\n +no-cycles',
    'dev/alone.ts\n +no-orphans',
  ]) {
    assert.match(output, new RegExp(`${found}: \\S.{20}`));
  }
});

test('imports downwards pass', () => {
  const { status, output } = check({
    'src/state/store.ts': `import { job } from '../job/job.ts'; import { DataSource } from 'typeorm'; export const a = [job, DataSource];`,
    'src/job/job.ts': 'export const job = 1;',
    'package.json': '{"dependencies":{"typeorm":"1"}}',
  });
  assert.equal(status, 0, output);
});

test('folders without a module fail: nothing was checked', () => {
  const { status, output } = check({ 'src/readme.txt': '' });
  assert.match(output, /nothing was checked/);
  assert.equal(status, 1);
});
