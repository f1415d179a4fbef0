import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { JobError } from '../../src/job/errors.ts';
import {
  startScriptedService,
  type RestAnswer,
  type ScriptedService,
} from './bigquery-adapter-scripted-service.ts';

const TABLE = { project: 'project-one', dataset: 'd', table: 't' };
let service: ScriptedService;
let source: ReturnType<typeof bigQuerySource>;
let destination: ReturnType<typeof bigQueryDestination>;

before(async () => {
  // The client library would send every environment there; the settings say where each one is.
  process.env['BIGQUERY_EMULATOR_HOST'] = '127.0.0.1:9';
  service = await startScriptedService();
  const settings = { ...service.settings, labels: { managed_by: 'test' }, maximumBytesBilled: 1_000_000n };
  source = bigQuerySource(settings);
  destination = bigQueryDestination(settings);
});
after(async () => {
  delete process.env['BIGQUERY_EMULATOR_HOST'];
  await Promise.all([source.close(), destination.close()]);
  await service.close();
});

type Call = { method: string; path: string; body: Record<string, unknown> };

/** Answers each call as told and remembers it, the path without its query. */
function scriptRest(handle: (call: Call, answer: RestAnswer, nth: number) => void): Call[] {
  const calls: Call[] = [];
  service.script = {
    rest: ({ method, path, body }, answer) => {
      const call = { method, path: path.split('?')[0]!, body };
      calls.push(call);
      handle(call, answer, calls.length);
    },
  };
  return calls;
}

const rowOf = (value: string) => ({
  jobComplete: true,
  schema: { fields: [{ name: 'now' }] },
  rows: [{ f: [{ v: value }] }],
});
const refusal = (status: number, reason: string, message: string) => ({
  error: { code: status, message, errors: [{ reason, message }] },
});

describe('calling the REST API while things break', () => {
  it('runs a query once although the reply to its insertion was lost', async () => {
    const calls = scriptRest(({ method }, answer, nth) => {
      if (nth === 1) answer.cut();
      else if (method === 'POST') answer.json(409, refusal(409, 'duplicate', 'Already Exists: Job'));
      else answer.json(200, rowOf('1767225600001'));
    });
    assert.equal(await source.currentTime('EU', TABLE), 1_767_225_600_001_000n);
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['POST', 'POST', 'GET'],
    );
    assert.deepEqual(calls[0]!.body, calls[1]!.body);
    const { jobReference, configuration } = calls[0]!.body as {
      jobReference: { jobId: string; location: string };
      configuration: object;
    };
    assert.deepEqual(jobReference, { projectId: 'scripted', jobId: jobReference.jobId, location: 'EU' });
    assert.match(calls[2]!.path, new RegExp(`/bigquery/v2/projects/scripted/queries/${jobReference.jobId}$`));
    assert.deepEqual(configuration, {
      labels: { managed_by: 'test' },
      jobTimeoutMs: '600000',
      query: {
        query: 'SELECT UNIX_MILLIS(CURRENT_TIMESTAMP()) AS now',
        useLegacySql: false,
        maximumBytesBilled: '1000000',
      },
    });
  });

  it('waits for a query and reads all pages of its result', async () => {
    const page = (first: number, pageToken?: string) => ({
      jobComplete: true,
      ...(pageToken && { pageToken }),
      schema: { fields: [{ name: 'lineage' }, { name: 'row_count' }] },
      rows: [{ f: [{ v: first === 0 ? null : `job ${first}` }, { v: '9' }] }],
    });
    scriptRest(({ method }, answer, nth) => {
      if (method === 'POST') answer.json(200, {});
      else if (nth === 2) answer.json(200, { jobComplete: false });
      else answer.json(200, nth === 3 ? page(0, 'more') : page(1));
    });
    assert.deepEqual(await destination.rowsBeyond(TABLE, 'EU', undefined), [
      { lineage: null, rows: 9 },
      { lineage: 'job 1', rows: 9 },
    ]);
  });

  it('fails as the job failed, even where its result was answered with 200', async () => {
    const failure = { reason: 'invalidQuery', message: 'Unrecognized name: x' };
    scriptRest(({ method, path }, answer) => {
      if (method === 'POST') answer.json(200, {});
      else if (path.includes('/queries/')) answer.json(200, { jobComplete: true, errors: [failure] });
      else answer.json(200, { status: { state: 'DONE', errorResult: failure } });
    });
    await assert.rejects(source.currentTime('EU', TABLE), {
      reason: 'invalid_request',
      message: /Unrecognized name: x/,
    });
  });

  it('takes errors beside a result for warnings when the job did not fail', async () => {
    scriptRest(({ method, path }, answer) => {
      if (method === 'POST') answer.json(200, {});
      else if (path.includes('/queries/'))
        answer.json(200, { ...rowOf('7'), errors: [{ reason: 'invalid', message: 'a warning' }] });
      else answer.json(200, { status: { state: 'DONE' } });
    });
    assert.equal(await source.currentTime('EU', TABLE), 7_000n);
  });

  it('asks four times while the service is in trouble, once when it refuses', async () => {
    const busy = scriptRest((_call, answer) => answer.json(503, refusal(503, 'backendError', 'try later')));
    await assert.rejects(source.describe(TABLE), { name: 'TransientError', reason: 'warehouse_unavailable' });
    assert.equal(busy.length, 4);
    const denied = scriptRest((_call, answer) =>
      answer.json(403, refusal(403, 'accessDenied', 'Access Denied: Table')),
    );
    await assert.rejects(source.describe(TABLE), { name: 'TerminalError', reason: 'access_denied' });
    assert.equal(denied.length, 1);
    const quota = scriptRest((_call, answer) =>
      answer.json(403, refusal(403, 'quotaExceeded', 'Quota exceeded')),
    );
    await assert.rejects(source.describe(TABLE), { name: 'TransientError', reason: 'quota_exceeded' });
    assert.equal(quota.length, 1);
  });

  it('adds a column to what the table has become when somebody else changed it meanwhile', async () => {
    const tags = { names: ['projects/p/policyTags/1'] };
    const before = [{ name: 'cost', type: 'FLOAT', mode: 'REQUIRED', policyTags: tags }];
    const meanwhile = [...before, { name: 'theirs', type: 'STRING' }];
    const calls = scriptRest(({ method }, answer, nth) => {
      if (method === 'GET')
        answer.json(200, { etag: `etag ${nth}`, schema: { fields: nth === 1 ? before : meanwhile } });
      else if (nth === 2) answer.json(412, refusal(412, 'conditionNotMet', 'Precondition check failed.'));
      else answer.json(200, {});
    });
    await destination.updateSchema(TABLE, [
      { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
      { name: 'ours', type: 'INT64', mode: 'NULLABLE' },
    ]);
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['GET', 'PATCH', 'GET', 'PATCH'],
    );
    assert.deepEqual(calls[3]!.body, {
      schema: {
        fields: [
          { name: 'cost', type: 'FLOAT', mode: 'NULLABLE', policyTags: tags },
          { name: 'theirs', type: 'STRING' },
          { name: 'ours', type: 'INTEGER', mode: 'NULLABLE' },
        ],
      },
    });
  });
});

describe('calling without credentials', () => {
  it('fails each call and nothing else, so that a later one can succeed', async () => {
    const { clock, random } = service.settings;
    const identity = { serviceAccountFile: '/nowhere/key.json' };
    const nobody = bigQuerySource({ projectId: 'scripted', ...identity, clock, random });
    const unhandled: unknown[] = [];
    const remember = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', remember);
    const expected = {
      reason: 'invalid_configuration',
      message: /\/nowhere\/key\.json does not exist; correct SERVICE_ACCOUNT_FILE/,
    };
    await assert.rejects(nobody.describe(TABLE), expected);
    const reading = nobody.readRows(
      'projects/p/locations/eu/sessions/s/streams/0',
      0,
      new AbortController().signal,
    );
    // Without network the host's name is in the way of the credentials; either is an error of this call alone.
    await assert.rejects(reading[Symbol.asyncIterator]().next(), JobError);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', remember);
    assert.deepEqual(unhandled, []);
    await nobody.close();
  });
});
