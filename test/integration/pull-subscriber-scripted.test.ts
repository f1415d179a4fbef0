// The pull subscriber on a server that misbehaves as told: too many messages, refusals, silence, streams that end.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { grpc } from 'google-gax';
import type { PubSubClients } from '../../src/pubsub/clients.ts';
import { eventually } from '../support/eventually.ts';
import { PubSubFixture, pulling, untilDelivered, type Pulling } from '../support/pubsub-fixture.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ScriptedServer } from './pull-subscriber-scripted-server.ts';

type Options = Parameters<PubSubFixture['subscriber']>[0];

interface Started {
  readonly server: ScriptedServer;
  readonly subscriber: Pulling;
  readonly clients: PubSubClients;
}

/** A subscriber connected to a scripted server. */
async function connected(t: TestContext, options: Options = {}): Promise<Started> {
  const { server, subscriber, clients } = await started(t, options);
  await eventually(() => subscriber.source.connection().connected, { describe: 'the stream to open' });
  return { server, subscriber, clients };
}

async function started(
  t: TestContext,
  options: Options = {},
  arrange: (server: ScriptedServer) => void = () => undefined,
): Promise<Started> {
  const server = await ScriptedServer.start();
  arrange(server);
  const fixture = new PubSubFixture(server.host);
  t.after(async () => {
    server.stop();
    await fixture.clients.close();
  });
  return { server, subscriber: pulling(t, fixture, options), clients: fixture.clients };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `m${at}`);

test('the stream is opened with the limit, the pinned deadline and a client id of its own', async (t) => {
  const { server } = await connected(t, { maxOutstanding: 7, ackDeadlineMs: 60_000 });
  const request = await eventually(() => server.streams[0]?.requests[0], { describe: 'the first request' });
  assert.equal(Number(request.maxOutstandingMessages), 7);
  assert.equal(Number(request.protocolVersion), 1, 'pings are answered from version 1 on');
  assert.equal(request.streamAckDeadlineSeconds, 60);
  assert.match(request.subscription, /^projects\/pubsub-tests\/subscriptions\//);
  assert.ok(request.clientId.length > 0);
});

test('two hundred messages from a server that ignores the limit are held, none given back, and the stream is not read on until there is room', async (t) => {
  const { server, subscriber } = await connected(t, { maxOutstanding: 5 });
  server.send(...names(200));
  await untilDelivered(subscriber, 200);
  // Well beyond what the buffers between here and there take in.
  server.send('big');
  for (let more = 0; more < 50; more += 1) server.send(...names(100).map((name) => `${name}-${more}`));
  await subscriber.source.extend(subscriber.deliveries);
  assert.equal(subscriber.deliveries.length, 200);
  assert.deepEqual(
    server.modified.map(({ ackIds, seconds }) => [ackIds.length, seconds]),
    [[200, 10]],
  );
  assert.deepEqual(server.acknowledged, []);
  for (const delivery of subscriber.deliveries.slice(0, 195)) await delivery.ack();
  await eventually(() => subscriber.deliveries.length > 200, { describe: 'the stream to go on' });
});

test('a message that comes again and again counts once, so that redeliveries never stop the stream', async (t) => {
  const { server, subscriber } = await connected(t, { maxOutstanding: 2 });
  for (let again = 0; again < 20; again += 1) server.send(['m', `ack-${again}`]);
  await untilDelivered(subscriber, 20);
  server.send('other');
  await untilDelivered(subscriber, 21);
});

test('of a message that came again the newest ack id is extended and acked, and the old delivery says nothing', async (t) => {
  const { server, subscriber } = await connected(t);
  server.send(['m', 'old']);
  await untilDelivered(subscriber, 1);
  server.send(['m', 'new']);
  const [old, newest] = await untilDelivered(subscriber, 2);
  await old?.nack();
  await subscriber.source.extend(subscriber.deliveries);
  await newest?.ack();
  assert.deepEqual(server.modified, [{ ackIds: ['new'], seconds: 10 }]);
  assert.deepEqual(server.acknowledged, [['new']]);
});

test('a delivery whose deadline has passed is neither extended nor nacked any more; an ack still goes out', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await connected(t, { clock });
  server.send('kept', 'left');
  const [kept, left] = await untilDelivered(subscriber, 2);
  assert.ok(kept && left);
  await clock.advance(6_000);
  await subscriber.source.extend([kept]);
  await clock.advance(6_000);
  await subscriber.source.extend([kept, left]);
  assert.deepEqual(
    server.modified.map(({ ackIds }) => ackIds),
    [['kept-a'], ['kept-a']],
  );
  await left.nack();
  assert.equal(server.modified.length, 2);
  await clock.advance(6_000);
  await kept.nack();
  assert.deepEqual(server.modified.at(-1), { ackIds: ['kept-a'], seconds: 0 });
  await left.ack();
  assert.deepEqual(server.acknowledged, [['left-a']]);
});

test('one ack id the server refuses does not keep the others from being extended', async (t) => {
  const { server, subscriber } = await connected(t);
  server.send(...names(100));
  await untilDelivered(subscriber, 100);
  server.refuse = (ackIds) => (ackIds.includes('m42-a') ? grpc.status.INVALID_ARGUMENT : undefined);
  const refused = (): number => server.modified.filter(({ ackIds }) => ackIds.includes('m42-a')).length;
  await subscriber.source.extend(subscriber.deliveries);
  const extended = server.modified.filter(({ ackIds }) => !ackIds.includes('m42-a'));
  assert.equal(new Set(extended.flatMap(({ ackIds }) => ackIds)).size, 99);
  assert.ok(refused() <= 8, `${refused()} calls for one id`);
  assert.equal(subscriber.ackFailures.length, refused());
});

test('acks, nacks and extensions that fail are tried again, counted and never thrown', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await connected(t, { clock });
  server.send('a', 'n', 'e');
  const [a, n, e] = await untilDelivered(subscriber, 3);
  assert.ok(a && n && e);
  // Not one the client itself tries again.
  server.refuse = () => grpc.status.INTERNAL;
  const answers = Promise.all([a.ack(), n.nack(), subscriber.source.extend([e])]);
  await eventually(() => subscriber.ackFailures.length === 3, { describe: 'the first tries' });
  server.refuse = () => undefined;
  await clock.advance(1_000);
  await answers;
  assert.deepEqual(subscriber.ackFailures.map(({ kind }) => kind).sort(), ['ack', 'extend', 'nack']);
  assert.deepEqual(server.acknowledged, [['a-a'], ['a-a']]);
});

test('a call that keeps failing is given up after four tries, and closing waits no longer than that', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await connected(t, { clock });
  server.send('a');
  const [a] = await untilDelivered(subscriber, 1);
  server.refuse = () => grpc.status.INTERNAL;
  void a?.ack();
  let closed = false;
  subscriber.source.stopReceiving();
  void subscriber.source.close().then(() => (closed = true));
  await eventually(() => subscriber.ackFailures.length === 1, { describe: 'the first try' });
  assert.equal(closed, false);
  await eventually(() => clock.advance(500).then(() => closed), { describe: 'the close' });
  assert.deepEqual([server.acknowledged.length, subscriber.ackFailures.length], [4, 4]);
});

test('a paused source leaves its stream, so that nothing waits unread in a buffer, and opens another when it is resumed', async (t) => {
  const { server, subscriber } = await connected(t);
  const [first] = server.streams;
  const ended = eventually(() => first?.stream.cancelled === true, { describe: 'the stream to be left' });
  subscriber.source.pause();
  await ended;
  assert.deepEqual(subscriber.source.connection(), { connected: false, why: 'pulling is paused' });
  assert.equal(server.streams.length, 1);
  subscriber.source.resume();
  await eventually(() => server.streams.length === 2 && subscriber.source.connection().connected, {
    describe: 'another stream',
  });
  server.send('m');
  await untilDelivered(subscriber, 1);
  assert.deepEqual(subscriber.troubles, []);
});

test('a stream that lived well and is ended by the server is replaced without a complaint', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await connected(t, { clock });
  await clock.advance(20_000);
  server.endStream(grpc.status.UNAVAILABLE);
  await eventually(() => !subscriber.source.connection().connected, { describe: 'the stream to end' });
  await clock.advance(1_000);
  await eventually(() => subscriber.source.connection().connected, { describe: 'the next stream' });
  assert.deepEqual(subscriber.troubles, []);
  server.send('m');
  await untilDelivered(subscriber, 1);
});

test('streams that end at once are complained about once and tried ever less often, every ten seconds in the end', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await started(t, { clock, random: () => 0.999 }, (scripted) => {
    scripted.refuseStreams = grpc.status.UNAVAILABLE;
  });
  const eight = async (): Promise<boolean> => {
    await clock.advance(1_000);
    return server.streams.length === 8;
  };
  await eventually(eight, { describe: () => `eight streams, had ${server.streams.length}` });
  // 0.3 + 0.5 + 0.9 + 1.7 + 3.3 + 6.5 + 10.1 s lie between them.
  assert.ok(clock.nowMs() >= 23_000, `${clock.nowMs()} ms`);
  assert.equal(subscriber.troubles.length, 1);
  assert.match(subscriber.troubles[0] ?? '', /check the network.*scripted/);
  assert.equal(subscriber.source.connection().why, subscriber.troubles[0]);
});

test('a server that answered pings and falls silent is left for a new connection; one that never answered is not', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber, clients } = await connected(t, { clock });
  // Refused, but from now on the process has a second client with a connection to this server.
  await assert.rejects(clients.publisher.publish({ topic: 'projects/p/topics/t', messages: [] }));
  const pings = (): number => (server.streams.at(-1)?.requests.length ?? 1) - 1;
  const afterPing = async (count: number): Promise<void> => {
    await clock.advance(30_000);
    await eventually(() => pings() === count, { describe: `ping ${count}` });
  };
  await afterPing(1);
  await clock.advance(15_000);
  await afterPing(2);
  await clock.advance(15_000);
  assert.equal(server.streams.length, 1);

  server.answersPings = true;
  await afterPing(3);
  // Time enough for the answer, which no sign here tells of.
  server.send('heard');
  await untilDelivered(subscriber, 1);
  await clock.advance(15_000);
  server.answersPings = false;
  await afterPing(4);
  await clock.advance(15_000);
  await clock.advance(1_000);
  await eventually(() => server.streams.length === 2, { describe: 'another stream' });
  assert.deepEqual(subscriber.troubles, []);
  const [silent, next] = server.streams.map(({ peer }) => peer);
  assert.notEqual(next, silent, 'the next stream has a connection of its own');
  server.send('after');
  const [, after] = await untilDelivered(subscriber, 2);
  await after?.ack();
  assert.deepEqual(server.acknowledged, [['after-a']]);
});

test('a stream that is renewed, although its server answers, is opened again over a connection of its own, and what is held stays held', async (t) => {
  const clock = new VirtualClock();
  const { server, subscriber } = await connected(t, { clock });
  server.send('held');
  const [held] = await untilDelivered(subscriber, 1);
  await clock.advance(20_000);
  subscriber.source.renew?.('jobs wait and nothing arrives');
  await eventually(() => !subscriber.source.connection().connected, { describe: 'readiness to tell' });
  await clock.advance(1_000);
  await eventually(() => server.streams.length === 2 && subscriber.source.connection().connected, {
    describe: 'another stream',
  });
  const [silent, next] = server.streams.map(({ peer }) => peer);
  assert.notEqual(next, silent);
  server.send('after');
  await untilDelivered(subscriber, 2);
  await held?.ack();
  await eventually(() => server.acknowledged.flat().includes('held-a'), { describe: 'the ack' });
  assert.deepEqual(subscriber.troubles, []);
});
