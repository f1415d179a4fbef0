/** The push side of the worker's delivery port: each request is held open until its message is settled. */
import type { Clock } from '../job/clock.ts';
import type { Delivery, DeliverySource } from '../worker/delivery.ts';
import type { PushMessage } from './push-envelope.ts';

/**
 * `done`: settled for good. `given_back`: not begun or stopped, so send it again. `still_running`: held as long as a push may
 * be. `open`: another request with this message waits already. `unavailable`: nothing is taken in right now.
 */
export type PushOutcome = 'done' | 'given_back' | 'still_running' | 'open' | 'unavailable';

export type PushDeliveries = DeliverySource & {
  /** Hands the message to the worker; resolves when it is settled, or when Pub/Sub is about to give up waiting. */
  receive(message: PushMessage): Promise<PushOutcome>;
};

/** Pub/Sub waits 600 s at most. Source: Pub/Sub documentation, push subscriptions: acknowledgement deadline. */
const HOLD_MS = 570_000;
/** Nothing extends a push; this only sets how often the heartbeat beats. */
const ACK_DEADLINE_MS = 60_000;

/** Takes nothing in before start(). */
export function createPushDeliveries(clock: Clock, holdMs = HOLD_MS): PushDeliveries {
  const open = new Set<string>();
  let onDelivery: ((delivery: Delivery) => void) | undefined;
  let paused = false;

  const hold = async ({ messageId, data, attributes }: PushMessage): Promise<PushOutcome> => {
    const over = new AbortController();
    const settled = new Promise<PushOutcome>((resolve) => {
      onDelivery?.({
        messageId,
        data,
        attributes,
        async ack() {
          resolve('done');
        },
        async nack() {
          resolve('given_back');
        },
      });
    });
    const tooLong = clock.sleep(holdMs, over.signal).then((): PushOutcome => 'still_running');
    return Promise.race([settled, tooLong]).finally(() => over.abort());
  };

  return {
    ackDeadlineMs: ACK_DEADLINE_MS,
    start(handler) {
      onDelivery = handler;
    },
    pause: () => void (paused = true),
    resume: () => void (paused = false),
    extend: () => Promise.resolve(),
    connection: () => ({ connected: onDelivery !== undefined, why: 'jobs arrive by POST /push' }),
    stopReceiving: () => void (onDelivery = undefined),
    close: () => Promise.resolve(),
    async receive(message) {
      if (!onDelivery || paused) return 'unavailable';
      if (open.has(message.messageId)) return 'open';
      open.add(message.messageId);
      return hold(message).finally(() => open.delete(message.messageId));
    },
  };
}
