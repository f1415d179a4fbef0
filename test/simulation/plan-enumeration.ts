// Every plan of at most two faults for the minimal job, the second one also at calls that appear only after the first.
import { callFaultsOf, WORLD_FAULTS, type FaultKind, type Operation } from './fault-kinds.ts';
import type { PlannedFault } from './fault-plans.ts';

/** What may happen at each call after the first `from`, given the operations of all calls of a run. */
export function singleFaults(calls: readonly Operation[], from = 0): readonly PlannedFault[] {
  return calls.flatMap((operation, index) =>
    index < from ? [] : kindsAt(operation).map((kind): PlannedFault => ({ at: index + 1, kind })),
  );
}

function kindsAt(operation: Operation): readonly FaultKind[] {
  return [...callFaultsOf(operation), ...WORLD_FAULTS];
}
