// Ends what was begun, the last first.
import type { TestContext } from 'node:test';
import type { Cleanup } from '../support/daemon.ts';

/** Collects what is to be ended; `run` ends it once, in reverse order, and goes on past failures to reject with the first. */
export class Endings implements Cleanup {
  readonly #works: (() => unknown)[] = [];

  /** Those of a test, run after it. */
  static of(context: TestContext): Endings {
    const endings = new Endings();
    context.after(() => endings.run());
    return endings;
  }

  /** Whether all is being ended, so that nothing new may begin. */
  begun = false;

  after(work: () => unknown): void {
    this.#works.push(work);
  }

  async run(): Promise<void> {
    this.begun = true;
    const failures: unknown[] = [];
    for (let work = this.#works.pop(); work; work = this.#works.pop()) {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
