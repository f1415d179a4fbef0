// The doubles that tell a world of everything at the moment it happens.
import { FakeBroker, type BrokerEvent, type BrokerOptions } from '../support/fake-broker.ts';
import { OracleLog } from '../support/strict-warehouse/oracle-log.ts';
import { LEASE_MS } from './replica.ts';
import type { Scheduler } from './scheduler.ts';

/** Tells of every effect at the moment it happens. */
export class WatchedLog extends OracleLog {
  readonly #onEffect: (caller: string, event: string, detail: Readonly<Record<string, unknown>>) => void;

  constructor(onEffect: (caller: string, event: string, detail: Readonly<Record<string, unknown>>) => void) {
    super();
    this.#onEffect = onEffect;
  }

  override record(caller: string, event: string, detail: Readonly<Record<string, unknown>> = {}): void {
    super.record(caller, event, detail);
    this.#onEffect(caller, event, detail);
  }
}

/** Tells of everything that happens to a message. */
export class WatchedBroker extends FakeBroker {
  readonly #onEvent: (event: BrokerEvent) => void;

  constructor(clock: Scheduler, onEvent: (event: BrokerEvent) => void, options: BrokerOptions = {}) {
    super(clock, { ackDeadlineMs: LEASE_MS, minimumBackoffMs: 2_000, maximumBackoffMs: 60_000, ...options });
    this.#onEvent = onEvent;
  }

  override note(event: Omit<BrokerEvent, 'atMs'>): void {
    super.note(event);
    this.#onEvent({ atMs: this.clock.nowMs(), ...event });
  }
}
