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
  /** Its turn may have come, or it was delivered anew, since it was begun to be looked at: that look may not have seen why. */
  rung: boolean;
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

  /**
   * Holds a delivery. Of a job that is held already it is the same message `again`, of which only the newest ack id is valid
   * under exactly-once delivery, or `another`.
   */
  hold(
    delivery: Delivery,
    parsed: ParsedMessage,
  ): { readonly kind: 'new' | 'again' | 'another'; readonly message: HeldMessage } {
    this.#arrivals += 1;
    const name = parsed.kind === 'valid' ? nameOf(parsed.request) : `message ${delivery.messageId}`;
    const existing = this.#byName.get(name);
    if (existing) {
      const held = deliveriesOf(existing);
      const others = held.filter(({ messageId }) => messageId !== delivery.messageId);
      existing.duplicates = others;
      existing.delivery = delivery;
      return { kind: others.length < held.length ? 'again' : 'another', message: existing };
    }
    const message: HeldMessage = {
      name,
      parsed,
      delivery,
      duplicates: [],
      phase: 'ready',
      wakeAtMs: 0,
      rung: false,
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

  /** The message of a job; undefined when none is held. */
  find(key: JobKey): HeldMessage | undefined {
    return this.#byName.get(nameOf(key));
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

function nameOf(key: JobKey): string {
  return `job ${jobName(key)}`;
}
