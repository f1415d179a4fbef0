// The HTTP side: probes, envelopes, filters, the page, and who may see what on which address.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ReadableState } from '../../src/http/overview.ts';
import { startHttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { TransientError } from '../../src/job/errors.ts';
import type { Organization } from '../../src/job/organization.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { at, sampleJob, sampleOrganization } from '../support/sample-records.ts';

type Setup = Partial<HttpServerOptions> & {
  organizations?: Organization[];
  jobs?: JobRecord[];
  listedWith?: unknown[];
};

async function setup(
  context: TestContext,
  given: Setup = {},
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const ok = { ok: true, why: 'fine' };
  const { organizations = [sampleOrganization()], jobs = [sampleJob()], listedWith = [], ...options } = given;
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    state: stateOf(organizations, jobs, listedWith),
    metrics: createMetrics(),
    health: { live: () => ok, ready: () => ok, started: () => ok },
    environment: { kind: 'project', name: 'p' },
    publishJob: async () => 'message-1',
    adminToken: undefined,
    publicHealth: false,
    publicMetrics: false,
    logger: silentLogger,
    ...options,
  });
  context.after(() => server.close());
  return (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

function stateOf(organizations: Organization[], jobs: JobRecord[], listedWith: unknown[]): ReadableState {
  const known = {
    now: async () => at('2026-02-01T00:00:00Z'),
    listWorkers: async () => [{ owner: 'w1', kind: 'worker', startedAt: 0n, seenAt: 0n, alive: true }],
    organizations: { list: async () => organizations },
    deadLetters: { list: async () => [] },
    ledger: { list: async () => [], listMany: async () => [] },
    jobs: {
      list: async (filter: { organizationId?: string; status?: string[]; limit?: number }) => {
        listedWith.push(filter);
        return jobs
          .filter(
            ({ organizationId }) =>
              filter.organizationId === undefined || organizationId === filter.organizationId,
          )
          .filter(({ status }) => filter.status === undefined || filter.status.includes(status));
      },
      find: async (key: { organizationId: string; jobId: string }) =>
        jobs.find((job) => job.organizationId === key.organizationId && job.jobId === key.jobId),
      newest: async () => jobs,
      figures: async () => [],
      countByStatus: async () => [{ organizationId: 'acme', status: 'SUCCESS', count: 1 }],
    },
    steps: { list: async () => [] },
    batches: {
      list: async () => [],
      progress: async () => ({ rowsWritten: 2_500, bytesWritten: 1_000, batches: 1 }),
    },
  };
  return known as unknown as ReadableState;
}

type Body = { status: string; message: string; data: never; error: { reason: string; violations: string[] } };
const json = async (response: Response): Promise<Body> => (await response.json()) as Body;

test('probes answer 200 while all is well, and 503 with the reason when not', async (context) => {
  const get = await setup(context, {
    health: {
      live: () => ({ ok: true, why: 'the event loop turns' }),
      ready: () => ({ ok: false, why: 'draining' }),
      started: () => ({ ok: true, why: 'started' }),
    },
  });
  const live = await get('/livez');
  assert.equal(live.status, 200);
  assert.deepEqual(await live.json(), {
    status: 'success',
    message: 'the event loop turns',
    data: { ok: true },
  });
  const ready = await get('/readyz');
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), {
    status: 'error',
    message: 'draining',
    error: { reason: 'unhealthy', message: 'draining', violations: [] },
  });
  assert.equal((await get('/startupz')).status, 200);
});

test('metrics are served as Prometheus reads them', async (context) => {
  const response = await (await setup(context))('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^pulse_billing_etl_jobs_total\{/m);
});

test('jobs are listed with the column names and filtered by organization, status and limit', async (context) => {
  const listedWith: unknown[] = [];
  const get = await setup(context, {
    listedWith,
    jobs: [sampleJob(), sampleJob({ jobId: 'j2', status: 'FAILED' })],
  });
  const all = await json(await get('/api/jobs'));
  assert.equal((all.data as { job_id: string }[]).length, 2);
  const failed = await json(
    await get('/api/jobs?organization=acme&status=failed,queued&status=CANCELLED&limit=7'),
  );
  assert.deepEqual(listedWith.at(-1), {
    organizationId: 'acme',
    status: ['FAILED', 'QUEUED', 'CANCELLED'],
    limit: 7,
  });
  const [job] = failed.data as Record<string, unknown>[];
  assert.equal(job?.['job_id'], 'j2');
  assert.equal(job['finished_at'], '2026-02-01T00:00:13.300000Z');
  assert.equal(job['next_attempt_at'], null);
});

test('a wrong filter is answered with every violation', async (context) => {
  const response = await (await setup(context))('/api/jobs?status=DONE&limit=0&org=acme');
  assert.equal(response.status, 400);
  const { error } = await json(response);
  assert.equal(error.reason, 'invalid_request');
  assert.equal(error.violations.length, 3);
});

test('one job is shown whole, with its progress while it runs', async (context) => {
  const running = sampleJob({
    organizationId: 'o'.repeat(255),
    jobId: 'j'.repeat(255),
    status: 'IN_PROGRESS',
  });
  const get = await setup(context, { jobs: [running] });
  const { data } = await json(await get(`/api/jobs/${running.organizationId}/${running.jobId}`));
  const job = data as { plan: { window: unknown }; progress: unknown; steps: unknown[] };
  assert.deepEqual(job.plan.window, { lo: null, hi: '2026-01-31T23:00:00.000000Z' });
  assert.deepEqual(job.progress, { rows_done: 2_500, bytes_done: 1_000, rows_estimated: 10_000 });
  assert.deepEqual(job.steps, []);
  const missing = await get('/api/jobs/acme/none');
  assert.equal(missing.status, 404);
  assert.equal((await json(missing)).error.reason, 'not_found');
});

test('the overview says how far each organization is behind', async (context) => {
  const { data } = await json(await (await setup(context))('/api/status'));
  const overview = data as { organizations: Record<string, unknown>[]; counts: unknown[] };
  const [acme] = overview.organizations;
  assert.deepEqual([acme?.['organization_id'], acme?.['behind_seconds']], ['acme', 86_399]);
  assert.deepEqual(overview.counts, [{ organization_id: 'acme', status: 'SUCCESS', count: 1 }]);
});

test('what does not exist and what cannot be read is answered in the envelope', async (context) => {
  const get = await setup(context);
  const missing = await get('/nowhere');
  assert.equal(missing.status, 404);
  assert.equal((await json(missing)).status, 'error');
  const bad = await get('/api/jobs/%E0%A4%A/x');
  assert.equal(bad.status, 400);
  assert.equal((await json(bad)).error.reason, 'invalid_request');
});

test('an outage of the database is 503 and tells nothing of the inside', async (context) => {
  const broken = stateOf([], [], []);
  const failing = async (): Promise<never> => {
    throw new TransientError('database_unavailable', 'db-internal.example:3306 refused the password');
  };
  const get = await setup(context, { state: { ...broken, jobs: { ...broken.jobs, list: failing } } });
  const response = await get('/api/jobs');
  assert.equal(response.status, 503);
  assert.doesNotMatch(await response.text(), /db-internal/);
});

test('the page shows organizations, running jobs and recent jobs, all text escaped', async (context) => {
  const nasty = '<script>alert(1)</script>';
  const get = await setup(context, {
    organizations: [
      sampleOrganization(),
      sampleOrganization({ organizationId: 'slow', watermark: undefined, paused: true }),
    ],
    jobs: [
      sampleJob({ status: 'IN_PROGRESS', rowsWritten: undefined }),
      sampleJob({ jobId: 'bad', status: 'FAILED', errorReason: 'schema_drift', errorMessage: nasty }),
    ],
  });
  const response = await get('/');
  const page = await response.text();
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(
    response.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self'; (?!.*unsafe)/,
  );
  for (const text of ['acme', 'slow', 'never', 'paused', '2,500', '25 %', 'schema_drift', '23 h ago'])
    assert.ok(page.includes(text), text);
  assert.ok(!page.includes(nasty));
  assert.ok(page.includes('&lt;script&gt;'));
});

test('the page of one organization lists its jobs only', async (context) => {
  const listedWith: { organizationId?: string }[] = [];
  const get = await setup(context, { listedWith });
  await get('/?organization=acme');
  assert.ok(listedWith.some(({ organizationId }) => organizationId === 'acme'));
});

test('the files a page names are served for as long as they are named so, and the policy allows no others', async (context) => {
  const get = await setup(context);
  const page = await (await get('/')).text();
  const files = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  assert.deepEqual(new Set(files.map((file) => file.split('.').at(-1))), new Set(['css', 'js', 'svg']));
  for (const file of files) {
    const response = await get(file);
    assert.equal(response.status, 200, file);
    assert.match(response.headers.get('cache-control') ?? '', /immutable/);
  }
  assert.doesNotMatch(page, /<style|<script>| style="| on[a-z]+="/);
});

test('an address others can reach serves nothing without a token but what is switched on', async (context) => {
  const get = await setup(context, { host: '0.0.0.0', publicHealth: true });
  assert.equal((await get('/livez')).status, 200);
  for (const path of ['/', '/metrics', '/api/jobs', '/api/jobs/acme/j1', '/nowhere'])
    assert.equal((await get(path)).status, 403, path);
  const metricsOnly = await setup(context, { host: '0.0.0.0', publicMetrics: true });
  assert.equal((await metricsOnly('/metrics')).status, 200);
  assert.equal((await metricsOnly('/livez')).status, 403);
});

test('with a token, an address others can reach serves whoever sends it', async (context) => {
  const get = await setup(context, { host: '0.0.0.0', adminToken: 'right-token' });
  const refused = await get('/api/status');
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic realm=/);
  const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
  assert.equal((await get('/api/status', bearer('right-token'))).status, 200);
  assert.equal((await get('/api/status', bearer('right-toke'))).status, 401);
  assert.equal((await get('/api/status', bearer('right-tokeN'))).status, 401);
  const basic = `Basic ${Buffer.from('anyone:right-token').toString('base64')}`;
  assert.equal((await get('/', { headers: { authorization: basic } })).status, 200);
  assert.equal((await get('/livez')).status, 401);
});

test('a port that is taken is said to be', async (context) => {
  const get = await setup(context);
  const port = Number(new URL((await get('/livez')).url).port);
  await assert.rejects(
    setup(context, { port }),
    /cannot listen on 127\.0\.0\.1:\d+: the port is taken: stop .* HTTP_PORT/,
  );
});
