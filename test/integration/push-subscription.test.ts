// A push subscription of the real emulator drives the worker; a hop in between signs as Google would, which emulators do not.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { aPubSubFixture } from '../support/pubsub-fixture.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { aPushService, type PushService } from '../support/push-service.ts';

test('jobs published to a topic arrive by push, end, and are not sent again; an invalid one is dead-lettered', async (context) => {
  const fixture = await aPubSubFixture(context);
  const name = `projects/${fixture.projectId}/subscriptions/${uniqueName('push')}`;
  const service = await aPushService(context, { subscription: name });
  const hop = await signingHop(context, service);
  await fixture.clients.subscriber.createSubscription({
    name,
    topic: fixture.topicPath,
    ackDeadlineSeconds: 10,
    pushConfig: { pushEndpoint: hop.url },
  });
  await service.organization('acme', { kind: 'nothing_new' });

  await fixture.publish(JSON.stringify({ organization_id: 'acme', job_id: 'job' }));
  await fixture.publish(JSON.stringify({ organization_id: 'nobody', job_id: 'job' }));
  await fixture.publish('{"organization_id": "acme"}');

  await eventually(() => hop.answers.filter((status) => status === 200).length >= 2, {
    describe: () => `two answers of 200, have ${hop.answers.join()}`,
    timeoutMs: 60_000,
  });
  await eventually(() => hop.answers.includes(400), { describe: 'the answer 400', timeoutMs: 60_000 });
  const job = await service.state.jobs.find({ organizationId: 'acme', jobId: 'job' });
  const unknown = await service.state.jobs.find({ organizationId: 'nobody', jobId: 'job' });
  assert.deepEqual([job?.status, unknown?.errorReason], ['SUCCESS', 'unknown_organization']);
  assert.deepEqual(
    service.deadLetters.map(({ reason }) => reason),
    ['invalid_message'],
  );
  assert.equal(hop.answers.filter((status) => status === 200).length, 2, 'a settled message came again');
});

/** Passes each request on with a valid token, and remembers the answers. */
async function signingHop(
  context: TestContext,
  { port, token }: PushService,
): Promise<{ readonly url: string; readonly answers: readonly number[] }> {
  const answers: number[] = [];
  const server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = await fetch(`http://127.0.0.1:${port}/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token()}` },
        body: Buffer.concat(chunks),
      });
      answers.push(answer.status);
      response.writeHead(answer.status).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`, answers };
}
