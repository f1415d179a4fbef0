// Acting from the pages: who may, what another site cannot do, what is recorded, what is refused and how it is said.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { emptyState, type PastJob } from '../../dev/status-page/empty-state.ts';
import { servePages } from '../../dev/status-page/serve.ts';
import type { HttpServerOptions } from '../../src/http/server.ts';
import type { JobRequest } from '../../src/job/job.ts';

const TOKEN = 'right-token';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const FAILED: PastJob = {
  organizationId: 'acme',
  jobId: 'j1',
  status: 'FAILED',
  errorReason: 'schema_drift',
};

async function setup(context: TestContext, options: Partial<HttpServerOptions> = {}) {
  const sample = await emptyState();
  await sample.insertJobs([FAILED, { organizationId: 'acme', jobId: 'waiting' }]);
  await sample.state.organizations.set({
    organizationId: 'acme',
    source: { project: 'source-project', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-project', dataset: 'billing', table: 'acme' },
  });
  const published: JobRequest[] = [];
  const publishJob = async (request: JobRequest): Promise<string> => {
    published.push(request);
    return 'message-1';
  };
  const server = await servePages(sample, { adminToken: TOKEN, publishJob, ...options });
  context.after(async () => {
    await server.close();
    await sample.close();
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${origin}${path}`, { redirect: 'manual', ...init });
  const post = (path: string, headers: Record<string, string>, form: Record<string, string> = {}) =>
    send(path, { method: 'POST', headers, body: new URLSearchParams(form) });
  const signIn = (form: Record<string, string>, headers: Record<string, string> = { origin }) =>
    post('/sign-in', headers, form);
  /** Headers of a browser that signed in, and the token of its forms. */
  const session = async () => {
    const response = await signIn({ name: 'Maria', token: TOKEN });
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const page = await (await send('/jobs/acme/j1', { headers: { cookie } })).text();
    const formToken = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
    return { headers: { cookie, origin }, form: { form_token: formToken, next: '/jobs/acme/j1' } };
  };
  return { ...sample, origin, published, send, post, signIn, session };
}

const reasonOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { reason: string } }).error.reason;

test('the token as a Bearer retries a failed job, publishes it and is recorded', async (context) => {
  const { send, state, published } = await setup(context);
  const response = await send('/api/jobs/acme/j1/retry', { method: 'POST', headers: BEARER });
  assert.equal(response.status, 200);
  assert.deepEqual(((await response.json()) as { data: unknown }).data, { done: 'retried' });
  const job = await state.jobs.find({ organizationId: 'acme', jobId: 'j1' });
  assert.deepEqual([job?.status, job?.planNumber], ['QUEUED', 2]);
  assert.deepEqual(
    published.map(({ organizationId, jobId }) => [organizationId, jobId]),
    [['acme', 'j1']],
  );
  const [entry] = await state.audit.list({ subject: 'acme/j1' });
  assert.equal(entry?.action, 'retry');
  assert.match(entry.actor, /^API token, from 127\.0\.0\.1$/);
  assert.deepEqual(entry.before, {
    status: 'FAILED',
    plan_number: 1,
    cancel_requested: false,
    error_reason: 'schema_drift',
  });
});

test('a retry that cannot be published stays queued and says who publishes it', async (context) => {
  const publishJob = (): Promise<string> => Promise.reject(new Error('broker away'));
  const { send, state } = await setup(context, { publishJob });
  const response = await send('/api/jobs/acme/j1/retry', { method: 'POST', headers: BEARER });
  assert.match(((await response.json()) as { message: string }).message, /a running worker publishes it/);
  assert.equal((await state.jobs.find(FAILED as never))?.status, 'QUEUED');
});

test('cancel, pause and resume act and are recorded; what is not possible is refused with why', async (context) => {
  const { send, state } = await setup(context);
  const act = (path: string) => send(path, { method: 'POST', headers: BEARER });
  assert.equal((await act('/api/jobs/acme/waiting/cancel')).status, 200);
  assert.equal((await state.jobs.find({ organizationId: 'acme', jobId: 'waiting' }))?.status, 'CANCELLED');
  assert.equal((await act('/api/organizations/acme/pause')).status, 200);
  assert.equal((await state.organizations.find('acme'))?.paused, true);
  assert.equal((await act('/api/organizations/acme/resume')).status, 200);
  assert.deepEqual(
    (await state.audit.list()).map(({ action, subject }) => `${action} ${subject}`),
    ['org resume acme', 'org pause acme', 'cancel acme/waiting'],
  );
  const refused = await act('/api/jobs/acme/j1/cancel');
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /acme\/j1 is FAILED: only a job that is queued or in progress/);
  assert.equal((await act('/api/jobs/acme/none/retry')).status, 404);
  assert.equal((await act('/api/organizations/none/pause')).status, 404);
  assert.equal((await state.audit.list()).length, 3, 'what was refused is not recorded as done');
});

test('everything is paused and resumed from the overview', async (context) => {
  const { send, state } = await setup(context);
  const act = (path: string) => send(path, { method: 'POST', headers: BEARER });
  const pausedOnPage = async () => (await (await send('/')).text()).includes('all paused');
  assert.equal(await pausedOnPage(), false);
  const response = await act('/api/organizations/pause');
  assert.deepEqual(((await response.json()) as { data: unknown }).data, { done: 'all-paused' });
  assert.equal((await state.organizations.find('acme'))?.paused, true);
  assert.equal(await pausedOnPage(), true);
  assert.equal((await act('/api/organizations/resume')).status, 200);
  assert.equal((await state.organizations.find('acme'))?.paused, false);
  assert.deepEqual(
    (await state.audit.list()).map(({ action, subject }) => `${action} ${subject}`),
    ['org resume --all acme', 'org pause --all acme'],
  );
});

test('without ADMIN_TOKEN nobody acts, and the page says how one could', async (context) => {
  const { send, state } = await setup(context, { adminToken: undefined });
  const response = await send('/api/jobs/acme/j1/retry', { method: 'POST', headers: BEARER });
  assert.equal(response.status, 403);
  assert.match(await response.text(), /set ADMIN_TOKEN/);
  assert.equal((await send('/sign-in')).status, 403);
  assert.match(await (await send('/')).text(), /title="Set ADMIN_TOKEN to be able to act from here"/);
  assert.equal((await state.jobs.find({ organizationId: 'acme', jobId: 'j1' }))?.status, 'FAILED');
});

test('nobody acts with a wrong token, nor with a Basic password, which browsers send for other sites too', async (context) => {
  const { send, state } = await setup(context);
  const basic = `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`;
  for (const authorization of ['Bearer wrong', basic, '']) {
    const response = await send('/api/jobs/acme/j1/retry', { method: 'POST', headers: { authorization } });
    assert.equal(response.status, 401, authorization);
    assert.equal(await reasonOf(response), 'unauthorized');
  }
  assert.equal((await state.jobs.find({ organizationId: 'acme', jobId: 'j1' }))?.status, 'FAILED');
});

test('signing in gives a cookie that no script can read and no other site can send', async (context) => {
  const { signIn, session, post, state } = await setup(context);
  const response = await signIn({ name: 'Maria', token: TOKEN, next: '/jobs/acme/j1' });
  assert.equal(response.status, 303);
  assert.equal(response.headers.get('location'), '/jobs/acme/j1');
  const cookie = response.headers.get('set-cookie') ?? '';
  assert.match(cookie, /^pulse_session=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  assert.ok(!cookie.includes(TOKEN));
  const { headers, form } = await session();
  const acted = await post('/api/jobs/acme/j1/retry', headers, form);
  assert.equal(acted.status, 303);
  assert.equal(acted.headers.get('location'), '/jobs/acme/j1?done=retried');
  assert.equal((await state.audit.list())[0]?.actor, 'Maria (status page)');
});

test('behind a proxy that ends TLS the cookie is for encrypted connections only', async (context) => {
  const { signIn, origin } = await setup(context);
  const response = await signIn({ name: 'M', token: TOKEN }, { origin, 'x-forwarded-proto': 'https' });
  assert.match(response.headers.get('set-cookie') ?? '', /; Secure$/);
});

test('a form of another site, of another session or without its token changes nothing', async (context) => {
  const { post, session, state } = await setup(context);
  const { headers, form } = await session();
  const { cookie, origin } = headers;
  const attempts: [Record<string, string>, Record<string, string>][] = [
    [{ cookie, origin: 'http://evil.example' }, form],
    [{ cookie, origin: 'null' }, form],
    [{ cookie }, form],
    [{ cookie, origin, 'sec-fetch-site': 'cross-site' }, form],
    [headers, { next: '/' }],
    [headers, { ...form, form_token: `${form.form_token.slice(0, -2)}xx` }],
  ];
  for (const [sent, given] of attempts)
    assert.equal((await post('/api/jobs/acme/j1/retry', sent, given)).status, 403, JSON.stringify(sent));
  assert.equal((await state.jobs.find({ organizationId: 'acme', jobId: 'j1' }))?.status, 'FAILED');
  assert.equal((await post('/api/jobs/acme/j1/retry', headers, form)).status, 303, 'the real form works');
});

test('a forged or altered session is none', async (context) => {
  const { post, session } = await setup(context);
  const { headers, form } = await session();
  const [payload = '', signature = ''] = headers.cookie.replace('pulse_session=', '').split('.');
  const forged = Buffer.from(JSON.stringify(['Boss', 9_999_999_999])).toString('base64url');
  for (const value of [
    '',
    '.',
    `${forged}.${signature}`,
    payload,
    `${payload}.`,
    `${payload}.${signature}x`,
  ]) {
    const cookie = `pulse_session=${value}`;
    const response = await post('/api/jobs/acme/j1/retry', { ...headers, cookie }, form);
    assert.equal(response.status, 401, value);
  }
});

test('wrong tokens are told so, and too many of them make everybody wait', async (context) => {
  const { signIn } = await setup(context);
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const wrong = await signIn({ name: 'x', token: `guess-${attempt}` });
    assert.equal(wrong.status, 401);
    assert.match(await wrong.text(), /That is not the token/);
  }
  assert.equal((await signIn({ name: 'x', token: TOKEN })).status, 429);
});

test('signing in leads to our own pages only', async (context) => {
  const { signIn } = await setup(context);
  for (const next of [
    '//evil.example/x',
    'https://evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '',
  ])
    assert.equal((await signIn({ name: 'x', token: TOKEN, next })).headers.get('location'), '/', next);
});

test('on an address others can reach a person is led to the form, and sees everything with the session', async (context) => {
  const { send, session } = await setup(context, { host: '0.0.0.0' });
  const away = await send('/jobs/acme/j1', { headers: { accept: 'text/html' } });
  assert.equal(away.status, 303);
  assert.equal(away.headers.get('location'), '/sign-in?next=%2Fjobs%2Facme%2Fj1');
  assert.equal((await send('/sign-in')).status, 200);
  assert.equal((await send('/api/jobs')).status, 401);
  const { headers } = await session();
  assert.equal((await send('/api/jobs', { headers: { cookie: headers.cookie } })).status, 200);
});

test('a person gets a problem as a page, a program as JSON', async (context) => {
  const { send } = await setup(context);
  const page = await send('/jobs/acme/none', { headers: { accept: 'text/html' } });
  assert.equal(page.status, 404);
  assert.match(await page.text(), /<h1>Not found<\/h1>[\s\S]*there is no job &quot;none&quot;/);
  assert.equal(await reasonOf(await send('/jobs/acme/none')), 'not_found');
});
