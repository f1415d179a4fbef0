/** The messages this replica holds, each once per job: running, waiting for a slot, or parked. */
import { jobName, type JobKey } from '../job/job.ts';
import type { ParsedMessage } from '../job/message.ts';
import type { Delivery } from './delivery.ts';

/** `ready`: about to be settled or waiting for a slot; `running`: a run goes on; `parked`: held without a slot until wakeAtMs. */
export type Phase = 'ready' | 'running' | 'parked';

/** What a message asks for, and what the broker waits for an answer to. */
export type HeldMessage = {
  readonly name: string;
  readonly parsed: ParsedMessage;
  /** The newest. */
  delivery: Delivery;
  /** Of other messages that ask for the same job: without an answer of their own they would come again and again. */
  duplicates: readonly Delivery[];
  phase: Phase;
  /** By the monotonic clock; only while parked. */
  wakeAtMs: number;
  /** Whether it was counted as parked; parking again after a look is no new decision. */
  hasParked: boolean;
  /** How often in a row it could not be settled for want of database or broker. */
  troubles: number;
};

/** The newest delivery of each message that is held under one name. */
export function deliveriesOf({ delivery, duplicates }: HeldMessage): readonly Delivery[] {
  return [delivery, ...duplicates];
}

/** Keyed by job, so that a second delivery of a job's message replaces the first instead of running beside it. */
export class HeldMessages {
  readonly #byName = new Map<string, HeldMessage>();
  #arrivals = 0;

  /** Deliveries so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Holds a delivery; `adopted` when its job was held already: of one message, only the newest ack id is valid under exactly-once delivery. */
  hold(
    delivery: Delivery,
    parsed: ParsedMessage,
  ): { readonly kind: 'new' | 'adopted'; readonly message: HeldMessage } {
    this.#arrivals += 1;
    const name = parsed.kind === 'valid' ? `job ${jobName(parsed.request)}` : `message ${delivery.messageId}`;
    const existing = this.#byName.get(name);
    if (existing) {
      existing.duplicates = deliveriesOf(existing).filter((held) => held.messageId !== delivery.messageId);
      existing.delivery = delivery;
      return { kind: 'adopted', message: existing };
    }
    const message: HeldMessage = {
      name,
      parsed,
      delivery,
      duplicates: [],
      phase: 'ready',
      wakeAtMs: 0,
      hasParked: false,
      troubles: 0,
    };
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
