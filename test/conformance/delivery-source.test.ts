// What the worker relies on in a source of deliveries, of the test double and of the real thing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../../src/worker/delivery.ts';
import { collect, onEverySource, type Subscription } from './delivery-sources.ts';

/** The deliveries of one message. */
function of(deliveries: readonly Delivery[], messageId: string): Delivery[] {
  return deliveries.filter((delivery) => delivery.messageId === messageId);
}

/** Extends the delivery every third of its deadline until the condition holds. */
async function extendedUntil(
  subscription: Subscription,
  source: { extend(deliveries: readonly Delivery[]): Promise<void>; readonly ackDeadlineMs: number },
  delivery: Delivery,
  condition: () => boolean,
  describe: string,
): Promise<void> {
  let lastMs = -Infinity;
  await subscription.until(() => {
    if (subscription.nowMs() - lastMs >= source.ackDeadlineMs / 3) {
      lastMs = subscription.nowMs();
      void source.extend([delivery]);
    }
    return condition();
  }, describe);
}

onEverySource((open) => {
  test('a message arrives with its id, its bytes and its attributes', async (t) => {
    const subscription = await open(t);
    const deliveries = collect(subscription.source());
    const id = await subscription.publish('grüße', { trace: '1', other: '' });
    await subscription.until(() => deliveries.length === 1, 'the message');
    const [delivery] = deliveries;
    assert.equal(delivery?.messageId, id);
    assert.equal(Buffer.from(delivery.data).toString(), 'grüße');
    assert.deepEqual({ ...delivery.attributes }, { trace: '1', other: '' });
  });

  test('nothing arrives before start, and what was published before arrives then', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    assert.equal(source.connection().connected, false);
    const id = await subscription.publish('early');
    const deliveries = collect(source);
    await subscription.until(() => of(deliveries, id).length === 1, 'the message');
    assert.deepEqual(source.connection(), { connected: true, why: 'receiving' });
  });

  test('a source of a subscription without any message is connected, as probes want to know', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    const deliveries = collect(source);
    await subscription.until(() => source.connection().connected, 'the connection');
    assert.deepEqual(source.connection(), { connected: true, why: 'receiving' });
    assert.equal(deliveries.length, 0);
  });

  test('an ack ends a message; one without an answer comes again when its deadline has passed', async (t) => {
    const subscription = await open(t);
    const deliveries = collect(subscription.source());
    const acked = await subscription.publish('acked');
    const unanswered = await subscription.publish('unanswered');
    await subscription.until(() => deliveries.length === 2, 'both messages');
    await of(deliveries, acked)[0]?.ack();
    await subscription.until(() => of(deliveries, unanswered).length === 2, 'the unanswered one again');
    assert.equal(of(deliveries, acked).length, 1);
    assert.notEqual(of(deliveries, unanswered)[0], of(deliveries, unanswered)[1]);
  });

  test('extending keeps a message beyond its deadline, while one that is not extended comes again and again', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    const deliveries = collect(source);
    const kept = await subscription.publish('kept');
    const left = await subscription.publish('left');
    await subscription.until(() => deliveries.length === 2, 'both messages');
    const [delivery] = of(deliveries, kept);
    assert.ok(delivery);
    const again = (): boolean => of(deliveries, left).length === 3;
    await extendedUntil(subscription, source, delivery, again, 'the other one twice more');
    assert.equal(of(deliveries, kept).length, 1);
    await delivery.ack();
  });

  test('a nack brings the message again, as a new delivery', async (t) => {
    const subscription = await open(t);
    const deliveries = collect(subscription.source());
    const id = await subscription.publish('again');
    await subscription.until(() => of(deliveries, id).length === 1, 'the message');
    const nackedMs = subscription.nowMs();
    await of(deliveries, id)[0]?.nack();
    await subscription.until(() => of(deliveries, id).length === 2, 'the message again');
    assert.ok(subscription.nowMs() - nackedMs < 9_000, 'it came by its deadline, not by the nack');
    await of(deliveries, id)[1]?.ack();
  });

  test('giving back a delivery whose deadline has passed leaves its successor alone', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    const deliveries = collect(source);
    const id = await subscription.publish('late');
    await subscription.until(() => of(deliveries, id).length === 2, 'the message again');
    const [old, successor] = of(deliveries, id);
    await old?.nack();
    await subscription.passes();
    assert.equal(of(deliveries, id).length, 2);
    await successor?.ack();
  });

  test('a paused source delivers nothing, keeps what it holds, and delivers what came meanwhile when it is resumed', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    const deliveries = collect(source);
    const held = await subscription.publish('held');
    await subscription.until(() => of(deliveries, held).length === 1, 'the first message');
    source.pause();
    source.pause();
    const meanwhile = await subscription.publish('meanwhile');
    await subscription.passes();
    assert.equal(of(deliveries, meanwhile).length, 0);
    assert.equal(source.connection().connected, false);
    await source.extend(of(deliveries, held));
    await of(deliveries, held)[0]?.ack();
    source.resume();
    source.resume();
    await subscription.until(() => of(deliveries, meanwhile).length === 1, 'what came meanwhile');
    assert.equal(of(deliveries, held).length, 1);
    assert.equal(source.connection().connected, true);
  });

  test('a source that has stopped receiving gets nothing more, and its answers still go out', async (t) => {
    const subscription = await open(t);
    const source = subscription.source();
    const deliveries = collect(source);
    const [acked, nacked] = [await subscription.publish('acked'), await subscription.publish('nacked')];
    await subscription.until(() => deliveries.length === 2, 'both messages');
    source.stopReceiving();
    const [first, second] = [of(deliveries, acked)[0], of(deliveries, nacked)[0]];
    const late = await subscription.publish('late');
    await Promise.all([first?.ack(), second?.nack()]);
    await source.close();
    assert.equal(source.connection().connected, false);

    const successor = collect(subscription.source());
    const both = (): boolean => of(successor, late).length > 0 && of(successor, nacked).length > 0;
    await subscription.until(both, 'what is left, at the next replica');
    assert.equal(of(successor, acked).length, 0);
    assert.equal(deliveries.length, 2);
  });
});
