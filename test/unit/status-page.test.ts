// The status page over a real database: pages of jobs, figures by day, one job with everything, and what is escaped.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { busyState } from '../../dev/status-page/busy-state.ts';
import { emptyState, type SampleState } from '../../dev/status-page/empty-state.ts';
import { servePages } from '../../dev/status-page/serve.ts';
import { REASONS } from '../../src/job/reason.ts';

async function serve(context: TestContext, sample: SampleState) {
  const server = await servePages(sample);
  context.after(async () => {
    await server.close();
    await sample.close();
  });
  return async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    assert.equal(response.status, 200, path);
    return response.text();
  };
}

const jobIdsOn = (page: string): string[] =>
  [...page.matchAll(/<th scope="row"><a href="\/jobs\/[^/]+\/([^"]+)"/g)].map(([, id]) => id ?? '');

test('of 10,000 jobs only a page is read, and the links lead through all that match, newest first', async (context) => {
  const sample = await emptyState();
  const get = await serve(context, sample);
  await sample.insertJobs(
    Array.from({ length: 10_000 }, (_, index) => ({
      organizationId: `org-${index % 10}`,
      jobId: `job-${String(index).padStart(5, '0')}`,
      status: index % 100 === 7 ? ('FAILED' as const) : ('SUCCESS' as const),
      errorReason: index % 100 === 7 ? ('schema_drift' as const) : null,
    })),
  );
  const before = sample.statements().length;
  const first = await get('/?status=FAILED&reason=schema_drift&job=7');
  const reads = sample
    .statements()
    .slice(before)
    .filter((sql) => sql.includes('"error_message"'));
  assert.ok(reads.length > 0);
  for (const sql of reads)
    assert.match(sql, / LIMIT \d+|IN \(SELECT MAX/, 'a read of whole jobs without an end');

  const seen = jobIdsOn(first);
  assert.equal(seen.length, 50);
  assert.equal(seen[0], 'job-09907');
  for (let page = first; ;) {
    const next = /href="([^"#]+)#jobs" rel="next"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    if (next === undefined) break;
    page = await get(next);
    seen.push(...jobIdsOn(page));
  }
  const failed = Array.from(
    { length: 100 },
    (_, index) => `job-${String(9_907 - index * 100).padStart(5, '0')}`,
  );
  assert.deepEqual(seen, failed);
});

test('what is searched for is text, not a pattern', async (context) => {
  const sample = await emptyState();
  const get = await serve(context, sample);
  await sample.insertJobs(['a_b', 'axb', 'a%b', 'a!b'].map((jobId) => ({ organizationId: 'acme', jobId })));
  assert.deepEqual(jobIdsOn(await get('/?job=a_b')), ['a_b']);
  assert.deepEqual(jobIdsOn(await get(`/?job=${encodeURIComponent('%')}`)), ['a%25b']);
  assert.deepEqual(jobIdsOn(await get('/?job=!')), ['a!b']);
});

test('figures count each ended job on the day of its end, and the success rate leaves cancelled ones out', async () => {
  const sample = await emptyState();
  const day = 20_000n * 86_400_000_000n;
  const ended = (jobId: string, finishedAt: bigint, more: object) => ({
    organizationId: 'acme',
    jobId,
    startedAt: finishedAt - 2_000_000n,
    finishedAt,
    ...more,
  });
  await sample.insertJobs([
    ended('last-of-yesterday', day - 1n, { status: 'SUCCESS', rowsWritten: 1, bytesWritten: 10 }),
    ended('first-of-today', day, { status: 'SUCCESS', rowsWritten: 2, bytesWritten: 20 }),
    ended('later-today', day + 3_600_000_000n, {
      status: 'SUCCESS',
      rowsWritten: 40,
      bytesWritten: 400,
      startedAt: day + 3_594_000_000n,
    }),
    ended('failed', day + 5n, { status: 'FAILED' }),
  ]);
  const figures = await sample.state.jobs.figures(day - 86_400_000_000n, 'acme');
  assert.deepEqual(
    figures.map(({ day: of, status, jobs, rows, bytes, meanSeconds, longestSeconds }) => [
      of - day,
      status,
      jobs,
      rows,
      bytes,
      meanSeconds,
      longestSeconds,
    ]),
    [
      [-86_400_000_000n, 'SUCCESS', 1, 1, 10, 2, 2],
      [0n, 'FAILED', 1, 0, 0, 2, 2],
      [0n, 'SUCCESS', 2, 42, 420, 4, 6],
    ],
  );
  assert.deepEqual(await sample.state.jobs.figures(day, 'nobody'), []);
  await sample.close();
});

test('a running job shows its steps, plan, batches and progress', async (context) => {
  const get = await serve(context, await busyState());
  const page = await get('/jobs/acme-corp/hourly-now');
  for (const text of [
    '62 %',
    'ensure destination',
    'source and destination are',
    'billing-exports.gcp.export_1',
    '39 acknowledged, the newest 25 shown',
    'etl-worker-7c9d8-x2x8p',
    'Nothing has been decided yet',
  ])
    assert.ok(page.includes(text), text);
  assert.doesNotMatch(page, /<button/, 'a reader gets no buttons');
});

test('a failed job says what to do, about itself', async (context) => {
  const sample = await emptyState();
  const get = await serve(context, sample);
  await sample.insertJobs([
    {
      organizationId: 'acme',
      jobId: 'j1',
      status: 'FAILED',
      errorReason: 'commit_ambiguous',
      errorMessage: '<b>half</b>',
    },
  ]);
  const page = await get('/jobs/acme/j1');
  assert.ok(page.includes('<code>pulse-billing-etl resolve acme j1 --committed</code>'));
  assert.ok(page.includes('&lt;b&gt;half&lt;/b&gt;'));
});

test('an organization shows its cost per day from the ledger, and dead letters say why', async (context) => {
  const get = await serve(context, await busyState());
  assert.match(await get('/organizations/globex'), /Cost per source day[\s\S]*EUR in verified days/);
  const letters = await get('/dead-letters?reason=not_json');
  assert.ok(letters.includes('the text ends at character 43'));
  assert.ok(!letters.includes('wayne-enterprises'));
});

test('the filter offers every reason there is', async (context) => {
  const get = await serve(context, await emptyState());
  const page = await get('/');
  for (const reason of Object.keys(REASONS)) assert.ok(page.includes(`<option>${reason}</option>`), reason);
  assert.ok(page.includes('no live worker'));
});
