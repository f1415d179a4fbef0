// A job that kills its process each time, beside one that does nothing wrong: the first is given up, the second comes through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobKey } from '../../src/job/job.ts';
import { uniqueName } from '../support/eventually.ts';
import { daemonSetup, type DaemonSetup } from './daemon-process.ts';

const ROWS = 300;
const HOUR_MS = 3_600_000;
/** More would mean that the job is never given up. */
const MAX_PROCESSES = 6;
const PRELOAD = new URL('../support/die-on-dataset.mjs', import.meta.url).href;

test('a job that kills every process that runs it fails as crash_loop; its neighbour in the dying processes succeeds', async (context) => {
  const setup = await daemonSetup(context);
  const [poison, innocent] = [await setup.newCopy(ROWS), await setup.newCopy(ROWS)];
  const poisonKey = { organizationId: poison.organizationId, jobId: uniqueName('poison') };
  const innocentKey = { organizationId: innocent.organizationId, jobId: uniqueName('innocent') };
  const deadly = { NODE_OPTIONS: `--import=${PRELOAD}`, DIE_ON_DATASET: poison.source.dataset };
  const deaths = await restartUntilFailed(setup, [poisonKey, innocentKey], deadly);

  assert.equal(deaths, 3, 'runs beside others twice, alone once');
  const failed = await setup.state.jobs.find(poisonKey);
  assert.deepEqual([failed?.errorReason, failed?.crashes, failed?.attempts], ['crash_loop', 3, 0]);
  const [letter] = await setup.state.deadLetters.list({ organizationId: poison.organizationId });
  assert.equal(letter?.reason, 'crash_loop');
  // The dying worker may already have taken it out to send.
  const again = { kind: 'crash_loop', key: poisonKey, message: 'again' } as const;
  assert.equal(await setup.state.alerts.recordUnlessWithin(HOUR_MS, again), false, 'there is an alert');
  const job = await setup.jobWhen(innocentKey, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.attempts, job.crashes, job.rowsWritten], [0, 0, ROWS]);
  assert.deepEqual(await innocent.destinationRows(), await innocent.sourceRows());
});

/** Starts a process whenever the one before it has died, as an orchestrator does; resolves with how many died. */
async function restartUntilFailed(
  setup: DaemonSetup,
  [poison, innocent]: readonly [JobKey, JobKey],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  for (let deaths = 0; deaths < MAX_PROCESSES; deaths += 1) {
    // The messages would come again when their deadline is over; only sooner does this not take minutes.
    for (const key of [poison, innocent]) await setup.publish(key);
    const worker = await setup.start(variables);
    const failed = setup.jobWhen(poison, 'FAILED', ({ status }) => status === 'FAILED');
    const end = await Promise.race([worker.ended, failed]);
    if (typeof end === 'object') return deaths;
    failed.catch(() => undefined);
    assert.equal(end, 'SIGKILL', worker.errors());
  }
  throw new Error(`the job was not given up after ${MAX_PROCESSES} processes had died`);
}
