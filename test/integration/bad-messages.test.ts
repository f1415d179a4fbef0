// Bad messages on the real Pub/Sub emulator, through the whole worker: they end in the dead-letter subscription, and nowhere else.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { RunServices } from '../../src/etl/run.ts';
import { provision, type PubSubNames } from '../../src/pubsub/provision.ts';
import { createPublisher } from '../../src/pubsub/publisher.ts';
import { openState } from '../../src/state/open-state.ts';
import type { Delivery } from '../../src/worker/delivery.ts';
import type { WorkerObserver } from '../../src/worker/worker-context.ts';
import { Worker } from '../../src/worker/worker.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { PubSubFixture } from '../support/pubsub-fixture.ts';

/** Names of a provisioned project of its own, a worker on it, and what arrives in its dead-letter subscription. */
async function aWorker(t: TestContext) {
  const fixture = new PubSubFixture(pubSubEmulatorHost());
  const names: PubSubNames = {
    projectId: fixture.projectId,
    topic: fixture.topic,
    subscription: fixture.subscription,
    deadLetterTopic: uniqueName('dead'),
    deadLetterSubscription: uniqueName('dead'),
  };
  await provision(fixture.clients, names);
  const state = await openState({ kind: 'sqlite', path: ':memory:' });
  await state.migrate();
  const { source, ackFailures } = fixture.subscriber();
  const services: RunServices = {
    state,
    settings: { maxRetries: 0, retryDelayMs: 1, batchRows: 1, readStreams: 1, build: 'test' },
    budget: new ByteBudget(1),
    clock: processClock,
    random: Math.random,
    observer: {
      stepStarted: () => undefined,
      stepFinished: () => undefined,
      checkpoint: () => undefined,
      note: () => undefined,
    },
  };
  const worker = new Worker({
    settings: {
      owner: 'worker',
      leaseMs: 60_000,
      maxConcurrentJobs: 1,
      parkedLimit: 10,
      drainTimeoutMs: 5_000,
      noProgressTimeoutMs: 3_600_000,
    },
    services,
    deliveries: source,
    publisher: createPublisher(fixture.clients, names),
    openSides: () => {
      throw new Error('no message here is allowed to run');
    },
    observer: deaf,
  });
  const letters: Delivery[] = [];
  const deadLetters = fixture.subscriber({ subscription: names.deadLetterSubscription }).source;
  deadLetters.start((letter) => {
    letters.push(letter);
    void letter.ack();
  });
  t.after(async () => {
    await worker.drain();
    deadLetters.stopReceiving();
    await deadLetters.close();
    await fixture.clients.close();
    await state.close();
  });
  return { fixture, names, worker, letters, ackFailures, state };
}

const deaf: WorkerObserver = {
  decided: () => undefined,
  runStarted: () => undefined,
  runEnded: () => undefined,
  deadLettered: () => undefined,
  leaseLost: () => undefined,
  databaseLost: () => undefined,
  databaseBack: () => undefined,
  republished: () => undefined,
  trouble: () => undefined,
};

/** The letter with this content, once it has come. */
function letterOf(letters: readonly Delivery[], content: Uint8Array): Promise<Delivery> {
  return eventually(() => letters.find(({ data }) => Buffer.compare(data, content) === 0), {
    describe: () => `a dead letter of ${content.byteLength} bytes, have ${letters.length}`,
  });
}

test('bad messages are dead-lettered as they came with reason and violations, acked, and come no more', async (t) => {
  const { fixture, worker, letters, ackFailures, state } = await aWorker(t);
  const bad = [
    ['not_json', Buffer.from('run it'), 'the message is not JSON: '],
    ['not_utf8', Buffer.from([0x22, 0xff, 0x22]), 'the message is not valid UTF-8'],
    [
      'message_too_large',
      Buffer.alloc(100_000, 'x'),
      'the message has 100000 bytes; at most 65536 are allowed',
    ],
    [
      'invalid_message',
      Buffer.from('{"organization_id":"a/b","job_id":"j","job_type":"repair","project":"p"}'),
      'project is not a known field',
    ],
  ] as const;
  for (const [, data] of bad) {
    await fixture.clients.publisher.publish({
      topic: fixture.topicPath,
      messages: [
        { data, attributes: { trace: 'kept', reason: 'theirs', googclient_schemaencoding: 'JSON' } },
      ],
    });
  }
  worker.start();
  for (const [reason, data, violation] of bad) {
    const { attributes } = await letterOf(letters, data);
    assert.equal(attributes['reason'], reason);
    assert.equal(attributes['trace'], 'kept');
    assert.equal(attributes['googclient_schemaencoding'], undefined, 'refused by the real service');
    const [first] = JSON.parse(attributes['violations'] ?? '[]') as string[];
    assert.ok(first?.startsWith(violation), first);
  }
  await worker.drain();
  assert.deepEqual(ackFailures, []);
  assert.deepEqual(await state.jobs.list(), []);

  // What was not acked would come again when its deadline has passed: so does this one, which is left without an answer.
  const successor = fixture.subscriber().start();
  t.after(() => successor.source.stopReceiving());
  const control = await fixture.publish('control');
  await eventually(() => successor.deliveries.filter(({ messageId }) => messageId === control).length === 2, {
    describe: 'the deadline to pass',
  });
  assert.deepEqual([...new Set(successor.deliveries.map(({ messageId }) => messageId))], [control]);
  assert.equal(letters.length, bad.length);
});

test('a message as large as Pub/Sub takes is dead-lettered in part, with its size', async (t) => {
  const { fixture, worker, letters } = await aWorker(t);
  const size = 9_900_000;
  await fixture.clients.publisher.publish({
    topic: fixture.topicPath,
    messages: [{ data: Buffer.alloc(size, 'x') }],
  });
  worker.start();
  const [letter] = await eventually(() => letters.length > 0 && letters, { describe: 'the dead letter' });
  assert.equal(letter?.attributes['reason'], 'message_too_large');
  assert.equal(letter.attributes['original_bytes'], String(size));
  assert.equal(letter.data.byteLength, 9_500_000);
});

test('a message with every attribute it may have loses some of its own, never the reason', async (t) => {
  const { fixture, worker, letters } = await aWorker(t);
  const attributes = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`key-${at}`, 'x'.repeat(1_024)]),
  );
  await fixture.publish('run it', attributes);
  worker.start();
  const [letter] = await eventually(() => letters.length > 0 && letters, { describe: 'the dead letter' });
  assert.equal(Object.keys(letter?.attributes ?? {}).length, 100);
  assert.equal(letter?.attributes['reason'], 'not_json');
  assert.equal(letter.attributes['key-99'], 'x'.repeat(1_024));
});

test('without a dead-letter topic a bad message is held, and dead-lettered once the topic is there', async (t) => {
  const { fixture, names, worker, letters } = await aWorker(t);
  const topic = `projects/${names.projectId}/topics/${names.deadLetterTopic}`;
  await fixture.clients.publisher.deleteTopic({ topic });
  await fixture.publish('run it');
  worker.start();
  await eventually(() => worker.state().parked === 1, { describe: 'the message to be parked' });
  await fixture.clients.publisher.createTopic({ name: topic });
  // Its subscription went with the topic it was made for.
  const name = `projects/${names.projectId}/subscriptions/${uniqueName('dead')}`;
  await fixture.clients.subscriber.createSubscription({ name, topic });
  await eventually(() => worker.state().held === 0, { describe: 'the message to be settled' });
  const [{ receivedMessages }] = await fixture.clients.subscriber.pull({
    subscription: name,
    maxMessages: 10,
  });
  assert.equal(receivedMessages?.length, 1);
  assert.equal(letters.length, 0);
});
