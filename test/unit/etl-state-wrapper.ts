// The state of a run with every operation passed through a function, which may let it fail before or after it took effect.
import type { State } from '../../src/state/open-state.ts';

/** Told the operation (`jobs.decide`), how often it was called, and how to carry it out. */
export type Meddle = (operation: string, count: number, work: () => Promise<unknown>) => Promise<unknown>;

const STORES = ['jobs', 'steps', 'batches', 'organizations'] as const;

/** A wrapper for the stores that a run uses; the counts are its own. */
export function throughState(meddle: Meddle): (real: State) => State {
  const counts = new Map<string, number>();
  const wrapped = (name: string, store: object): unknown =>
    new Proxy(store, {
      get(target, property) {
        const method = Reflect.get(target, property) as (...given: unknown[]) => Promise<unknown>;
        const operation = `${name}.${String(property)}`;
        return (...given: unknown[]) => {
          const count = (counts.get(operation) ?? 0) + 1;
          counts.set(operation, count);
          return meddle(operation, count, () => method(...given));
        };
      },
    });
  return (real) => ({
    ...real,
    ...(Object.fromEntries(STORES.map((name) => [name, wrapped(name, real[name])])) as Pick<
      State,
      (typeof STORES)[number]
    >),
  });
}
