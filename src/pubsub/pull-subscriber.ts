/** The pull side of the worker's delivery port: messages from one StreamingPull stream, held by extending them. */
import type { Clock, Random } from '../job/clock.ts';
import type { Delivery, DeliverySource } from '../worker/delivery.ts';
import { AckCalls, type AckCallKind } from './ack-calls.ts';
import type { PubSubClients } from './clients.ts';
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
  readonly clock: Clock;
  readonly random: Random;
  readonly onAckFailure: (kind: AckCallKind, message: string) => void;
  readonly onTrouble: (message: string) => void;
};

/** Receives nothing before start(). */
export function createPullSubscriber(options: PullSubscriberOptions): DeliverySource {
  const subscription = `projects/${options.projectId}/subscriptions/${options.subscription}`;
  const { clients, clock, random, maxOutstanding } = options;
  const calls = new AckCalls({
    subscriber: clients.subscriber,
    subscription,
    clock,
    onFailure: options.onAckFailure,
  });
  const ackIds = new WeakMap<Delivery, string>();
  let outstanding = 0;
  let pausedByWorker = false;
  let onDelivery: (delivery: Delivery) => void = () => undefined;

  const adjustFlow = (): void =>
    pausedByWorker || outstanding > maxOutstanding ? stream.pause() : stream.resume();

  const settle = async (call: Promise<void>): Promise<void> => {
    outstanding -= 1;
    adjustFlow();
    await call;
  };

  const toDelivery = ({ ackId, message }: ReceivedMessage): Delivery => {
    const id = ackId ?? '';
    const delivery: Delivery = {
      messageId: message?.messageId ?? '',
      data: bytesOf(message?.data),
      attributes: message?.attributes ?? {},
      ack: () => settle(calls.ack([id])),
      nack: () => settle(calls.nack([id])),
    };
    ackIds.set(delivery, id);
    return delivery;
  };

  const stream = new PullStream({
    subscriber: clients.subscriber,
    subscription,
    ackDeadlineMs: ACK_DEADLINE_MS,
    maxOutstanding,
    clientId: options.clientId,
    clock,
    random,
    onTrouble: options.onTrouble,
    onMessages: (messages) => {
      outstanding += messages.length;
      adjustFlow();
      for (const message of messages) onDelivery(toDelivery(message));
    },
  });

  return {
    ackDeadlineMs: ACK_DEADLINE_MS,
    start(handler) {
      onDelivery = handler;
      stream.start();
    },
    pause() {
      pausedByWorker = true;
      adjustFlow();
    },
    resume() {
      pausedByWorker = false;
      adjustFlow();
    },
    extend: (deliveries) =>
      calls.extend(
        deliveries.flatMap((delivery) => ackIds.get(delivery) ?? []),
        ACK_DEADLINE_MS,
      ),
    connection: () => stream.connection(),
    stopReceiving: () => stream.stop(),
    close: () => calls.settled(),
  };
}

function bytesOf(data: Uint8Array | string | null | undefined): Uint8Array {
  if (data === null || data === undefined) return new Uint8Array();
  return typeof data === 'string' ? Buffer.from(data, 'base64') : data;
}
