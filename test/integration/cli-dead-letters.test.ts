// Dead letters on the command line, against a real state: listed, shown, replayed as a retry or as a job, and purged.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CliApp } from '../../src/cli/app-port.ts';
import type { JobRequest } from '../../src/job/job.ts';
import type { Reason } from '../../src/job/reason.ts';
import type { State } from '../../src/state/open-state.ts';
import { cliOn, memoryState, type CliOptions } from '../support/cli-call.ts';
import { eventually } from '../support/eventually.ts';

const UNKNOWN_FIELD = 'project is not a known field';

async function setup(context: TestContext, app: Partial<CliApp> = {}, options: Omit<CliOptions, 'app'> = {}) {
  const state = await memoryState(context);
  const published: JobRequest[] = [];
  const publish = async (request: JobRequest): Promise<string> => `message-${published.push(request)}`;
  await state.organizations.set({
    organizationId: 'acme',
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-env', dataset: 'copies', table: 'acme' },
  });
  return {
    state,
    published,
    cli: cliOn({ ...options, app: { openState: async () => state, publish, ...app } }),
  };
}

function request(jobId: string, organizationId = 'acme'): JobRequest {
  return { organizationId, jobId, jobType: 'incremental', window: undefined, requestedBy: 'me' };
}

async function failedJob(state: State, jobId: string, reason: Reason = 'access_denied'): Promise<void> {
  await state.jobs.admit(request(jobId), undefined);
  await state.jobs.failUnclaimed(request(jobId), reason, 'not allowed');
}

async function filed(state: State, message: object | string, reason: Reason): Promise<void> {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const violations = reason === 'invalid_message' ? [UNKNOWN_FIELD, 'job_id is required'] : [];
  await state.deadLetters.record({
    message: text,
    attributes: { trace: 'abc' },
    reason,
    violations,
    messageId: `message-of-${text}`,
  });
}

test('the list has the newest first, by organization, reason and time, without what was replayed', async (context) => {
  const { state, cli } = await setup(context);
  await failedJob(state, 'j1');
  await filed(state, { organization_id: 'acme', project: 'p' }, 'invalid_message');
  const ids = async (...argv: string[]) =>
    (await cli.json('dlq', 'list', ...argv, '--json')).map((row) => row['id']);
  assert.deepEqual(await ids(), [2, 1]);
  assert.deepEqual(await ids('--limit', '1'), [2]);
  assert.deepEqual(await ids('--org', 'acme'), [1]);
  assert.deepEqual(await ids('--reason', 'invalid_message'), [2]);
  assert.deepEqual(await ids('--since', '2100-01-01'), []);
  await state.deadLetters.markReplayed(1, 'zoë');
  assert.deepEqual([await ids(), await ids('--all')], [[2], [2, 1]]);
  const { stdout } = await cli.call('dlq', 'list');
  assert.match(stdout, /^ID +FILED +ORGANIZATION +JOB +REASON +REPLAYED +WHY\n/);
  assert.match(stdout, /\n 2 .* invalid_message .* project is not a known field \(and 1 more\)\n$/);
  assert.equal((await cli.call('dlq', 'list', '--org', 'nobody')).stdout, 'no dead letters\n');
});

test('one is shown with message, violations and attributes, by the names of the columns', async (context) => {
  const { state, cli } = await setup(context);
  await filed(state, { organization_id: 'acme', project: 'p' }, 'invalid_message');
  const { seen_at: seenAt, ...shown } = await cli.json('dlq', 'show', '1', '--json');
  assert.match(String(seenAt), /^\d{4}-.*Z$/);
  const message = '{"organization_id":"acme","project":"p"}';
  assert.deepEqual(shown, {
    id: 1,
    source: 'message',
    organization_id: null,
    job_id: null,
    reason: 'invalid_message',
    violations: [UNKNOWN_FIELD, 'job_id is required'],
    message,
    message_encoding: 'utf8',
    message_id: `message-of-${message}`,
    attributes: { trace: 'abc' },
    replayed_at: null,
    replayed_by: null,
  });
  const { stdout } = await cli.call('dlq', 'show', '1');
  for (const part of [
    UNKNOWN_FIELD,
    'job_id is required',
    'trace=abc',
    'docs/runbook.md#invalid_message',
    message,
  ])
    assert.ok(stdout.includes(part), part);
  const missing = await cli.call('dlq', 'show', '7');
  assert.deepEqual(
    [missing.code, missing.stderr],
    [3, 'error: there is no dead letter 7: see pulse-billing-etl dlq list --all\n'],
  );
});

test('the replay of a failed job is an audited retry that is published once, however often it is asked for', async (context) => {
  const { state, cli, published } = await setup(context);
  await failedJob(state, 'j1');
  const [replayed] = await cli.json('dlq', 'replay', '--org', 'acme', '--json');
  assert.deepEqual([replayed?.['id'], replayed?.['outcome'], replayed?.['dry_run']], [1, 'retried', false]);
  const job = await state.jobs.find(request('j1'));
  assert.deepEqual([job?.status, job?.planNumber], ['QUEUED', 2]);
  assert.deepEqual(published, [{ ...request('j1'), requestedBy: 'tester' }]);
  assert.equal((await state.deadLetters.find(1))?.replayedBy, 'tester');
  const [entry, ...more] = await state.audit.list();
  assert.deepEqual([entry?.actor, entry?.action, entry?.subject, more], ['tester', 'replay', 'acme/j1', []]);
  const { code, stdout } = await cli.call('dlq', 'replay', '1');
  assert.equal(code, 0);
  assert.match(stdout, /not_needed +replayed before by tester\nreplayed 0 of 1\n$/);
  assert.deepEqual(await cli.json('dlq', 'replay', '--json'), []);
  assert.equal(published.length, 1);
});

test('a message Pub/Sub gave up is published again as its job; a job that goes on or has succeeded is left alone', async (context) => {
  const { state, cli, published } = await setup(context);
  await state.jobs.admit(request('goes-on'), undefined);
  for (const job of ['lost', 'goes-on'])
    await filed(state, { organization_id: 'acme', job_id: job }, 'undeliverable');
  const replays = await cli.json('dlq', 'replay', '--rate', '1000', '--json');
  assert.deepEqual(
    replays.map((each) => [each['id'], each['outcome']]),
    [
      [1, 'published'],
      [2, 'not_needed'],
    ],
  );
  assert.deepEqual(published, [{ ...request('lost'), requestedBy: 'tester' }]);
});

test('the oldest are replayed first, and what nothing can come of hides nothing, however small the limit', async (context) => {
  const { state, cli, published } = await setup(context);
  await filed(state, { organization_id: 'acme', project: 'p' }, 'invalid_message');
  for (const job of ['first', 'second'])
    await filed(state, { organization_id: 'acme', job_id: job }, 'undeliverable');
  await filed(state, { organization_id: 'acme', project: 'q' }, 'invalid_message');
  const replays = await cli.json('dlq', 'replay', '--limit', '1', '--json');
  assert.deepEqual(
    replays.map((each) => [each['id'], each['outcome']]),
    [
      [1, 'refused'],
      [2, 'published'],
    ],
  );
  await cli.json('dlq', 'replay', '--limit', '1', '--json');
  assert.deepEqual(
    published.map(({ jobId }) => jobId),
    ['first', 'second'],
  );
});

test('what could only fail again is refused, with its violations: one by exit code 4, among many beside the others', async (context) => {
  const { state, cli, published } = await setup(context);
  await filed(state, { organization_id: 'acme', project: 'p' }, 'invalid_message');
  await state.jobs.admit(request('j1', 'globex'), undefined);
  await state.jobs.failUnclaimed(request('j1', 'globex'), 'unknown_organization', 'not configured');
  await failedJob(state, 'j2');
  const one = await cli.call('dlq', 'replay', '1');
  assert.equal(one.code, 4);
  assert.match(
    one.stderr,
    /^error: dead letter 1 is not replayed: no job can come of it: .*project is not a known field/,
  );
  const many = await cli.call('dlq', 'replay', '--rate', '1000', '--json');
  assert.equal(many.code, 0);
  assert.deepEqual(
    (JSON.parse(many.stdout) as { outcome: string }[]).map(({ outcome }) => outcome),
    ['refused', 'refused', 'retried'],
  );
  assert.match(many.stdout, /organization \\"globex\\" is not configured: add it with org set/);
  assert.equal(published.length, 1);
  assert.equal((await cli.call('dlq', 'replay', '99')).code, 3);
});

test('a replay of many draws a bar; Ctrl-C ends it after the one at hand, and what was done is told', async (context) => {
  const { state, cli, published } = await setup(context, {}, { tty: true });
  for (const job of ['j1', 'j2', 'j3']) await failedJob(state, job);
  const replaying = cli.call('dlq', 'replay', '--rate', '1');
  await eventually(() => published.length === 1, { describe: 'the first replay' });
  assert.equal(cli.interrupt(), 1);
  const { code, stdout, stderr } = await replaying;
  assert.equal(code, 1);
  assert.match(stdout, /retried.* acme\/j1 is queued again with a new plan\nreplayed 1 of 1\n$/);
  assert.match(stderr, /replaying dead letters █+░+ 33% {2}1\/3 {2}ETA/);
  assert.match(stderr, /error: stopped after 1 of 3 dead letters; repeat the command for the rest/);
  assert.deepEqual([published.length, cli.interrupt()], [1, 0]);
  const rest = await cli.json('dlq', 'replay', '--rate', '1000', '--json');
  assert.deepEqual(
    rest.map(({ job_id }) => job_id),
    ['j2', 'j3'],
  );
});

test('a dry run says what would be done and does nothing', async (context) => {
  const { state, cli, published } = await setup(context);
  await failedJob(state, 'j1');
  const { code, stdout } = await cli.call('dlq', 'replay', '--dry-run');
  assert.equal(code, 0);
  assert.match(stdout, /retried +acme\/j1 is queued again with a new plan\nwould replay 1 of 1\n$/);
  assert.equal((await state.jobs.find(request('j1')))?.status, 'FAILED');
  assert.deepEqual([published, await state.audit.list()], [[], []]);
});

test('what cannot be published is exit code 1 and stays to be replayed; a retried job is published by a worker', async (context) => {
  const { state, cli } = await setup(context, { publish: () => Promise.reject(new Error('no topic here')) });
  await filed(state, { organization_id: 'acme', job_id: 'lost' }, 'undeliverable');
  const lost = await cli.call('dlq', 'replay', '1');
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /error: 1 of 1 could not be published: publishing failed: no topic here; repeat/);
  assert.equal((await state.deadLetters.find(1))?.replayedAt, undefined);
  await failedJob(state, 'j1');
  const retried = await cli.call('dlq', 'replay', '2');
  assert.equal(retried.code, 0);
  assert.match(
    retried.stderr,
    /acme\/j1 is queued again with a new plan but could not be published, a worker does so: no topic here/,
  );
});

test('a purge takes what it is told, says how many before it does, and is audited', async (context) => {
  const { state, cli } = await setup(context);
  await failedJob(state, 'j1');
  await failedJob(state, 'j2', 'schema_drift');
  await state.deadLetters.markReplayed(1, 'zoë');
  assert.deepEqual(await cli.json('dlq', 'purge', '--older-than', '0', '--dry-run', '--json'), {
    purged: 2,
    dry_run: true,
  });
  assert.deepEqual(await cli.json('dlq', 'purge', '--older-than', '1', '--json'), {
    purged: 0,
    dry_run: false,
  });
  assert.equal((await cli.call('dlq', 'purge', '--replayed')).stdout, 'deleted 1 dead letters\n');
  assert.deepEqual(
    (await state.deadLetters.list()).map(({ id }) => id),
    [2],
  );
  assert.equal((await state.jobs.find(request('j1')))?.status, 'FAILED', 'the job stays');
  const [entry] = await state.audit.list({ action: 'dlq purge' });
  assert.deepEqual([entry?.actor, entry?.after], ['tester', { purged: 1 }]);
});
