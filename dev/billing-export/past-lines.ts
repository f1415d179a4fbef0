// Rows exported earlier, from which corrections choose what to correct.
import type { Line } from './line.ts';
import type { Random } from './random.ts';

const CAPACITY = 512;

/** An even sample of all rows offered so far, so that on a long export most of them are days or weeks old. */
export class PastLines {
  readonly #lines: Line[] = [];
  #offered = 0;

  /** Keeps a copy of the row with a probability that leaves every row the same chance to be in the sample. */
  offer(line: Line, random: Random): void {
    this.#offered++;
    if (this.#lines.length < CAPACITY) {
      this.#lines.push(line.clone());
      return;
    }
    const place = random.below(this.#offered);
    if (place < CAPACITY) this.#lines[place]?.copy(line);
  }

  /** One of the rows kept. Throws when none was offered yet. */
  draw(random: Random): Line {
    return random.pick(this.#lines);
  }
}
