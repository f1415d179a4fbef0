/** A delivery source with one message in it: lets a job run in the foreground by the same code as in the daemon. */
import type { Delivery, DeliverySource } from '../worker/delivery.ts';

/** `settled` resolves once the message was acked (`done`) or given back (`released`). */
export function singleDelivery(data: Uint8Array): {
  source: DeliverySource;
  settled: Promise<'done' | 'released'>;
} {
  let settle: (how: 'done' | 'released') => void = () => undefined;
  const settled = new Promise<'done' | 'released'>((resolve) => (settle = resolve));
  const delivery: Delivery = {
    messageId: '',
    data,
    attributes: {},
    async ack() {
      settle('done');
    },
    async nack() {
      settle('released');
    },
  };
  const source: DeliverySource = {
    ackDeadlineMs: 60_000,
    start: (onDelivery) => onDelivery(delivery),
    pause: () => undefined,
    resume: () => undefined,
    extend: () => Promise.resolve(),
    connection: () => ({ connected: true, why: 'in the foreground' }),
    stopReceiving: () => undefined,
    close: () => Promise.resolve(),
  };
  return { source, settled };
}
