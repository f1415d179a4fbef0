// The one order in which everything happens in a simulated world: events in virtual time, one after the other.
import type { Micros } from '../../src/job/instant.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Where virtual time begins: 2026-01-01T00:00:00Z. */
const EPOCH_MICROS = 1_767_225_600_000_000n;

/** Virtual time; of the events due at one instant, the one scheduled first comes first. */
export class Scheduler {
  #nowMs = 0;
  #order = 0;
  // A binary heap: the earliest event is the first.
  readonly #heap: Event[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  /** The same time as a database or a warehouse tells it. */
  nowMicros(): Micros {
    return EPOCH_MICROS + BigInt(Math.round(this.#nowMs * 1000));
  }

  /** Runs something so much later. */
  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#order += 1), run });
  }

  /** Resolves after the delay; the doubles wait with it, and nobody calls their waits off. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs the next event and everything that follows from it without time; false when there is none. */
  async step(): Promise<boolean> {
    const event = this.#pop();
    if (!event) return false;
    this.#nowMs = event.atMs;
    event.run();
    await microtasksDone();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A tick asked for inside a microtask comes when no microtask is left, without a turn of the event loop. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
