// What a load is made of.
import type { JobKey } from '../../src/job/job.ts';
import type { DatabaseSettings } from '../../src/state/open-state.ts';

export type Load = {
  readonly database: DatabaseSettings;
  readonly workers: number;
  /** Each worker in a process of its own; left out, all are in this one. */
  readonly processes?: boolean;
  readonly maxConcurrentJobs: number;
  readonly parkedLimit: number;
  /** A third of it is how often a waiting job looks whether another worker's has ended. */
  readonly leaseMs: number;
  /** In the order of their messages. */
  readonly jobs: readonly JobKey[];
  /** The time over which the messages are published, evenly; left out, all are there at the beginning. */
  readonly overMs?: number;
  /** What each call of a warehouse takes. */
  readonly callMs: number;
};
