// Live updates: pages are told of changes, one loop asks for all of them, and no stream outlives the server.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { emptyState } from '../../dev/status-page/empty-state.ts';
import { servePages } from '../../dev/status-page/serve.ts';
import { eventually } from '../support/eventually.ts';

const QUICK = { pollMs: 10, heartbeatMs: 40, maxClients: 3 };

async function setup(context: TestContext) {
  const sample = await emptyState();
  const server = await servePages(sample, { live: QUICK });
  context.after(async () => {
    await server.close();
    await sample.close();
  });
  /** A client with everything it got so far. */
  const listen = async () => {
    const leave = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port}/api/events`, { signal: leave.signal });
    const client = { response, text: '', ended: false, leave: (): void => leave.abort() };
    if (response.ok)
      void (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of response.body!) client.text += decoder.decode(chunk as Uint8Array);
      })().then(
        () => (client.ended = true),
        () => (client.ended = true),
      );
    return client;
  };
  const changes = (text: string): number => text.split('event: changed').length - 1;
  return { ...sample, server, listen, changes };
}

test('every client is told when a job changes, and in between that the connection lives', async (context) => {
  const { listen, changes, state } = await setup(context);
  const clients = [await listen(), await listen()];
  assert.match(clients[0]?.response.headers.get('content-type') ?? '', /^text\/event-stream/);
  await eventually(() => clients.every(({ text }) => text.includes(': still here')), {
    describe: 'heartbeat comments',
  });
  assert.deepEqual(
    clients.map(({ text }) => changes(text)),
    [1, 1],
    'nothing changed since they connected',
  );
  const key = { organizationId: 'acme', jobId: 'j1' };
  await state.jobs.admit(
    { ...key, jobType: 'incremental', window: undefined, requestedBy: undefined },
    undefined,
  );
  await eventually(() => clients.every(({ text }) => changes(text) === 2), { describe: 'the new job' });
  await state.jobs.requestCancel(key);
  await eventually(() => clients.every(({ text }) => changes(text) === 3), { describe: 'the cancelled job' });
});

test('one loop asks the database however many listen, and none while nobody does', async (context) => {
  const { listen, ...sample } = await setup(context);
  const polls = (): number => sample.statements().filter((sql) => sql.includes('etl_workers')).length;
  const [before, startMs] = [polls(), performance.now()];
  const clients = [await listen(), await listen(), await listen()];
  await eventually(() => polls() >= before + 10, { describe: 'ten polls' });
  const atMost = (performance.now() - startMs) / QUICK.pollMs + 1;
  assert.ok(polls() - before <= atMost, `${polls() - before} polls where one loop makes ${atMost} at most`);
  for (const client of clients) client.leave();
  // Quiet once ten times the pause brought no further question.
  let [last, sinceMs] = [polls(), performance.now()];
  await eventually(
    () => {
      if (polls() !== last) [last, sinceMs] = [polls(), performance.now()];
      return performance.now() - sinceMs > 10 * QUICK.pollMs;
    },
    { describe: 'the loop to stop' },
  );
});

test('one client too many is refused, and let in when another left', async (context) => {
  const { listen } = await setup(context);
  const clients = [await listen(), await listen(), await listen()];
  const refused = await listen();
  assert.equal(refused.response.status, 503);
  assert.match(await refused.response.text(), /too_many_clients/);
  clients[0]?.leave();
  await eventually(
    async () => {
      const { response } = await listen();
      if (!response.ok) await response.text();
      return response.ok;
    },
    { describe: 'a free place' },
  );
});

test('closing the server ends every stream at once', async (context) => {
  const { listen, server } = await setup(context);
  const clients = [await listen(), await listen()];
  await server.close();
  await eventually(() => clients.every(({ ended }) => ended), { describe: 'the streams to end' });
});
