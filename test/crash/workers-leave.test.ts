// Workers that are told to leave, put to sleep past their lease, or killed on an SQLite file, at seeded points.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectClean } from './expect-clean.ts';
import { ASKED_TO_STOP, ASLEEP_PAST_THE_LEASE, KILLED_ON_SQLITE } from './kinds/processes.ts';

/** Far beyond what it takes on an idle machine: most of it is waiting for leases. */
const timeout = 600_000;

test('workers asked to stop hand their jobs over', { timeout }, async (context) => {
  await expectClean(context, ASKED_TO_STOP, { seed: 3, hits: 4 });
});

test('a worker that wakes after others took over its jobs doubles nothing', { timeout }, async (context) => {
  const episode = await expectClean(context, ASLEEP_PAST_THE_LEASE, { seed: 5, hits: 3 });
  const stops = episode?.hits.filter(({ strike }) => strike.signal === 'SIGSTOP').length ?? 0;
  assert.ok(stops > 0, 'no worker was put to sleep');
});

test(
  'the only worker on an SQLite file is killed, and the next one goes on',
  { timeout },
  async (context) => {
    await expectClean(context, KILLED_ON_SQLITE, { seed: 6, hits: 2 });
  },
);
