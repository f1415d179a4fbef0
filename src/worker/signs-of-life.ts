/** Makes a run tell that it moves: at the beginning and end of each step, at each checkpoint, and whenever one of its sides has answered. */
import type { RunObserver } from '../etl/run.ts';
import type { Sides } from './worker-context.ts';

/** The observer, and onSign at everything it is told. */
export function observerWithSigns(observer: RunObserver, onSign: () => void): RunObserver {
  return withSigns(observer, onSign);
}

/** The sides, and onSign at every answer of theirs, be it an error. */
export function sidesWithSigns({ source, destination }: Sides, onSign: () => void): Sides {
  return { source: withSigns(source, onSign), destination: withSigns(destination, onSign) };
}

function withSigns<T extends object>(port: T, onSign: () => void): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, given);
        if (answer instanceof Promise) void answer.then(onSign, onSign);
        else onSign();
        return answer;
      };
    },
  });
}
