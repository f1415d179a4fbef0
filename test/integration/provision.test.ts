// Provisioning on the real Pub/Sub emulator: what is missing is created, what is wrong is mended, and the rest is left alone.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createPubSubClients, type PubSubClients } from '../../src/pubsub/clients.ts';
import { gcloudCommands, provision, type PubSubNames } from '../../src/pubsub/provision.ts';
import { createPublisher } from '../../src/pubsub/publisher.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

const PROJECT = 'pubsub-tests';

function setup(t: TestContext): { clients: PubSubClients; names: PubSubNames } {
  const clients = createPubSubClients({ projectId: PROJECT, emulatorHost: pubSubEmulatorHost() });
  t.after(() => clients.close());
  const names = {
    projectId: PROJECT,
    topic: uniqueName('jobs'),
    subscription: uniqueName('jobs'),
    deadLetterTopic: uniqueName('dead'),
    deadLetterSubscription: uniqueName('dead'),
  };
  return { clients, names };
}

function path(kind: 'topics' | 'subscriptions', name: string): string {
  return `projects/${PROJECT}/${kind}/${name}`;
}

async function settingsOf({ subscriber }: PubSubClients, name: string) {
  const [found] = await subscriber.getSubscription({ subscription: path('subscriptions', name) });
  const { retryPolicy: retry, deadLetterPolicy: dead } = found;
  return {
    topic: found.topic,
    ackDeadline: found.ackDeadlineSeconds,
    retention: Number(found.messageRetentionDuration?.seconds),
    retry: retry && [Number(retry.minimumBackoff?.seconds), Number(retry.maximumBackoff?.seconds)],
    dead: dead && ([dead.deadLetterTopic, dead.maxDeliveryAttempts] as const),
  };
}

const states = (resources: readonly { state: string }[]): string[] => resources.map(({ state }) => state);

test('everything is created once and found the next time', async (t) => {
  const { clients, names } = setup(t);
  const created = await provision(clients, names);
  assert.deepEqual(
    created.map(({ kind, name, state }) => [kind, name, state]),
    [
      ['topic', path('topics', names.deadLetterTopic), 'created'],
      ['topic', path('topics', names.topic), 'created'],
      ['subscription', path('subscriptions', names.deadLetterSubscription), 'created'],
      ['subscription', path('subscriptions', names.subscription), 'created'],
    ],
  );
  assert.deepEqual(states(await provision(clients, names)), ['exists', 'exists', 'exists', 'exists']);
  assert.deepEqual(await settingsOf(clients, names.subscription), {
    topic: path('topics', names.topic),
    ackDeadline: 60,
    retention: 604_800,
    retry: [10, 600],
    dead: [path('topics', names.deadLetterTopic), 100],
  });
  assert.deepEqual(await settingsOf(clients, names.deadLetterSubscription), {
    topic: path('topics', names.deadLetterTopic),
    ackDeadline: 60,
    retention: 604_800,
    retry: null,
    dead: null,
  });
});

test('two that provision at the same time both succeed', async (t) => {
  const { clients, names } = setup(t);
  await Promise.all([provision(clients, names), provision(clients, names)]);
  assert.deepEqual(states(await provision(clients, names)), ['exists', 'exists', 'exists', 'exists']);
});

for (const [what, subscription, updateMask] of [
  ['an ack deadline', { ackDeadlineSeconds: 10 }, 'ack_deadline_seconds'],
  ['a retention', { messageRetentionDuration: { seconds: 86_400 } }, 'message_retention_duration'],
  [
    'a retry policy',
    { retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 2 } } },
    'retry_policy',
  ],
  ['a missing retry policy', { retryPolicy: null }, 'retry_policy'],
  ['a missing dead-letter policy', { deadLetterPolicy: null }, 'dead_letter_policy'],
] as const) {
  test(`${what} that is wrong is mended, and nothing else is touched`, async (t) => {
    const { clients, names } = setup(t);
    await provision(clients, names);
    const right = await settingsOf(clients, names.subscription);
    await clients.subscriber.updateSubscription({
      subscription: { name: path('subscriptions', names.subscription), ...subscription },
      updateMask: { paths: [updateMask] },
    });
    assert.notDeepEqual(await settingsOf(clients, names.subscription), right);
    assert.deepEqual(states(await provision(clients, names)), ['exists', 'exists', 'exists', 'updated']);
    assert.deepEqual(await settingsOf(clients, names.subscription), right);
    assert.deepEqual(states(await provision(clients, names)), ['exists', 'exists', 'exists', 'exists']);
  });
}

test('a subscription of another topic is refused by name and left as it is', async (t) => {
  const { clients, names } = setup(t);
  const other = path('topics', uniqueName('other'));
  await clients.publisher.createTopic({ name: other });
  const name = path('subscriptions', names.subscription);
  await clients.subscriber.createSubscription({ name, topic: other });
  await assert.rejects(provision(clients, names), {
    message: `${name} is a subscription of ${other}, not of ${path('topics', names.topic)}; choose another SUBSCRIPTION or delete it`,
  });
  assert.equal((await settingsOf(clients, names.subscription)).topic, other);
});

test('a name the service refuses is told with the resource it was meant for', async (t) => {
  const { clients, names } = setup(t);
  await assert.rejects(provision(clients, { ...names, topic: 'x' }), (error: Error) => {
    assert.ok(error.message.startsWith(`projects/${PROJECT}/topics/x: `), error.message);
    return true;
  });
});

test('what is published before provisioning is refused with the way to mend it', async (t) => {
  const { clients, names } = setup(t);
  const publisher = createPublisher(clients, names);
  const request = {
    organizationId: 'acme',
    jobId: 'job',
    jobType: 'incremental' as const,
    window: undefined,
    requestedBy: undefined,
  };
  const missing = path('topics', names.topic);
  await assert.rejects(publisher.publishJob(request), (error: Error) => {
    assert.ok(
      error.message.startsWith(`${missing} does not exist; create it with pulse-billing-etl provision`),
      error.message,
    );
    return true;
  });
  await provision(clients, names);
  assert.match(await publisher.publishJob(request), /^\d+$/);
});

test('the gcloud commands say the same as what was created, and let Pub/Sub forward dead letters', async (t) => {
  const { clients, names } = setup(t);
  await provision(clients, names);
  const { retry, dead, ackDeadline, retention } = await settingsOf(clients, names.subscription);
  const commands = gcloudCommands(names);
  const create = commands.find((command) => command.includes(`subscriptions create ${names.subscription} `));
  assert.ok(create);
  const flags = new Map(
    [...create.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
  assert.deepEqual(Object.fromEntries(flags), {
    project: PROJECT,
    topic: names.topic,
    'ack-deadline': String(ackDeadline),
    'message-retention-duration': `${retention}s`,
    'expiration-period': 'never',
    'min-retry-delay': `${retry?.[0]}s`,
    'max-retry-delay': `${retry?.[1]}s`,
    'dead-letter-topic': dead?.[0]?.split('/').at(-1),
    'max-delivery-attempts': String(dead?.[1]),
  });
  assert.deepEqual(
    commands
      .filter((command) => command.includes('add-iam-policy-binding'))
      .map((command) => command.split(' ')[2]),
    ['topics', 'subscriptions'],
  );
  for (const command of commands) assert.match(command, /^gcloud pubsub /);
});
