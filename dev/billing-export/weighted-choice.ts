// Choosing one of many items whose weights differ, Zipf's law included.
import type { Random } from './random.ts';

/** A fixed list of items, each drawn in proportion to its weight. */
export class WeightedChoice<T> {
  readonly #items: readonly T[];
  readonly #cumulative: Float64Array;

  constructor(items: readonly T[], weightOf: (item: T, index: number) => number) {
    if (items.length === 0) throw new Error('A weighted choice needs at least one item.');
    let sum = 0;
    this.#items = items;
    this.#cumulative = Float64Array.from(items, (item, index) => (sum += weightOf(item, index)));
  }

  /** One item. */
  draw(random: Random): T {
    const cumulative = this.#cumulative;
    const target = random.fraction() * (cumulative[cumulative.length - 1] as number);
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > target) high = middle;
      else low = middle + 1;
    }
    return this.#items[low] as T;
  }
}

/** A choice in which the k-th item is drawn in proportion to 1/k, as usage is spread over SKUs. */
export function zipfChoice<T>(items: readonly T[]): WeightedChoice<T> {
  return new WeightedChoice(items, (_, index) => 1 / (index + 1));
}
