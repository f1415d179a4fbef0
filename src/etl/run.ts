/** What one run of a job is given: its lease, its two sides, the state it records in and the ways it can be stopped. */
import type { Clock, Random } from '../job/clock.ts';
import type { JobKey, Lease, Step } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import type { RetryPolicy } from '../job/retry-policy.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { SqlTransform } from '../job/sql-transform.ts';
import type { Destination } from './destination.ts';
import type { Source } from './source.ts';
import type { Modules } from './transforms/module/modules.ts';

export type RunSettings = RetryPolicy & {
  /** Rows a batch may hold. */
  readonly batchRows: number;
  readonly readStreams: number;
  /** Identifies this build in the writer fingerprint. */
  readonly build: string;
  /** Dataset of the destination's project for staging tables; undefined means the destination's own. */
  readonly stagingDataset?: string | undefined;
  /** The transforms of TRANSFORMS_DIR by name; left out, there are none. */
  readonly sqlTransforms?: ReadonlyMap<string, SqlTransform>;
  /** The module transforms; left out, there are none. */
  readonly modules?: Modules;
};

/** Rows and bytes the destination holds so far, and how many are expected. */
export type RunProgress = {
  readonly rowsDone: number;
  readonly rowsEstimated: number;
  readonly bytesDone: number;
};

/** What a run tells of itself while it goes on; none of it may throw or hold the run up. */
export type RunObserver = {
  stepStarted(key: JobKey, step: Step): void;
  stepFinished(key: JobKey, step: Step, seconds: number): void;
  checkpoint(
    key: JobKey,
    progress: RunProgress,
    batch: { readonly rows: number; readonly bytes: number },
  ): void;
  note(key: JobKey, message: string, metadata?: Readonly<Record<string, unknown>>): void;
};

/** What every run of this process shares. */
export type RunServices = {
  readonly state: State;
  readonly settings: RunSettings;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RunObserver;
};

/** One run of one job under one lease. */
export type Run = RunServices & {
  readonly lease: Lease;
  readonly job: JobRecord;
  readonly organization: Organization;
  readonly source: Source;
  readonly destination: Destination;
  /** Aborts with a RunStopped as its reason. */
  readonly signal: AbortSignal;
};

/** A run that works under a plan number, whether or not that plan is settled yet. */
export type NumberedRun = Run & { readonly planNumber: number };

/** A plan under its number: what the steps after planning work from. */
export type PlannedRun = NumberedRun & { readonly plan: Plan };

/** Why a run is asked to stop before its end. */
export type StopCause = 'drain' | 'paused' | 'cancelled' | 'lease_lost' | 'stalled';

/** The reason a run's signal aborts with. */
export class RunStopped extends Error {
  readonly stopCause: StopCause;

  constructor(stopCause: StopCause) {
    super(`the run was stopped: ${stopCause}`);
    this.name = 'RunStopped';
    this.stopCause = stopCause;
  }
}
