/** The state for those who ask before the database has answered: they are told to ask again instead of being kept waiting. */
import type { ReadableState } from '../http/overview.ts';
import { TransientError } from '../job/errors.ts';
import type { State } from '../state/open-state.ts';

/** Reads what `current` has by then; without a state every question throws a TransientError `database_unavailable`. */
export function lateState(current: () => State | undefined): ReadableState {
  const ready = (): State => {
    const state = current();
    if (state) return state;
    throw new TransientError('database_unavailable', 'the worker is still waiting for its database');
  };
  return {
    get jobs() {
      return ready().jobs;
    },
    get organizations() {
      return ready().organizations;
    },
    get steps() {
      return ready().steps;
    },
    get batches() {
      return ready().batches;
    },
    get deadLetters() {
      return ready().deadLetters;
    },
    get audit() {
      return ready().audit;
    },
    get ledger() {
      return ready().ledger;
    },
    now: async () => ready().now(),
    listWorkers: async () => ready().listWorkers(),
  };
}
