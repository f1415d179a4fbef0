/** The pull side of the worker's delivery port: messages from one StreamingPull stream, held by extending them. */
import type { Clock, Random } from '../job/clock.ts';
import type { Delivery, DeliverySource } from '../worker/delivery.ts';
import { AckCalls, type AckCallKind } from './ack-calls.ts';
import type { PubSubClients } from './clients.ts';
import { OutstandingDeliveries } from './outstanding-deliveries.ts';
import { PullStream, type ReceivedMessage } from './pull-stream.ts';

/** Pinned: an adaptive deadline shrinks with fast messages and then loses slow ones. */
const ACK_DEADLINE_MS = 60_000;

export type PullSubscriberOptions = {
  readonly clients: PubSubClients;
  readonly projectId: string;
  readonly subscription: string;
  /** Messages held at once; a server that sends more is paused until some are settled. */
  readonly maxOutstanding: number;
  readonly clientId: string;
  /** Ten seconds at least; the broker takes no less. Source: StreamingPullRequest in pubsub.proto. */
  readonly ackDeadlineMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onAckFailure: (kind: AckCallKind, message: string) => void;
  readonly onTrouble: (message: string) => void;
};

/** Receives nothing before start(). */
export function createPullSubscriber(options: PullSubscriberOptions): DeliverySource {
  const subscription = `projects/${options.projectId}/subscriptions/${options.subscription}`;
  const { clients, clock, random, maxOutstanding, ackDeadlineMs = ACK_DEADLINE_MS } = options;
  const calls = new AckCalls({ clients, subscription, clock, onFailure: options.onAckFailure });
  const outstanding = new OutstandingDeliveries(clock, ackDeadlineMs);
  let onDelivery: (delivery: Delivery) => void = () => undefined;

  const adjustFlow = (): void => stream.hold(outstanding.size > maxOutstanding);

  const toDelivery = ({ ackId, message }: ReceivedMessage): Delivery => {
    const id = ackId ?? '';
    const delivery: Delivery = {
      messageId: message?.messageId ?? '',
      data: bytesOf(message?.data),
      attributes: message?.attributes ?? {},
      async ack() {
        outstanding.remove(delivery);
        adjustFlow();
        await calls.ack([id]);
      },
      async nack() {
        const isOurs = outstanding.isOurs(delivery);
        outstanding.remove(delivery);
        adjustFlow();
        if (isOurs) await calls.nack([id]);
      },
    };
    outstanding.add(delivery, id);
    return delivery;
  };

  const stream = new PullStream({
    clients,
    subscription,
    ackDeadlineMs,
    maxOutstanding,
    clientId: options.clientId,
    clock,
    random,
    onTrouble: options.onTrouble,
    onMessages: (messages) => {
      const deliveries = messages.map(toDelivery);
      adjustFlow();
      deliveries.forEach((delivery) => onDelivery(delivery));
    },
  });

  return {
    ackDeadlineMs,
    start(handler) {
      onDelivery = handler;
      stream.start();
    },
    pause: () => stream.leave(),
    resume: () => stream.rejoin(),
    async extend(deliveries) {
      const sentMs = clock.nowMs();
      const ackIds = outstanding.ackIdsOfOurs(deliveries);
      outstanding.extended(await calls.extend(ackIds, ackDeadlineMs), sentMs);
    },
    renew: (why) => stream.renew(why),
    connection: () => stream.connection(),
    stopReceiving: () => stream.stop(),
    close: () => calls.settled(),
  };
}

function bytesOf(data: Uint8Array | string | null | undefined): Uint8Array {
  if (data === null || data === undefined) return new Uint8Array();
  return typeof data === 'string' ? Buffer.from(data, 'base64') : data;
}
