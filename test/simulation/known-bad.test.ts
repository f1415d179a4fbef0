// The simulation bites: each known way to lose or double rows is caught within a thousand seeds, by the invariant it breaks.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { VARIANTS } from './known-bad/all-variants.ts';
import { playInProcesses } from './play-in-processes.ts';

test('each known-bad variant is caught', { timeout: 1_200_000 }, async (context) => {
  const played = await playInProcesses(
    { kind: 'variants' },
    { processes: availableParallelism(), signal: context.signal },
  );

  played.notes.forEach((note) => context.diagnostic(`caught: ${note}`));
  assert.deepEqual(played.failures, []);
  assert.equal(played.counts['variants'], VARIANTS.length);
});
