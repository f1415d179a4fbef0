// The subscription and the topic as one replica reaches them: answers and publications through its gate, deliveries likewise.
import type { Delivery, DeliverySource } from '../../src/worker/delivery.ts';
import type { Publisher } from '../../src/worker/publisher.ts';
import type { FakeSubscriber } from '../support/fake-subscriber.ts';
import type { AlertSender, OutgoingAlert } from '../../src/worker/alert-sender.ts';
import type { Gate } from './gate.ts';

/** A subscriber's deliveries; what the replica does without asking the broker is not a call. */
export function gatedDeliveries(subscriber: FakeSubscriber, gate: Gate): DeliverySource {
  const originals = new WeakMap<Delivery, Delivery>();
  const gated = (delivery: Delivery): Delivery => {
    const answer = (kind: 'ack' | 'nack') => (): Promise<void> =>
      gate.call(`broker.${kind}`, () => delivery[kind]()).catch(() => undefined);
    const through = { ...delivery, ack: answer('ack'), nack: answer('nack') };
    originals.set(through, delivery);
    return through;
  };
  return {
    ackDeadlineMs: subscriber.ackDeadlineMs,
    start: (onDelivery) => subscriber.start((delivery) => gate.arrive(() => onDelivery(gated(delivery)))),
    pause: () => subscriber.pause(),
    resume: () => subscriber.resume(),
    extend: (deliveries) => {
      const all = deliveries.flatMap((delivery) => originals.get(delivery) ?? []);
      if (all.length === 0) return Promise.resolve();
      return gate
        .call('broker.extend', () => (subscriber.closed ? undefined : subscriber.extend(all)))
        .catch(() => undefined);
    },
    renew: () => subscriber.renew(),
    connection: () => subscriber.connection(),
    stopReceiving: () => subscriber.stopReceiving(),
    close: () => Promise.resolve(),
  };
}

/** The publisher, through the gate. */
export function gatedPublisher(publisher: Publisher, gate: Gate): Publisher {
  return {
    publishJob: (request) => gate.call('broker.publishJob', () => publisher.publishJob(request)),
    publishDeadLetter: (data, attributes) =>
      gate.call('broker.publishDeadLetter', () => publisher.publishDeadLetter(data, attributes)),
  };
}

/** Whoever alerts are sent to, through the gate. */
export function gatedAlerts(onAlert: (alert: OutgoingAlert) => void, gate: Gate): AlertSender {
  return (alert) => gate.call('alerts.send', () => onAlert(alert));
}
