// Which call meets which fault: drawn by seed until a horizon, or written down as a list of at most a few.
import type { SeededRandom } from '../support/seeded-random.ts';
import {
  callFaultsOf,
  FAULT_KINDS,
  WORLD_FAULTS,
  type Fault,
  type FaultKind,
  type Operation,
} from './fault-kinds.ts';
import { MINIMAL_JOBS, type MinimalJob } from './scenario.ts';

/** One call of one replica; `index` counts the calls of all replicas from 1. */
export type Call = { readonly index: number; readonly replica: string; readonly operation: Operation };

/** Asked once at every call. */
export type FaultPlan = {
  faultAt(call: Call): Fault | undefined;
  /** From this call on nothing goes wrong any more. */
  readonly horizon: number;
};

/** Longer than a lease, and than the patience of whoever waits for it. */
const LONG_MS = 20_000;

/** Random faults: how many of the calls meet one, which, and until when, is part of what the seed decides. */
export function randomFaults(random: SeededRandom): FaultPlan {
  const areLate = random.chance(0.4);
  const weightOf = areLate ? weightAtTheEnd : weightAnywhere;
  const share = random.pick([0.02, 0.04, 0.06, 0.1]);
  const horizon = areLate ? 150 + random.below(250) : 60 + random.below(random.pick([60, 120, 250]));
  return {
    horizon,
    faultAt({ index, operation }) {
      if (index >= horizon || !random.chance(share * weightOf(operation))) return undefined;
      const kind = random.chance(0.2) ? random.pick(WORLD_FAULTS) : drawn(random, callFaultsOf(operation));
      return { kind, ms: random.below(random.pick([200, 5_000, LONG_MS])), choice: random.uint32() };
    },
  };
}

/** Calls that a run makes once matter more than those that are made again and again. */
function weightAnywhere(operation: Operation): number {
  if (/heartbeat|extend|admit|claim|find$|steps|now$/.test(operation)) return 0.5;
  return /append|commit|CommitJob|stageSlice|finalize|decide|finish|storePlan|batches/.test(operation)
    ? 4
    : 1.5;
}

/** Where faults are drawn from the first call on, few are left when a job comes to its commit. */
function weightAtTheEnd(operation: Operation): number {
  return AROUND_THE_COMMIT.test(operation) ? 5 : 0.05;
}

const AROUND_THE_COMMIT =
  /finalize|decide|commit|CommitJob|rowsOf|writeStreamState|replan|replaceQuarantine|jobs\.finish|runEnd|\.ack$|dropTable/;

/** What only few calls meet is drawn more often there, and a terminal error, which ends a job at once, less. */
function drawn(random: SeededRandom, kinds: readonly FaultKind[]): FaultKind {
  const special = kinds.filter((kind) => OF_FEW_CALLS.includes(kind));
  const kind = random.pick(special.length > 0 && random.chance(0.4) ? special : kinds);
  return kind === 'error_terminal' ? random.pick(kinds) : kind;
}

const OF_FEW_CALLS: readonly FaultKind[] = ['append_refused', 'append_swallowed', 'commit_job_failed'];

/** A fault at the call with this index, in one of its forms. */
export type PlannedFault = { readonly at: number; readonly kind: FaultKind; readonly choice: number };

/** Faults of one of the minimal jobs. */
export type Plan = { readonly job: MinimalJob; readonly faults: readonly PlannedFault[] };

/** Exactly these faults, each long enough to outlast a lease. */
export function plannedFaults(faults: readonly PlannedFault[]): FaultPlan {
  return {
    horizon: Infinity,
    faultAt({ index }) {
      const fault = faults.find(({ at }) => at === index);
      return fault && { kind: fault.kind, ms: LONG_MS, choice: fault.choice };
    },
  };
}

/** `streams/12:kill_after,31:error_transient.2`: a plan as people type it; the number of the form is left out where it is 0. */
export function planText({ job, faults }: Plan): string {
  return `${job}/${faults.map(({ at, kind, choice }) => `${at}:${kind}${choice === 0 ? '' : `.${choice}`}`).join(',')}`;
}

/** The plan behind its text, of the job of streams where none is named; throws on anything else. */
export function parsePlan(text: string): Plan {
  const [, name = 'streams', faults = ''] = /^(?:(\w+)\/)?(.*)$/.exec(text) ?? [];
  return { job: minimalJob(name), faults: faults.split(',').map(parseFault) };
}

/** The minimal job of this name; throws on any other. */
export function minimalJob(name: string): MinimalJob {
  const jobs = Object.keys(MINIMAL_JOBS) as MinimalJob[];
  const job = jobs.find((known) => known === name);
  if (!job) throw new Error(`"${name}" is no minimal job; there are ${jobs.join(', ')}`);
  return job;
}

function parseFault(text: string): PlannedFault {
  const [, at, name, choice = '0'] = /^(\d+):([a-z_]+)(?:\.(\d+))?$/.exec(text) ?? [];
  const kind = FAULT_KINDS.find((known) => known === name);
  if (at === undefined || !kind)
    throw new Error(
      `"${text}" is not a fault such as 12:kill_after; the kinds are ${FAULT_KINDS.join(', ')}`,
    );
  return { at: Number(at), kind, choice: Number(choice) };
}
