// Runs one world and says what was wrong with it.
import { SeededRandom } from '../support/seeded-random.ts';
import type { FaultKind, Operation } from './fault-kinds.ts';
import { plannedFaults, randomFaults, type FaultPlan, type Plan } from './fault-plans.ts';
import { poisonGlobals } from './poisoned-globals.ts';
import type { Variant } from './replica.ts';
import { withConfiguring, withMending } from './random-operator.ts';
import { randomScenario } from './random-scenario.ts';
import { MINIMAL_JOBS, type Scenario } from './scenario.ts';
import type { SharedDatabase } from './shared-database.ts';
import { Trace, type OnEvent } from './trace.ts';
import type { PlayedCall } from './fault-clock.ts';
import { World } from './world.ts';

/** What became of a world. */
export type Simulated = {
  readonly violations: readonly string[];
  readonly hash: string;
  readonly events: number;
  readonly calls: readonly PlayedCall[];
  readonly virtualMs: number;
};

export type SimulateOptions = {
  readonly onFault?: (kind: FaultKind, operation: Operation) => void;
  readonly onEvent?: OnEvent;
  readonly variant?: Variant | undefined;
};

/** The world of a seed. */
export function simulateSeed(
  database: SharedDatabase,
  seed: number,
  options: SimulateOptions = {},
): Promise<Simulated> {
  const random = new SeededRandom(seed);
  const mending = withMending(randomScenario(random), new SeededRandom(~seed));
  const scenario = withConfiguring(mending, new SeededRandom(Math.imul(~seed, 0x85ebca6b)));
  return simulate(database, seed, scenario, randomFaults(random), options);
}

/** A minimal job under exactly these faults. */
export function simulatePlan(
  database: SharedDatabase,
  { job, faults }: Plan,
  options: SimulateOptions = {},
): Promise<Simulated> {
  return simulate(database, 1, MINIMAL_JOBS[job], plannedFaults(faults), options);
}

async function simulate(
  database: SharedDatabase,
  seed: number,
  scenario: Scenario,
  plan: FaultPlan,
  { onFault = () => undefined, onEvent, variant }: SimulateOptions,
): Promise<Simulated> {
  const trace = new Trace(onEvent);
  const world = new World({ seed, scenario, plan, database, trace, onFault, variant });
  const restore = poisonGlobals(
    () => world.scheduler.nowMs(),
    () => world.isDatabaseWork,
  );
  try {
    await world.run();
  } finally {
    restore();
  }
  const { violations } = world.checker;
  const { hash, events } = trace;
  return { violations, hash, events, calls: world.calls, virtualMs: world.scheduler.nowMs() };
}
