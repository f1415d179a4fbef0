/** The messages this replica holds, each once per job: running, waiting for a slot, or parked. */
import { jobName, type JobKey } from '../job/job.ts';
import type { ParsedMessage } from '../job/message.ts';
import type { Delivery } from './delivery.ts';

/** `ready`: about to be settled or waiting for a slot; `running`: a run goes on; `parked`: held without a slot until wakeAtMs. */
export type Phase = 'ready' | 'running' | 'parked';

/** A message with what it asks for and the newest delivery of it. */
export type HeldMessage = {
  readonly name: string;
  readonly parsed: ParsedMessage;
  delivery: Delivery;
  phase: Phase;
  /** By the monotonic clock; only while parked. */
  wakeAtMs: number;
  /** Whether it was counted as parked; parking again after a look is no new decision. */
  hasParked: boolean;
};

/** Keyed by job, so that a second delivery of a job's message replaces the first instead of running beside it. */
export class HeldMessages {
  readonly #byName = new Map<string, HeldMessage>();

  /** Holds a delivery; `adopted` when its job was held already: only the newest ack id is valid under exactly-once delivery. */
  hold(
    delivery: Delivery,
    parsed: ParsedMessage,
  ): { readonly kind: 'new' | 'adopted'; readonly message: HeldMessage } {
    const name = parsed.kind === 'valid' ? `job ${jobName(parsed.request)}` : `message ${delivery.messageId}`;
    const existing = this.#byName.get(name);
    if (existing) {
      existing.delivery = delivery;
      return { kind: 'adopted', message: existing };
    }
    const message: HeldMessage = { name, parsed, delivery, phase: 'ready', wakeAtMs: 0, hasParked: false };
    this.#byName.set(name, message);
    return { kind: 'new', message };
  }

  /** Lets go of a message; whoever does so acks or nacks it. */
  release(message: HeldMessage): void {
    this.#byName.delete(message.name);
  }

  isHeld(message: HeldMessage): boolean {
    return this.#byName.get(message.name) === message;
  }

  all(): readonly HeldMessage[] {
    return [...this.#byName.values()];
  }

  inPhase(phase: Phase): readonly HeldMessage[] {
    return this.all().filter((message) => message.phase === phase);
  }

  /** Keys of the jobs whose messages are held: their doorbell is in good hands. */
  jobKeys(): readonly JobKey[] {
    return this.all().flatMap(({ parsed }) => (parsed.kind === 'valid' ? [parsed.request] : []));
  }

  get size(): number {
    return this.#byName.size;
  }
}
