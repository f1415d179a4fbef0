/** Takes deliveries in, runs as many jobs as there are slots, parks the rest and acks each message once it is settled. */
import { messageOf } from '../job/errors.ts';
import { jittered } from '../job/clock.ts';
import { parseMessage } from '../job/message.ts';
import type { JobKey, JobRequest } from '../job/job.ts';
import type { Delivery } from './delivery.ts';
import { deliveriesOf, type HeldMessage } from './held-messages.ts';
import { JobSlots } from './job-slots.ts';
import { publishHandedOver, publishNext } from './ring-doorbell.ts';
import { settleInSlot, settleWithoutSlot, type Settlement } from './settle-message.ts';
import type { WorkerContext } from './worker-context.ts';

const TROUBLE_DELAY_MS = 3_000;
const MAX_TROUBLE_DELAY_MS = 60_000;
const WAKE_CHECK_MS = 250;
const GIVEN_BACK: Settlement = { kind: 'park', delayMs: 0, mayGiveBack: true };

/** Accepts deliveries until it is closed; everything it holds is extended by the heartbeat. */
export class Dispatcher {
  readonly #context: WorkerContext;
  readonly #slots: JobSlots;
  readonly #settling = new Set<Promise<void>>();
  #closed = false;
  #onParked: () => void = () => undefined;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#slots = new JobSlots(context.settings.maxConcurrentJobs);
  }

  /** Holds a delivery and begins to settle it; another delivery of a held job shares its end once that was looked at again. */
  accept(delivery: Delivery): void {
    if (this.#closed) {
      void delivery.nack();
      return;
    }
    const { kind, message } = this.#context.held.hold(delivery, parseMessage(delivery.data));
    if (kind === 'new') return this.#begin(message);
    this.#context.observer.decided('adopted', delivery);
    // Whoever published it may know what a look or run under way does not: its turn has come, or it is wanted again after its end.
    if (kind === 'another') this.#ring(message);
    else message.rung = true;
  }

  /** Wakes parked messages that are due, until the signal aborts; while the database is out of reach there is nothing to ask it. */
  async wakeParked(signal: AbortSignal, databaseReachable: () => boolean): Promise<void> {
    const { held, services } = this.#context;
    signal.addEventListener('abort', () => this.#onParked(), { once: true });
    while (!signal.aborted) {
      const nowMs = services.clock.nowMs();
      for (const message of held.inPhase('parked')) {
        const answerable = message.parsed.kind === 'invalid' || databaseReachable();
        if (answerable && message.wakeAtMs <= nowMs) this.#begin(message);
      }
      if (held.inPhase('parked').length === 0) await this.#nextParked();
      await services.clock.sleep(WAKE_CHECK_MS, signal);
    }
  }

  /** Resolves when a message is parked: a replica that holds none has nothing to look at. */
  #nextParked(): Promise<void> {
    return new Promise((resolve) => (this.#onParked = resolve));
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
    message.rung = false;
    void this.#track(this.#settle(message));
  }

  async #settle(message: HeldMessage): Promise<void> {
    const first = await this.#orParkOnTrouble(message, () => settleWithoutSlot(this.#context, message));
    const { parsed } = message;
    if (first.kind !== 'needs_slot' || parsed.kind !== 'valid') return this.#carryOut(message, first);
    if (this.#closed) return this.#carryOut(message, GIVEN_BACK);
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
    // First, so that the next job does not wait for a broker that is slow to take the ack.
    if ('next' in settlement && settlement.next) this.#handOn(settlement.next);
    await this.#carryOut(message, settlement);
  }

  /** The organization's next job begins at once if its message is held here; if not, a new one finds whoever has a free slot. */
  #handOn(next: JobKey): void {
    const message = this.#context.held.find(next);
    if (message) this.#ring(message);
    else void this.#track(publishNext(this.#context, next));
  }

  /** A message that waits is looked at now. */
  #ring(message: HeldMessage): void {
    message.rung = true;
    if (message.phase === 'parked' && !this.#closed) this.#begin(message);
  }

  #settleAlone(message: HeldMessage, request: JobRequest): void {
    if (!this.#closed) this.#slots.runAlone(() => this.#track(this.#settleInSlot(message, request, true)));
  }

  async #carryOut(message: HeldMessage, settlement: Settlement): Promise<void> {
    const { held, settings, observer, services } = this.#context;
    if (!held.isHeld(message)) return;
    // An ack answers for what is on record after the delivery, never for an end from before it.
    if (settlement.kind === 'ack' && message.rung && message.parsed.kind === 'valid') {
      this.#begin(message);
      return;
    }
    if (settlement.kind === 'park' && !this.#closed) {
      message.hasParked = true;
      if (message.rung) {
        this.#begin(message);
        return;
      }
      message.phase = 'parked';
      message.wakeAtMs = services.clock.nowMs() + jittered(settlement.delayMs, 0.1, services.random);
      this.#onParked();
      // Only a job that is on record and waits can do without us: its message comes again, and the reaper stands behind it.
      if (!settlement.mayGiveBack || held.inPhase('parked').length <= settings.parkedLimit) return;
      observer.decided('nacked_over_limit', message.delivery);
    }
    held.release(message);
    if (settlement.kind === 'ack') return ack(message);
    const { parsed } = message;
    const isFree = settlement.kind === 'park' && settlement.mayGiveBack;
    const again =
      this.#closed && isFree && parsed.kind === 'valid' && publishHandedOver(this.#context, parsed.request);
    await Promise.all([nack(message), again]);
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
