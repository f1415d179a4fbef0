// A reader of the destination during an episode: of a job it must see no row or all of them.
import { setTimeout as delay } from 'node:timers/promises';
import type { Customer } from './customer.ts';

const PAUSE_MS = 100;

/** Reads one destination after the other until it is stopped. */
export class VisibilityWatch {
  /** What no reader may ever see, in words. */
  readonly violations: string[] = [];
  looks = 0;
  readonly #customers: readonly Customer[];
  #stopped = false;
  readonly #watching: Promise<void>;

  constructor(customers: readonly Customer[]) {
    this.#customers = customers;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      for (const customer of this.#customers) {
        await this.#look(customer);
        await delay(PAUSE_MS);
      }
    }
  }

  async #look({ copy, rounds }: Customer): Promise<void> {
    // Before the first job there is no table, and a stand-in that is being restarted does not answer.
    const lineages = await copy.lineages().catch(() => undefined);
    if (!lineages) return;
    this.looks += 1;
    for (const { key, rows } of rounds) {
      const seen = Object.entries(lineages)
        .filter(([lineage]) => lineage.startsWith(`${key.organizationId}/${key.jobId}/`))
        .reduce((sum, [, count]) => sum + count, 0);
      if (seen !== 0 && seen !== rows) {
        this.violations.push(`${seen} of ${rows} rows of ${key.organizationId}/${key.jobId} were visible`);
      }
    }
  }
}
