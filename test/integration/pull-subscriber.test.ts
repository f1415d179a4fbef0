// The pull subscriber on the real Pub/Sub emulator: more messages than asked for, restarts, cut lines, and what is not there yet.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startPubSubEmulator } from '../../dev/emulators/pubsub/start.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { eventually } from '../support/eventually.ts';
import { aPubSubFixture, PubSubFixture, pulling, untilDelivered } from '../support/pubsub-fixture.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

// Side by side: most of their time is a deadline that has to pass.
describe('the pull subscriber on the emulator', { concurrency: true }, () => {
  test('fifty messages through a limit of five: each is delivered once, none is given back, and acks make room for the next', async (t) => {
    const fixture = await aPubSubFixture(t);
    const ids = await Promise.all(Array.from({ length: 50 }, (_, at) => fixture.publish(`message ${at}`)));
    // Whether or not this server keeps to the limit, what it sends is held.
    const { source, deliveries, ackFailures } = pulling(t, fixture, { maxOutstanding: 5 });
    await eventually(() => deliveries.length >= 5, { describe: 'the first five' });
    for (let acked = 0; acked < 50; acked += 1) {
      const delivery = await eventually(() => deliveries[acked], { describe: () => `delivery ${acked}` });
      await source.extend(deliveries.slice(acked));
      await delivery.ack();
    }
    assert.deepEqual(deliveries.map(({ messageId }) => messageId).sort(), ids.sort());
    assert.deepEqual(ackFailures, []);
  });

  test('a line that is cut is opened again, and what was sent into the old one comes when its deadline has passed', async (t) => {
    const proxy = await TcpProxy.to(pubSubEmulatorHost());
    t.after(() => proxy.close());
    const direct = await aPubSubFixture(t);
    const fixture = new PubSubFixture(proxy.host);
    t.after(() => fixture.clients.close());
    await fixture.create();
    const { source, deliveries } = pulling(t, fixture);
    await eventually(() => source.connection().connected, { describe: 'the stream to open' });
    proxy.cut();
    await eventually(() => !source.connection().connected, { describe: 'the cut to be noticed' });
    await direct.clients.publisher.publish({
      topic: fixture.topicPath,
      messages: [{ data: Buffer.from('into the old line or the new one') }],
    });
    await eventually(() => source.connection().connected, { describe: 'the line to be mended' });
    // The emulator may send it into the old line more than once, for a whole deadline each time.
    await eventually(() => deliveries.length === 1, { describe: 'the message', timeoutMs: 180_000 });
  });

  test('a subscription that does not exist is named with the way to mend it, and pulled from as soon as it does', async (t) => {
    const fixture = new PubSubFixture(pubSubEmulatorHost());
    t.after(() => fixture.clients.close());
    const { source, deliveries, troubles } = pulling(t, fixture);
    const { why } = await eventually(() => troubles.length > 0 && source.connection(), {
      describe: 'the trouble to be told',
    });
    assert.ok(
      why.startsWith(
        `${fixture.subscriptionPath} does not exist; create it with pulse-billing-etl provision`,
      ),
      why,
    );
    await fixture.create();
    const id = await fixture.publish('at last');
    await untilDelivered({ deliveries, source, troubles, ackFailures: [] }, 1);
    assert.equal(deliveries[0]?.messageId, id);
    assert.equal(source.connection().connected, true);
    assert.deepEqual(troubles, [why], 'told more than once');
  });

  test('an emulator that restarts empty is pulled from again once topic and subscription are back', async (t) => {
    const first = await startPubSubEmulator();
    const proxy = await TcpProxy.to(first.host);
    const fixture = new PubSubFixture(proxy.host);
    t.after(async () => {
      await fixture.clients.close();
      proxy.close();
    });
    await fixture.create();
    const subscriber = pulling(t, fixture, { ackDeadlineMs: 60_000 });
    await fixture.publish('before');
    const [before] = await untilDelivered(subscriber, 1);
    await first.kill();
    proxy.cut();
    const second = await startPubSubEmulator();
    t.after(() => second.stop());
    proxy.pointTo(second.host);
    await eventually(() => subscriber.troubles.some((trouble) => trouble.includes('does not exist')), {
      describe: () => `the loss to be told, was ${subscriber.troubles.join('; ')}`,
    });
    // Nobody knows this delivery any more; answering it must hurt nobody.
    await before?.ack();
    await fixture.create();
    await eventually(() => subscriber.source.connection().connected, {
      describe: 'the stream to open again',
    });
    const after = await fixture.publish('after');
    const deliveries = await untilDelivered(subscriber, 2);
    assert.equal(deliveries[1]?.messageId, after);
    await deliveries[1].ack();
  });

  test('when a drained source has closed, every answer it was given has reached the broker', async (t) => {
    const fixture = await aPubSubFixture(t);
    const subscriber = pulling(t, fixture);
    const acked = await Promise.all(Array.from({ length: 20 }, (_, at) => fixture.publish(`acked ${at}`)));
    const nacked = await Promise.all(Array.from({ length: 20 }, (_, at) => fixture.publish(`nacked ${at}`)));
    await untilDelivered(subscriber, 40);
    subscriber.source.stopReceiving();
    for (const delivery of subscriber.deliveries) {
      // Nobody waits for these but close().
      void (acked.includes(delivery.messageId) ? delivery.ack() : delivery.nack());
    }
    await subscriber.source.close();
    const successor = pulling(t, fixture);
    await untilDelivered(successor, 20);
    // Those without an answer would come when their deadline had passed: so does this one, which is left without.
    const control = await fixture.publish('control');
    const controls = (): number =>
      successor.deliveries.filter(({ messageId }) => messageId === control).length;
    for (const delivery of successor.deliveries.slice(0, 20)) await delivery.ack();
    await eventually(() => controls() === 2, { describe: 'the deadline to pass' });
    const came = successor.deliveries.map(({ messageId }) => messageId).filter((id) => id !== control);
    assert.deepEqual(came.sort(), nacked.sort());
    assert.deepEqual(subscriber.ackFailures, []);
  });
});
