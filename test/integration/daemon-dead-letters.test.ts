// A message that Pub/Sub itself gave up, on the real emulator: a worker files it, and the command line gives it its second try.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createPubSubClients } from '../../src/pubsub/clients.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { callProgram } from '../support/program-call.ts';
import { daemonSetup } from './daemon-process.ts';

const ROWS = 30;
/** The least Pub/Sub allows. */
const MAX_DELIVERIES = 5;

test('a message that Pub/Sub gave up is filed by a worker, and replayed by hand its job ends well', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(ROWS);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  const quiet = { ...setup.variables, LOG_LEVEL: 'warn' };
  const call = (...argv: string[]) => callProgram(quiet, argv);
  await setup.publish(key);
  await giveUp(context, setup.variables);

  const worker = await setup.start();
  const letter = await eventually(async () => (await setup.state.deadLetters.list())[0], {
    describe: () => `the dead letter; ${worker.errors()}`,
    timeoutMs: 120_000,
  });
  assert.equal(await setup.state.jobs.find(key), undefined, 'nobody has begun it');

  const list = await call('dlq', 'list', '--org', key.organizationId);
  assert.match(list.output, new RegExp(`${key.jobId} +undeliverable .*delivered 5 times by .* never acked`));
  const shown = await call('dlq', 'show', `${letter.id}`);
  assert.match(shown.output, /^reason +undeliverable \(docs\/runbook\.md#undeliverable\)$/m);
  assert.match(shown.output, /CloudPubSubDeadLetterSourceDeliveryCount=5/);
  const replay = await call('dlq', 'replay', `${letter.id}`);
  assert.deepEqual([replay.code, /\nreplayed 1 of 1\n$/.test(replay.output)], [0, true], replay.output);

  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.rowsWritten, job.attempts, job.requestedBy], [ROWS, 0, 'maria']);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  assert.equal((await call('dlq', 'list')).output, 'no dead letters\n');
  const again = await call('dlq', 'replay', `${letter.id}`);
  assert.match(again.output, /not_needed +replayed before by maria/);
});

/** Takes the message and gives it back until Pub/Sub has had enough of it. */
async function giveUp(context: TestContext, variables: Readonly<Record<string, string>>): Promise<void> {
  const clients = createPubSubClients({
    projectId: variables['PROJECT_ID']!,
    emulatorHost: pubSubEmulatorHost(),
  });
  context.after(() => clients.close());
  const subscription = `projects/${variables['PROJECT_ID']}/subscriptions/${variables['SUBSCRIPTION']}`;
  const deadLetterTopic = `projects/${variables['PROJECT_ID']}/topics/${variables['DEAD_LETTER_TOPIC']}`;
  await clients.subscriber.updateSubscription({
    subscription: {
      name: subscription,
      deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: MAX_DELIVERIES },
      retryPolicy: null,
    },
    updateMask: { paths: ['dead_letter_policy', 'retry_policy'] },
  });
  for (let deliveries = 0; deliveries < MAX_DELIVERIES;) {
    const [{ receivedMessages }] = await clients.subscriber.pull({ subscription, maxMessages: 1 });
    const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? '');
    if (ackIds.length === 0) continue;
    await clients.subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });
    deliveries += 1;
  }
}
