// Processes killed, asked to stop, or put to sleep past their lease.
import { isTerminal } from '../../../src/job/job-status.ts';
import type { Daemon } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { playEpisode } from '../episode.ts';
import type { Fleet } from '../fleet.ts';
import { crashGround, newSqliteFile, type Ground } from '../ground.ts';
import { StrikePlan } from '../strike-plan.ts';
import type { Kind } from './kind.ts';

/** Customers of the short episodes of a test are fewer, because each costs tables and jobs. */
const customersFor = (hits: number): number => Math.min(8, 1 + hits);

const PATIENCE_MS = 180_000;
const REPLICAS = 3;

/** SIGKILL at every point of a job's way, replicas on one MariaDB. */
export const KILLED: Kind = {
  name: 'SIGKILL, replicas on MariaDB',
  async play({ endings, program, seed, hits }) {
    const plan = new StrikePlan(seed);
    const common = { customers: 8, rowsPerJob: 20, hitsWanted: hits };
    const nextStrikes = () => [plan.next('SIGKILL')];
    return playEpisode(await crashGround(endings, program), { ...common, replicas: 3, nextStrikes });
  },
};

/** SIGKILL of the only worker on an SQLite file. */
export const KILLED_ON_SQLITE: Kind = {
  name: 'SIGKILL, one worker on SQLite',
  async play({ endings, program, seed, hits }) {
    const plan = new StrikePlan(seed);
    const database = await newSqliteFile(endings);
    const ground = await crashGround(endings, program, { database });
    const nextStrikes = () => [plan.next('SIGKILL')];
    return playEpisode(ground, {
      customers: Math.min(4, hits),
      rowsPerJob: 40,
      hitsWanted: hits,
      replicas: 1,
      nextStrikes,
    });
  },
};

/** SIGTERM: the worker drains, and another one goes on. */
export const ASKED_TO_STOP: Kind = {
  name: 'SIGTERM',
  async play({ endings, program, seed, hits }) {
    const plan = new StrikePlan(seed);
    const common = { customers: customersFor(hits), rowsPerJob: 40, hitsWanted: hits };
    const nextStrikes = () => [plan.next('SIGTERM')];
    return playEpisode(await crashGround(endings, program), { ...common, replicas: 2, nextStrikes });
  },
};

/** A second SIGTERM while the first one's drain goes on: the process ends at once. */
export const ASKED_TWICE: Kind = {
  name: 'SIGTERM twice',
  async play({ endings, program, seed, hits }) {
    // Between the claim and the decision a drain has something to wait for.
    const plan = new StrikePlan(seed, /^after (source\.openReadSession|destination\.create|writer\.append)/);
    const nextStrikes = () => [
      plan.next('SIGTERM'),
      { call: '*', when: 'after' as const, nth: 1, signal: 'SIGTERM' as const },
    ];
    const common = { customers: customersFor(hits), rowsPerJob: 40, hitsWanted: hits };
    return playEpisode(await crashGround(endings, program), { ...common, replicas: 2, nextStrikes });
  },
};

/** SIGSTOP until others have taken over all of its jobs, then SIGCONT: a zombie goes on where it was. */
export const ASLEEP_PAST_THE_LEASE: Kind = {
  name: 'SIGSTOP past the lease',
  async play({ endings, program, seed, hits }) {
    const ground = await crashGround(endings, program);
    const plan = new StrikePlan(seed, /claim|Plan|append|record|finalize|decide|commit|finish|totals/);
    return playEpisode(ground, {
      replicas: REPLICAS,
      customers: customersFor(hits),
      rowsPerJob: 40,
      hitsWanted: hits,
      nextStrikes: () => [plan.next('SIGSTOP'), plan.next('SIGKILL')],
      whileStopped: (fleet, daemon) => untilTakenOver(ground, fleet, daemon),
    });
  },
};

async function untilTakenOver(ground: Ground, fleet: Fleet, daemon: Daemon): Promise<void> {
  // Somebody has to be awake to take over.
  if (fleet.asleep === REPLICAS) return;
  await eventually(
    async () => {
      for (const job of fleet.handovers.jobsOf(daemon.pid)) {
        const [organizationId = '', jobId = ''] = job.split('/');
        const found = await ground.state.jobs.find({ organizationId, jobId });
        if (!found || !isTerminal(found.status)) return false;
      }
      return true;
    },
    { describe: 'the jobs of a sleeping worker to be taken over', timeoutMs: PATIENCE_MS },
  );
}
