// A state whose database can be made to refuse, to fall silent, or to lose its replies, as one replica sees it.
import { TransientError } from '../../src/job/errors.ts';
import type { State } from '../../src/state/open-state.ts';

/**
 * `refuses`: rejects at once; `silent`: does not answer before it is mended; `answers_late`: does what it is asked and says so
 * when it is mended; `loses_replies`: does what it is asked and rejects.
 */
export type DatabaseFault = 'none' | 'refuses' | 'silent' | 'answers_late' | 'loses_replies';

/** From now on this happens to calls whose name (`jobs.claim`) matches; to all when none is given. */
export type SetFault = (fault: DatabaseFault, calls?: RegExp) => void;

/** The state with that switch; every call that succeeded is told after it took effect and before its caller knows. */
export function unreliable(
  state: State,
  onDone: (call: string) => void,
): { state: State; setFault: SetFault } {
  let fault: DatabaseFault = 'none';
  let affected = /^/;
  let mend = (): void => undefined;
  let mended = Promise.resolve();

  const around = async (name: string, call: () => unknown): Promise<unknown> => {
    const now = (): DatabaseFault => (affected.test(name) ? fault : 'none');
    while (now() === 'silent') await mended;
    if (now() === 'refuses') throw unavailable();
    const result = await call();
    onDone(outcomeOf(name, result));
    while (now() === 'answers_late') await mended;
    if (now() === 'loses_replies') throw unavailable();
    return result;
  };
  const wrapped = (target: object, path: string): object =>
    new Proxy(target, {
      get(_, name: string) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value === 'function')
          return (...given: unknown[]) => around(`${path}${name}`, () => Reflect.apply(value, target, given));
        return typeof value === 'object' && value !== null ? wrapped(value, `${path}${name}.`) : value;
      },
    });
  return {
    state: wrapped(state, '') as State,
    setFault(next, calls = /^/) {
      mend();
      fault = next;
      affected = calls;
      mended = new Promise((resolve) => (mend = resolve));
    },
  };
}

function unavailable(): TransientError {
  return new TransientError('database_unavailable', 'the database does not answer');
}

/** `jobs.claim claimed`: the call and the kind of its outcome. */
function outcomeOf(name: string, result: unknown): string {
  const kind = typeof result === 'object' && result !== null && 'kind' in result ? result.kind : undefined;
  return typeof kind === 'string' ? `${name} ${kind}` : name;
}
