// Stands in for src/pubsub/pull-subscriber.ts: the same deliveries, with every ack counted.
import type * as subscriber from '../../../src/pubsub/pull-subscriber.ts';
import type { PullSubscriberOptions } from '../../../src/pubsub/pull-subscriber.ts';
import type { Delivery, DeliverySource } from '../../../src/worker/delivery.ts';
import { pass, realModule, watched } from './watch.ts';

const real = await realModule<typeof subscriber>(import.meta.url);

/** The real subscriber; an arrival is the point `after delivery.receive`. */
export function createPullSubscriber(options: PullSubscriberOptions): DeliverySource {
  const source = real.createPullSubscriber(options);
  // The source knows its deliveries by identity, and the worker hands them back: one wrapper each, and the way back.
  const originals = new WeakMap<Delivery, Delivery>();
  return {
    ackDeadlineMs: source.ackDeadlineMs,
    start: (onDelivery) =>
      source.start((delivery) => {
        pass('delivery.receive', 'after');
        const wrapped = watched<Delivery>('delivery', delivery);
        originals.set(wrapped, delivery);
        onDelivery(wrapped);
      }),
    extend: (deliveries) => source.extend(deliveries.map((delivery) => originals.get(delivery) ?? delivery)),
    pause: () => source.pause(),
    resume: () => source.resume(),
    connection: () => source.connection(),
    stopReceiving: () => source.stopReceiving(),
    close: () => source.close(),
  };
}
