// enqueue --all: one job an organization, under one id, spread over a time, each failure told.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { JobRequest } from '../../src/job/job.ts';
import { cliOn, memoryState, type CliOptions } from '../support/cli-call.ts';
import { eventually } from '../support/eventually.ts';

async function setup(
  context: TestContext,
  organizations: readonly string[],
  {
    refuse = '',
    ...options
  }: CliOptions & {
    /** The organization whose message the broker does not take. */
    readonly refuse?: string;
  } = {},
) {
  const state = await memoryState(context);
  const published: JobRequest[] = [];
  for (const organizationId of organizations) {
    const outcome = await state.organizations.set({
      organizationId,
      source: { project: 'source-env', dataset: organizationId, table: 'export' },
      destination: { project: 'destination-env', dataset: organizationId, table: 'copy' },
    });
    assert.equal(outcome.kind, 'created');
  }
  const publish = async (request: JobRequest): Promise<string> => {
    if (request.organizationId === refuse) throw new Error('the topic is gone');
    return `message-${published.push(request)}`;
  };
  const cli = cliOn({ ...options, app: { openState: async () => state, publish } });
  return { cli, state, published, names: () => published.map(({ organizationId }) => organizationId) };
}

test('every organization but the paused ones gets a job, all under one id', async (context) => {
  const { cli, state, published, names } = await setup(context, ['acme', 'bolt', 'cove']);
  await state.organizations.pause('bolt');
  const { code, stdout } = await cli.call('enqueue', '--all');
  assert.equal(code, 0);
  assert.deepEqual(names(), ['acme', 'cove']);
  assert.deepEqual(
    [...new Set(published.map(({ jobId, jobType }) => `${jobId} ${jobType}`))],
    ['20260201T101112345Z-abcd1234 incremental'],
  );
  assert.match(stdout, /^published 2 jobs; 1 paused organizations left out$/m);
});

test('a repetition under the same id says the same keys again', async (context) => {
  const { cli, published } = await setup(context, ['acme']);
  for (let time = 0; time < 2; time += 1) await cli.call('enqueue', '--all', '--job-id', 'hour-7');
  assert.deepEqual(new Set(published.map(({ jobId }) => jobId)), new Set(['hour-7']));
  const [printed] = await cli.json('enqueue', '--all', '--job-id', 'hour-7', '--json');
  assert.deepEqual(printed, {
    organization_id: 'acme',
    job_id: 'hour-7',
    job_type: 'incremental',
    message_id: 'message-3',
  });
});

test('jitter publishes each at a moment of its own, not in the order of the list', async (context) => {
  const moments = [0.4, 0.2, 0];
  const { cli, names } = await setup(context, ['acme', 'bolt', 'cove'], {
    random: () => moments.shift() ?? 0,
  });
  const { code } = await cli.call('enqueue', '--all', '--jitter', '1');
  assert.equal(code, 0);
  assert.deepEqual(names(), ['cove', 'bolt', 'acme']);
});

test('Ctrl-C ends the waiting: what was not published is said, with the command for the rest', async (context) => {
  const moments = [0, 0.9];
  const { cli, names } = await setup(context, ['acme', 'bolt'], { random: () => moments.shift() ?? 0 });
  const waiting = cli.call('enqueue', '--all', '--job-id', 'hour-7', '--jitter', '86400');
  await eventually(() => names().length === 1, { describe: 'the first message' });
  cli.interrupt();
  const { code, stderr } = await waiting;
  assert.equal(code, 1);
  assert.match(stderr, /published 1 of 2 jobs\n.*enqueue --all --job-id hour-7, which runs nothing twice/);
});

test('a message that cannot be published keeps no other back, and fails the command by name', async (context) => {
  const { cli, names } = await setup(context, ['acme', 'bolt', 'cove'], { refuse: 'bolt' });
  const { code, stderr } = await cli.call('enqueue', '--all');
  assert.equal(code, 1);
  assert.deepEqual(names(), ['acme', 'cove']);
  assert.match(stderr, /published 2 of 3 jobs; the first of 1 problems: bolt: the topic is gone/);
});

test('what --all cannot mean is wrong usage and publishes nothing', async (context) => {
  const { cli, published } = await setup(context, ['acme']);
  for (const argv of [
    ['acme', '--all'],
    ['--all', '--wait'],
    ['--all', '--type', 'backfill', '--from', '2026-01-01', '--to', '2026-02-01'],
    ['--all', '--jitter', 'soon'],
    ['--all', '--jitter', '86401'],
    ['acme', '--jitter', '5'],
    [],
  ]) {
    assert.equal((await cli.call('enqueue', ...argv)).code, 2, argv.join(' '));
  }
  assert.deepEqual(published, []);
});
