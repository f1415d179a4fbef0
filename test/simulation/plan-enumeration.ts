// Every plan of at most two faults for a minimal job; what is provably the same as another plan is named once.
import {
  callFaultsOf,
  formsOf,
  isLoss,
  WORLD_FAULTS,
  type FaultKind,
  type WorldFault,
} from './fault-kinds.ts';
import type { PlannedFault } from './fault-plans.ts';
import type { PlayedCall } from './fault-clock.ts';

/** Every kind in every form at each call of a run, or at each but the first so many. */
export function singleFaults(calls: readonly PlayedCall[], from = 0): readonly PlannedFault[] {
  return calls
    .slice(from)
    .flatMap(({ operation }, index) =>
      [...callFaultsOf(operation), ...WORLD_FAULTS].flatMap((kind) =>
        Array.from({ length: formsOf(kind) }, (_, choice) => ({ at: from + index + 1, kind, choice })),
      ),
    );
}

/**
 * What may happen second, at the calls that a run makes after its first fault. Left out is what would change nothing at that
 * moment, such as the loss of read sessions where none is open, and of the forms of an error those that are handled alike.
 */
export function secondFaults(calls: readonly PlayedCall[], first: PlannedFault): readonly PlannedFault[] {
  return calls.flatMap((call, index) => {
    if (index < first.at) return [];
    const before = index > first.at ? calls[index - 1] : undefined;
    const ofWorld = WORLD_FAULTS.filter((kind) => isNew(kind, call, before));
    return [
      ...callFaultsOf(call.operation).flatMap((kind) => differentForms(kind)),
      ...ofWorld.map((kind) => ({ kind, choice: 0 })),
    ].map(({ kind, choice }): PlannedFault => ({ at: index + 1, kind, choice }));
  });
}

/**
 * Whether a fault of the surroundings at this call is another one than at the call before: not if the same replica made both at
 * one instant, and a loss only if the warehouses have worked in between. Nor is it one where it would change nothing.
 */
export function isNew(kind: WorldFault, call: PlayedCall, before: PlayedCall | undefined): boolean {
  if (call.withoutEffect.includes(kind)) return false;
  if (!before) return true;
  if (isLoss(kind)) return call.warehouseCalls !== before.warehouseCalls;
  return call.atMs !== before.atMs || call.replica !== before.replica;
}

/** An unavailable or limiting warehouse is waited for as after a lost request; but for a refusal, which may be passing, terminal reasons differ only by name. */
function differentForms(kind: FaultKind): readonly { readonly kind: FaultKind; readonly choice: number }[] {
  if (kind === 'error_transient') return [{ kind, choice: SNAPSHOT_EXPIRED }];
  if (kind === 'error_terminal') return [ACCESS_DENIED, ROW_REJECTED].map((choice) => ({ kind, choice }));
  return Array.from({ length: formsOf(kind) }, (_, choice) => ({ kind, choice }));
}

/** Positions among TERMINAL_REASONS. */
export const ACCESS_DENIED = 0;
const ROW_REJECTED = 1;
/** Position among TRANSIENT_REASONS of the one after which a job plans anew. */
const SNAPSHOT_EXPIRED = 2;
