// Many small troubles at once, by seed: calls and replies lost, sessions and streams gone, drains, and workers that wake up too late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunStopped } from '../../src/etl/run.ts';
import { TransientError } from '../../src/job/errors.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { Fault } from '../support/strict-warehouse/faults.ts';
import { throughState, type Meddle } from './etl-state-wrapper.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const SEEDS = Number(process.env['ETL_SEEDS'] ?? 60);
const FIRST_SEED = Number(process.env['ETL_FIRST_SEED'] ?? 1);
const ROWS = 13;
const LEASE_MS = 60_000;
/** Workers that meet trouble; those after them meet none, so that every job can end. */
const TROUBLED_WORKERS = 10;
const WORKERS = 30;

/** One job, worked on by one worker after the other; one that sleeps past its lease goes on beside its successor. */
async function play(rig: EtlRig, seed: number): Promise<JobRecord | undefined> {
  const random = new SeededRandom(seed);
  const key = { organizationId: rig.organizationId, jobId: 'job' };
  const runs: Promise<unknown>[] = [];
  for (let worker = 1; worker <= WORKERS; worker += 1) {
    const trouble = troubleOf(rig, random, worker <= TROUBLED_WORKERS);
    rig.source.faults = trouble.fault;
    rig.destination.faults = trouble.fault;
    const run = rig
      .run({
        owner: `worker-${worker}`,
        signal: trouble.stop.signal,
        state: throughState(trouble.meddle),
        settings: { maxRetries: 1000 },
      })
      .catch(unlessNotClaimed);
    runs.push(run);
    await rig.clock.advance(random.below(4) * LEASE_MS + 11 * 60_000);
    await showsItLives(rig, `worker-${worker}`);
    const job = await rig.state.jobs.find(key);
    assert.ok(job?.status !== 'FAILED', `${job?.errorReason}: ${job?.errorMessage}`);
    if (job?.status === 'SUCCESS' && worker > TROUBLED_WORKERS) break;
  }
  // Those who sleep wake up long after everything has ended.
  await rig.clock.advance(100 * LEASE_MS);
  await Promise.all(runs);
  return rig.state.jobs.find(key);
}

/** Nobody dies here, some only sleep: without a word of theirs the job would be taken for one that kills its workers. */
async function showsItLives(rig: EtlRig, owner: string): Promise<void> {
  await rig.state.claimWorkerSlot(owner, LEASE_MS);
  await rig.state.releaseWorkerSlot(owner);
}

/** What one worker and those who still sleep may meet while it works. */
function troubleOf(
  rig: EtlRig,
  random: SeededRandom,
  troubled: boolean,
): { stop: AbortController; fault: () => Fault | undefined; meddle: Meddle } {
  const stop = new AbortController();
  const error = new TransientError('warehouse_unavailable', 'scripted trouble');
  const outage = new TransientError('database_unavailable', 'scripted outage');
  return {
    stop,
    fault: () => {
      if (!troubled || !random.chance(0.08)) return undefined;
      if (random.chance(0.1)) stop.abort(new RunStopped('drain'));
      if (random.chance(0.3)) rig.source.loseReadSessions();
      if (random.chance(0.05)) rig.destination.loseWriteStreams();
      const delayMs = random.chance(0.5) ? random.below(40) * LEASE_MS : 0;
      return random.chance(0.6)
        ? { kind: 'none', delayMs }
        : { kind: random.pick(['request_lost', 'reply_lost'] as const), error, delayMs };
    },
    meddle: async (_operation, _count, work) => {
      if (!troubled || !random.chance(0.02)) return work();
      if (random.chance(0.5)) await work();
      throw outage;
    },
  };
}

function unlessNotClaimed(error: unknown): void {
  if (!/the job is (busy|not_due|finished)/.test(String(error))) throw error as Error;
}

test(`whatever goes wrong, each row arrives once: ${SEEDS} seeds`, async (context) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1)
    await context.test(`seed ${seed}`, async (inner) => {
      const rig = await etlRig(inner, ROWS);
      const job = await play(rig, seed);
      assert.equal(job?.status, 'SUCCESS', `${job?.errorReason}: ${job?.errorMessage}`);
      await rig.assertCopied();
      assert.equal(rig.log.entries('committed').length, 1, 'one set was ever committed');
    });
});
