// Chooses by a seed where each process is struck, so that every point gets its turn.
import { SeededRandom } from '../support/seeded-random.ts';
import type { Strike } from './strike.ts';

/** A point every job passes, and how many times at most it is let pass before the strike. */
type Point = Pick<Strike, 'call' | 'when'> & { readonly atMost: number };

/** From the arrival of a message to its ack; the numbers are those of the crash matrix. */
const POINTS: readonly Point[] = [
  { when: 'after', call: 'delivery.receive', atMost: 4 }, // 1
  { when: 'before', call: 'jobs.claim', atMost: 4 }, // 1
  { when: 'after', call: 'jobs.claim', atMost: 3 }, // 2
  { when: 'after', call: 'jobs.storePlan', atMost: 2 }, // 2
  { when: 'before', call: 'source.openReadSession', atMost: 2 }, // 2
  { when: 'after', call: 'source.openReadSession', atMost: 2 }, // 3
  { when: 'before', call: 'destination.createWriteStream', atMost: 2 }, // 3
  { when: 'after', call: 'destination.createWriteStream', atMost: 2 }, // 4
  { when: 'after', call: 'source.readRows', atMost: 3 }, // 4
  { when: 'before', call: 'writer.append', atMost: 6 }, // 5
  { when: 'after', call: 'writer.append', atMost: 6 }, // 5
  { when: 'before', call: 'batches.record', atMost: 6 }, // 5
  { when: 'after', call: 'batches.record', atMost: 6 }, // 5
  { when: 'before', call: 'destination.finalizeWriteStream', atMost: 2 }, // 6
  { when: 'after', call: 'destination.finalizeWriteStream', atMost: 2 }, // 7
  { when: 'before', call: 'source.totals', atMost: 2 }, // 7
  { when: 'before', call: 'jobs.decide', atMost: 2 }, // 7
  { when: 'after', call: 'jobs.decide', atMost: 2 }, // 8
  { when: 'before', call: 'destination.commitWriteStreams', atMost: 2 }, // 8
  { when: 'after', call: 'destination.commitWriteStreams', atMost: 2 }, // 9
  { when: 'before', call: 'jobs.finish', atMost: 2 }, // 9
  { when: 'after', call: 'jobs.finish', atMost: 2 }, // 10
  { when: 'before', call: 'delivery.ack', atMost: 2 }, // 10
  { when: 'after', call: 'delivery.ack', atMost: 2 }, // 11
  { when: 'before', call: 'jobs.heartbeat', atMost: 2 }, // 12
];

/** Hands out points in seeded order, each once before any comes again. */
export class StrikePlan {
  readonly #random: SeededRandom;
  readonly #points: readonly Point[];
  #left: Point[] = [];

  /** Only points whose name matches, when a pattern is given. */
  constructor(seed: number, only = /./) {
    this.#random = new SeededRandom(seed);
    this.#points = POINTS.filter(({ when, call }) => only.test(`${when} ${call}`));
  }

  next(signal: Strike['signal']): Strike {
    if (this.#left.length === 0) this.#left = [...this.#points];
    const [point] = this.#left.splice(this.#random.below(this.#left.length), 1);
    const { when, call, atMost } = point!;
    return { when, call, nth: 1 + this.#random.below(atMost), signal };
  }

  /** A number of calls in [1, most]. */
  calls(most: number): number {
    return 1 + this.#random.below(most);
  }
}
