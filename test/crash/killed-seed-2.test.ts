// Workers killed at the points that seed 2 chooses, from the arrival of a message to its ack; other seeds have files of their own to run beside it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectClean } from './expect-clean.ts';
import { KILLED } from './kinds/processes.ts';

test('no row is lost or doubled when workers are killed (seed 2)', { timeout: 600_000 }, async (context) => {
  const episode = await expectClean(context, KILLED, { seed: 2, hits: 20 });
  const kills = episode?.hits.filter(({ strike }) => strike.signal === 'SIGKILL').length ?? 0;
  assert.ok(kills >= 20, `only ${kills} processes were killed`);
});
