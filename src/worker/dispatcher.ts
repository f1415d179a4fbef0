/** Takes deliveries in, runs as many jobs as there are slots, parks the rest and acks each message once it is settled. */
import { messageOf } from '../job/errors.ts';
import { jittered } from '../job/clock.ts';
import { parseMessage } from '../job/message.ts';
import type { JobRequest } from '../job/job.ts';
import type { Delivery } from './delivery.ts';
import { deliveriesOf, type HeldMessage } from './held-messages.ts';
import { JobSlots } from './job-slots.ts';
import { settleInSlot, settleWithoutSlot, type Settlement } from './settle-message.ts';
import type { WorkerContext } from './worker-context.ts';

const TROUBLE_DELAY_MS = 3_000;
const MAX_TROUBLE_DELAY_MS = 60_000;
const WAKE_CHECK_MS = 250;

/** Accepts deliveries until it is closed; everything it holds is extended by the heartbeat. */
export class Dispatcher {
  readonly #context: WorkerContext;
  readonly #slots: JobSlots;
  readonly #settling = new Set<Promise<void>>();
  #closed = false;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#slots = new JobSlots(context.settings.maxConcurrentJobs);
  }

  /** Holds a delivery and begins to settle it; another delivery of a held job starts nothing and shares its end. */
  accept(delivery: Delivery): void {
    if (this.#closed) {
      void delivery.nack();
      return;
    }
    const { kind, message } = this.#context.held.hold(delivery, parseMessage(delivery.data));
    if (kind === 'adopted') this.#context.observer.decided('adopted', delivery);
    else this.#begin(message);
  }

  /** Wakes parked messages that are due, until the signal aborts; while the database is out of reach there is nothing to ask it. */
  async wakeParked(signal: AbortSignal, databaseReachable: () => boolean): Promise<void> {
    const { held, services } = this.#context;
    while (!signal.aborted) {
      const nowMs = services.clock.nowMs();
      for (const message of held.inPhase('parked')) {
        const answerable = message.parsed.kind === 'invalid' || databaseReachable();
        if (answerable && message.wakeAtMs <= nowMs) this.#begin(message);
      }
      await services.clock.sleep(WAKE_CHECK_MS, signal);
    }
  }

  /** Accepts nothing more and gives back every message whose job does not run here. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#slots.clear();
    const { held, observer } = this.#context;
    const unstarted = held.all().filter((message) => message.phase !== 'running');
    for (const message of unstarted) {
      held.release(message);
      observer.decided('released', message.delivery);
    }
    await Promise.all(unstarted.map(nack));
  }

  /** Resolves when no message is being settled any more. */
  async idle(): Promise<void> {
    while (this.#settling.size > 0) await Promise.race(this.#settling);
  }

  /** Parked messages wait without a slot; only what may start a run takes one. */
  #begin(message: HeldMessage): void {
    message.phase = 'ready';
    void this.#track(this.#settle(message));
  }

  async #settle(message: HeldMessage): Promise<void> {
    const first = await this.#orParkOnTrouble(message, () => settleWithoutSlot(this.#context, message));
    const { parsed } = message;
    if (first.kind !== 'needs_slot' || parsed.kind !== 'valid') return this.#carryOut(message, first);
    if (this.#closed) return;
    this.#slots.run(() => this.#track(this.#settleInSlot(message, parsed.request)));
  }

  async #settleInSlot(message: HeldMessage, request: JobRequest, alone = false): Promise<void> {
    if (this.#closed || !this.#context.held.isHeld(message)) return;
    const settlement = await this.#orParkOnTrouble(message, () =>
      settleInSlot(this.#context, message, request, { alone }),
    );
    if (settlement.kind === 'needs_all_slots') {
      this.#settleAlone(message, request);
      return;
    }
    await this.#carryOut(message, settlement);
    if (settlement.kind === 'ack') this.#wakeOrganization(request.organizationId);
  }

  #settleAlone(message: HeldMessage, request: JobRequest): void {
    if (!this.#closed) this.#slots.runAlone(() => this.#track(this.#settleInSlot(message, request, true)));
  }

  async #carryOut(message: HeldMessage, settlement: Settlement): Promise<void> {
    const { held, settings, observer, services } = this.#context;
    if (!held.isHeld(message)) return;
    if (settlement.kind === 'park' && !this.#closed) {
      message.phase = 'parked';
      message.hasParked = true;
      message.wakeAtMs = services.clock.nowMs() + jittered(settlement.delayMs, 0.1, services.random);
      // Only a job that is on record and waits can do without us: its message comes again, and the reaper stands behind it.
      if (!settlement.mayGiveBack || held.inPhase('parked').length <= settings.parkedLimit) return;
      observer.decided('nacked_over_limit', message.delivery);
    }
    held.release(message);
    if (settlement.kind === 'ack') return ack(message);
    const { parsed } = message;
    const isFree = settlement.kind === 'park' && settlement.mayGiveBack;
    const again = this.#closed && isFree && parsed.kind === 'valid' && this.#publishAgain(parsed.request);
    await Promise.all([nack(message), again]);
  }

  /** What is nacked comes back after the subscription's backoff; another replica can go on with a job at once. */
  async #publishAgain(request: JobRequest): Promise<void> {
    const { publisher, observer } = this.#context;
    await publisher.publishJob(request).catch((error: unknown) => {
      // The nacked message stands behind it, and the reaper behind both.
      observer.trouble(`a job was handed over without a new message: ${messageOf(error)}`);
    });
  }

  /** What cannot be settled because the database or the broker is out of reach is held and tried again, ever less often: an outage costs no message. */
  async #orParkOnTrouble(message: HeldMessage, settle: () => Promise<Settlement>): Promise<Settlement> {
    try {
      const settlement = await settle();
      if (settlement.kind !== 'needs_slot') message.troubles = 0;
      return settlement;
    } catch (error) {
      this.#context.observer.trouble(messageOf(error));
      const delayMs = Math.min(MAX_TROUBLE_DELAY_MS, TROUBLE_DELAY_MS * 2 ** message.troubles);
      message.troubles += 1;
      return { kind: 'park', delayMs, mayGiveBack: false };
    }
  }

  /** The next job of an organization need not wait for its poll when this one has just ended. */
  #wakeOrganization(organizationId: string): void {
    for (const message of this.#context.held.inPhase('parked')) {
      if (message.parsed.kind === 'valid' && message.parsed.request.organizationId === organizationId)
        message.wakeAtMs = 0;
    }
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.#settling.delete(tracked));
    this.#settling.add(tracked);
    return tracked;
  }
}

async function ack(message: HeldMessage): Promise<void> {
  await Promise.all(deliveriesOf(message).map((delivery) => delivery.ack()));
}

async function nack(message: HeldMessage): Promise<void> {
  await Promise.all(deliveriesOf(message).map((delivery) => delivery.nack()));
}
