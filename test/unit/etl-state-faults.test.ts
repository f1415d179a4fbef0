// Every write or read of a run's state fails once, before or after it took effect: the job ends all the same, without an attempt spent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { etlRig } from './etl-rig.ts';
import { throughState } from './etl-state-wrapper.ts';

const ROWS = 14;
const outage = new TransientError('database_unavailable', 'the database is out of reach');

test('a job survives the loss of any one call to the database, or of its answer', async (context) => {
  const calls = new Map<string, number>();
  const rig = await etlRig(context, ROWS);
  await rig.runToEnd({ state: throughState((name, count, work) => (calls.set(name, count), work())) });
  assert.ok(calls.size >= 8, `${[...calls.keys()].join()} are used`);

  for (const [operation, most] of calls)
    for (let nth = 1; nth <= most; nth += 1)
      for (const when of ['before', 'after'] as const)
        await context.test(`${operation} ${nth} of ${most}, lost ${when} it took effect`, async (inner) => {
          const broken = await etlRig(inner, ROWS);
          const state = throughState(async (name, count, work) => {
            if (name !== operation || count !== nth) return work();
            if (when === 'after') await work();
            throw outage;
          });

          const { outcome, job } = await broken.runToEnd({ state });

          assert.equal(outcome.kind, 'success');
          assert.deepEqual([job.planNumber, job.attempts, job.rowsWritten], [1, 0, ROWS]);
          await broken.assertCopied();
        });
});
