// The state as one replica reaches it: every method is one call through the gate, carried out as one transaction.
import type { State } from '../../src/state/open-state.ts';
import type { Gate } from './gate.ts';

type Method = (...given: unknown[]) => Promise<unknown>;

/** The methods of a state and its stores, each through the gate. */
export function gatedState(state: State, gate: Gate, perform: Perform): State {
  return gated(state, 'state.', gate, perform) as State;
}

/** Carries out a transaction and looks at what it changed. */
export type Perform = (
  owner: string,
  operation: string,
  given: readonly unknown[],
  work: () => Promise<unknown>,
) => Promise<unknown>;

function gated(target: object, path: `state.${string}`, gate: Gate, perform: Perform): object {
  return Object.fromEntries(
    Object.entries(target).map(([name, member]: [string, unknown]) => {
      const operation = `${path}${name}` as const;
      if (typeof member !== 'function')
        return [name, gated(member as object, `${operation}.`, gate, perform)];
      const method = member as Method;
      return [
        name,
        (...given: unknown[]) =>
          gate.call(operation, () => perform(gate.replica, operation, given, () => method(...given))),
      ];
    }),
  );
}
