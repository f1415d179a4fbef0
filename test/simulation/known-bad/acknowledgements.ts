// Known-bad ways to receive and answer messages.
import type { Delivery } from '../../../src/worker/delivery.ts';
import type { Variant } from '../replica.ts';

/** The message is acked when it arrives: whoever dies after that has lost it. */
export const ackBeforeSuccess: Variant = {
  name: 'ack before SUCCESS',
  deliveries: (real) => ({
    ...real,
    start: (onDelivery) =>
      real.start((delivery) => {
        void delivery.ack();
        onDelivery({ ...delivery, ack: () => Promise.resolve(), nack: () => Promise.resolve() });
      }),
  }),
};

/** A second message of a job that is held here goes back at once, and comes again, and goes back. */
export const duplicateNacked: Variant = {
  name: 'a duplicate is nacked',
  deliveries: (real) => ({
    ...real,
    start: (onDelivery) => {
      const held = new Set<string>();
      real.start((delivery) => {
        const body = Buffer.from(delivery.data).toString();
        if (held.has(body)) void delivery.nack();
        else {
          held.add(body);
          onDelivery(forgottenOnAnswer(delivery, () => held.delete(body)));
        }
      });
    },
  }),
};

/** A connection that brings nothing is trusted for ever. */
export const silenceTrusted: Variant = {
  name: 'a silent connection is never renewed',
  deliveries: (real) => ({ ...real, renew: () => undefined }),
};

function forgottenOnAnswer(delivery: Delivery, forget: () => void): Delivery {
  return {
    ...delivery,
    ack: () => delivery.ack().finally(forget),
    nack: () => delivery.nack().finally(forget),
  };
}
