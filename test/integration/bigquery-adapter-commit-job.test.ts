// The commit job on the wire: inserted under its recorded id, found again whatever was lost, and followed to its end.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import type { JobCommitSet } from '../../src/job/commit-set.ts';
import {
  startScriptedService,
  type RestAnswer,
  type ScriptedService,
} from './bigquery-adapter-scripted-service.ts';

const TABLE = { project: 'scripted', dataset: 'd', table: 't' };
let service: ScriptedService;
let destination: ReturnType<typeof bigQueryDestination>;
let set: JobCommitSet;
let nowMs = 0;

before(async () => {
  service = await startScriptedService();
  const clock = {
    nowMs: () => nowMs,
    sleep: async (delayMs: number) => void (nowMs += delayMs),
  };
  destination = bigQueryDestination({ ...service.settings, clock, labels: { managed_by: 'test' } });
  set = {
    kind: 'job',
    lineage: 'org/job/1',
    jobId: 'commit_1',
    location: 'EU',
    ...destination.commitJob({
      staging: { ...TABLE, table: 's' },
      table: TABLE,
      columns: ['id'],
      streamed: false,
      rows: 1,
    }),
    rows: 1,
  };
});
after(async () => {
  await destination.close();
  await service.close();
});

type Call = { method: string; path: string; body: Record<string, unknown> };

/** A service that remembers the calls and answers the nth of them. */
function scriptRest(handle: (answer: RestAnswer, nth: number, call: Call) => void): Call[] {
  const calls: Call[] = [];
  service.script = {
    rest: (call, answer) => {
      calls.push(call);
      handle(answer, calls.length, call);
    },
  };
  return calls;
}

const job = (status: object, hash = set.configurationHash) => ({
  configuration: { jobType: 'COPY', labels: { configuration_hash: hash } },
  status,
});
const DONE = { state: 'DONE' };
const refusal = (status: number, reason: string, message: string) => ({
  error: { code: status, message, errors: [{ reason, message }] },
});
const trace = (calls: readonly Call[]): string[] =>
  calls.map(
    ({ method, path }) =>
      `${method} ${path.replace('/bigquery/v2/projects/scripted', '').replace(/[?&]prettyPrint=false/, '')}`,
  );

describe('a commit job', () => {
  it('is inserted with its id, its location and exactly the recorded configuration', async () => {
    const calls = scriptRest((answer) => answer.json(200, job(DONE)));
    assert.deepEqual(await destination.runCommitJob(set), { kind: 'done' });
    assert.deepEqual(calls[0]?.body, {
      jobReference: { projectId: 'scripted', jobId: 'commit_1', location: 'EU' },
      configuration: {
        copy: {
          sourceTable: { projectId: 'scripted', datasetId: 'd', tableId: 's' },
          destinationTable: { projectId: 'scripted', datasetId: 'd', tableId: 't' },
          createDisposition: 'CREATE_NEVER',
          writeDisposition: 'WRITE_APPEND',
        },
        labels: { managed_by: 'test', configuration_hash: set.configurationHash },
      },
    });
  });

  it('is found by its id and location when the reply to its insertion was lost', async () => {
    const calls = scriptRest((answer, nth) => {
      if (nth === 1) answer.cut();
      else if (nth === 2) answer.json(409, refusal(409, 'duplicate', 'Already Exists: Job'));
      else answer.json(200, job(DONE));
    });
    assert.deepEqual(await destination.runCommitJob(set), { kind: 'done' });
    assert.deepEqual(trace(calls), ['POST /jobs', 'POST /jobs', 'GET /jobs/commit_1?location=EU']);
  });

  it('is waited for while it is pending or running', async () => {
    const calls = scriptRest((answer, nth) =>
      answer.json(200, job({ state: ['PENDING', 'RUNNING'][nth - 1] ?? 'DONE' })),
    );
    assert.deepEqual(await destination.runCommitJob(set), { kind: 'done' });
    assert.equal(calls.length, 3);
  });

  it('that ended in error had no effect, and the error is named by what it means', async () => {
    const errorResult = { reason: 'quotaExceeded', message: 'Quota exceeded: too many copy jobs' };
    scriptRest((answer) => answer.json(200, job({ ...DONE, errorResult })));
    const outcome = await destination.runCommitJob(set);
    assert.ok(outcome.kind === 'failed');
    assert.deepEqual([outcome.error.reason, outcome.error.outcome], ['quota_exceeded', 'transient']);
  });

  it('that is refused at its insertion is looked up before the refusal is believed', async () => {
    const errorResult = { reason: 'notFound', message: 'Not found: Table scripted:d.s' };
    const calls = scriptRest((answer, nth) => {
      if (nth === 1) answer.json(404, refusal(404, 'notFound', errorResult.message));
      else answer.json(200, job({ ...DONE, errorResult }));
    });
    const outcome = await destination.runCommitJob(set);
    assert.equal(outcome.kind === 'failed' && outcome.error.reason, 'destination_not_found');
    assert.equal(calls.length, 2);
  });

  it('that was refused and is not there is said to be refused', async () => {
    scriptRest((answer, nth) =>
      nth === 1
        ? answer.json(403, refusal(403, 'accessDenied', 'bigquery.jobs.create'))
        : answer.json(404, refusal(404, 'notFound', 'Not found: Job')),
    );
    const outcome = await destination.runCommitJob(set);
    assert.equal(outcome.kind === 'refused' && outcome.error.reason, 'access_denied');
  });

  it('that was refused and may not be looked for leaves the outcome open', async () => {
    scriptRest((answer) => answer.json(403, refusal(403, 'accessDenied', 'bigquery.jobs.get')));
    await assert.rejects(destination.runCommitJob(set), { reason: 'access_denied' });
  });

  it('that is not ours is told apart by its configuration hash', async () => {
    for (const found of [job(DONE, 'theirs'), { configuration: { jobType: 'QUERY' }, status: DONE }]) {
      scriptRest((answer, nth) =>
        nth === 1
          ? answer.json(409, refusal(409, 'duplicate', 'Already Exists: Job'))
          : answer.json(200, found),
      );
      const outcome = await destination.runCommitJob(set);
      assert.ok(outcome.kind === 'foreign');
      assert.match(outcome.message, /scripted:EU\.commit_1 exists with/);
    }
  });

  for (const [end, status] of [
    ['done', DONE],
    ['failed', { ...DONE, errorResult: { reason: 'stopped', message: 'Job cancelled' } }],
  ] as const)
    it(`that does not end in half an hour is asked to stop, and believed when it is ${end}`, async () => {
      let stopped = false;
      const calls = scriptRest((answer, _nth, { path }) => {
        stopped ||= path.includes('/cancel');
        answer.json(200, job(stopped ? status : { state: 'RUNNING' }));
      });
      assert.equal((await destination.runCommitJob(set)).kind, end);
      assert.deepEqual(trace(calls).slice(-2), [
        'POST /jobs/commit_1/cancel?location=EU',
        'GET /jobs/commit_1?location=EU',
      ]);
    });

  it('that goes on although it was asked to stop is looked at again later', async () => {
    scriptRest((answer) => answer.json(200, job({ state: 'RUNNING' })));
    await assert.rejects(destination.runCommitJob(set), { reason: 'commit_ambiguous', outcome: 'transient' });
  });
});
