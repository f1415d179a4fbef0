// Replaying a dead letter from the page: its job runs again or for the first time, once, and whoever did it is on record.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { emptyState } from '../../dev/status-page/empty-state.ts';
import { servePages } from '../../dev/status-page/serve.ts';

const BEARER = { authorization: 'Bearer t' };

async function setup(context: TestContext, publishJob = async (): Promise<string> => 'message-1') {
  const sample = await emptyState();
  await sample.state.organizations.set({
    organizationId: 'acme',
    source: { project: 'source-project', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-project', dataset: 'billing', table: 'acme' },
  });
  const published: string[] = [];
  const server = await servePages(sample, {
    adminToken: 't',
    publishJob: async (request) => {
      const id = await publishJob();
      published.push(`${request.organizationId}/${request.jobId}`);
      return id;
    },
  });
  context.after(async () => {
    await server.close();
    await sample.close();
  });
  const { state } = sample;
  const letter = async (message: object | string, reason = 'unknown_organization'): Promise<number> => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    await state.deadLetters.record({
      message: text,
      attributes: {},
      reason,
      violations: ['x'],
      messageId: text,
    });
    return (await state.deadLetters.list({ limit: 1 }))[0]?.id ?? 0;
  };
  const replay = (id: number): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}/api/dead-letters/${id}/replay`, {
      method: 'POST',
      headers: BEARER,
    });
  const list = (query: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}/api/dead-letters${query}`, { headers: BEARER });
  return { ...sample, published, letter, replay, list };
}

test('dead letters are listed newest first, by organization and reason', async (context) => {
  const { letter, list } = await setup(context);
  const first = await letter({ organization_id: 'acme', job_id: 'j1' });
  const second = await letter('not json', 'not_json');
  const ids = async (query: string): Promise<unknown[]> => {
    const { data } = (await (await list(query)).json()) as { data: { id: number }[] };
    return data.map(({ id }) => id);
  };
  assert.deepEqual(await ids('?reason=not_json'), [second]);
  assert.ok((await ids('')).includes(first));
  assert.ok(!(await ids(`?before=${second}`)).includes(second));
  assert.equal((await list('?before=x')).status, 400);
});

test('the message of a job that never was is published, once', async (context) => {
  const { letter, replay, published, state } = await setup(context);
  const id = await letter({ organization_id: 'acme', job_id: 'j1' });
  assert.equal((await replay(id)).status, 200);
  assert.deepEqual(published, ['acme/j1']);
  const found = await state.deadLetters.find(id);
  assert.match(found?.replayedBy ?? '', /^API token/);
  assert.equal((await state.audit.list({ subject: 'acme/j1' }))[0]?.action, 'replay');
  const again = await replay(id);
  assert.equal(again.status, 409);
  assert.match(await again.text(), /replayed before/);
  assert.deepEqual(published, ['acme/j1']);
});

test('a failed job is retried and published; one that goes on by itself is left alone', async (context) => {
  const { letter, replay, published, state, ...sample } = await setup(context);
  await sample.insertJobs([
    { organizationId: 'acme', jobId: 'failed', status: 'FAILED', errorReason: 'access_denied' },
    { organizationId: 'acme', jobId: 'queued' },
  ]);
  const id = await letter({ organization_id: 'acme', job_id: 'failed' }, 'access_denied');
  assert.equal((await replay(id)).status, 200);
  assert.equal((await state.jobs.find({ organizationId: 'acme', jobId: 'failed' }))?.status, 'QUEUED');
  const refused = await replay(await letter({ organization_id: 'acme', job_id: 'queued' }));
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /acme\/queued goes on by itself/);
  assert.deepEqual(published, ['acme/failed']);
});

test('what no job can come of is refused, and what could not be published stays open', async (context) => {
  const { letter, replay, state } = await setup(context, () => Promise.reject(new Error('broker away')));
  assert.equal((await replay(await letter('{"no json', 'not_json'))).status, 409);
  assert.equal((await replay(await letter({ organization_id: 'nobody', job_id: 'j' }))).status, 409);
  assert.equal((await replay(999)).status, 404);
  const id = await letter({ organization_id: 'acme', job_id: 'j1' });
  assert.equal((await replay(id)).status, 503);
  assert.equal((await state.deadLetters.find(id))?.replayedAt, undefined);
  assert.deepEqual(await state.audit.list(), []);
});
