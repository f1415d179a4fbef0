// The lock of the set-up: one at a time, and the lock of one that was killed holds nobody up.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const lockModule = join(import.meta.dirname, '../../dev/setup/setup-lock.mjs');

/** Takes the lock at argument 1 and writes its beginning and its end, with a pause between them, to argument 2. */
const installer = `
  import { appendFileSync } from 'node:fs';
  import { setTimeout as pause } from 'node:timers/promises';
  import { withSetupLock } from ${JSON.stringify(lockModule)};
  await withSetupLock(process.argv[1], async () => {
    appendFileSync(process.argv[2], 'begin ');
    await pause(30);
    appendFileSync(process.argv[2], 'end ');
  });`;

test('four set-ups at once take turns, though they find the lock of one that was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'setup-lock-'));
  try {
    const [lock, log] = [join(folder, 'setup.lock'), join(folder, 'log')];
    // This very process lives, but it did not start at that time: its number was given again.
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1' }));
    const args = ['--input-type=module', '--eval', installer, lock, log];
    await Promise.all([1, 2, 3, 4].map(async () => run(process.execPath, args, { timeout: 20_000 })));
    assert.equal(readFileSync(log, 'utf8'), 'begin end '.repeat(4));
    assert.throws(() => readFileSync(lock), { code: 'ENOENT' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
