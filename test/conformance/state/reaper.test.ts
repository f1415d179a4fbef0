// Jobs whose message nobody has seen, or whose worker let its lease run out, are found, each by one finder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobKey } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
import { uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase, type TestDatabase } from './databases.ts';
import {
  aDecidedJob,
  aLeaseThatRanOut,
  anOrganization,
  aQueuedJob,
  aRunningJob,
  aSet,
  COUNTS,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

const MINUTE_MS = 60_000;

onEveryDatabase((database) => {
  test('two reapers at once win each silent job once', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const organization = await anOrganization(state);
    const keys = [];
    for (let at = 0; at < 20; at += 1) keys.push(await aQueuedJob(state, organization));
    await silence(database(), keys);
    const won = await Promise.all(
      [state, other, state, other].map((each) => each.jobs.claimSilent(MINUTE_MS, 1000)),
    );
    const ours = won.flat().filter((job) => job.organizationId === organization);
    assert.equal(ours.length, 20);
    assert.equal(new Set(ours.map((job) => job.id)).size, 20);
    assert.deepEqual(await found(state, organization, MINUTE_MS), []);
  });

  test('jobs that were seen lately, ended, wait for an operator or are paused are left alone', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const recent = await aQueuedJob(state, organization);
    assert.deepEqual(await found(state, organization, LONG_MS), []);
    await silence(database(), [recent]);
    assert.deepEqual(await found(state, organization, MINUTE_MS), [recent.jobId]);

    const ended = await aDecidedJob(state);
    await state.jobs.finish(ended, aSet(ended), COUNTS);
    const stuck = await aDecidedJob(state);
    await state.jobs.needOperator(stuck, 'unclear');
    const paused = await aRunningJob(state);
    await state.organizations.pause(paused.organizationId);
    const decided = await aDecidedJob(state);
    await state.organizations.pause(decided.organizationId);
    await silence(database(), [ended, stuck, paused, decided]);
    const organizations = (await state.jobs.claimSilent(MINUTE_MS, 1000)).map((job) => job.organizationId);
    assert.ok(!organizations.includes(ended.organizationId));
    assert.ok(!organizations.includes(stuck.organizationId));
    assert.ok(!organizations.includes(paused.organizationId));
    // What is decided must be rolled forward even there.
    assert.ok(organizations.includes(decided.organizationId));
  });

  test('a job of an unknown organization is found too, and the limit is kept', async () => {
    const { state } = database();
    const organization = uniqueName('nobody');
    const keys = [await aQueuedJob(state, organization), await aQueuedJob(state, organization)];
    await silence(database(), keys);
    const first = await state.jobs.claimSilent(MINUTE_MS, 1);
    const second = await state.jobs.claimSilent(MINUTE_MS, 1);
    assert.deepEqual(
      [...first, ...second].map((job) => job.jobId),
      keys.map((key) => key.jobId),
    );
    assert.deepEqual(await state.jobs.claimSilent(MINUTE_MS, 1), []);
  });

  test('a job whose lease ran out is won once by two finders at once, and again when nobody has seen it for as long', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const key = await aJobLeftBehind(database());
    const looks = await Promise.all([state, other].map((each) => each.jobs.claimAbandoned(LONG_MS, 1000)));
    const ours = looks
      .flatMap(({ won }) => won)
      .filter(({ organizationId }) => organizationId === key.organizationId);
    assert.deepEqual(
      ours.map(({ jobId }) => jobId),
      [key.jobId],
    );
    assert.deepEqual(await abandoned(state, key), []);
    await lookBack(database(), key, 'lease_expires_at + 100000000');
    assert.deepEqual(await abandoned(state, key), [key.jobId]);
    assert.deepEqual(await abandoned(state, key, MINUTE_MS), []);
  });

  test('a live lease is left alone and tells when it would run out; so is a paused job, and one somebody has seen since', async () => {
    const { state } = database();
    const live = await aRunningJob(state);
    const { nextDueInMs = Infinity } = await state.jobs.claimAbandoned(LONG_MS, 1000);
    assert.ok(nextDueInMs <= LONG_MS, `${nextDueInMs} ms`);
    assert.deepEqual(await abandoned(state, live), []);

    const paused = await aJobLeftBehind(database());
    await state.organizations.pause(paused.organizationId);
    assert.deepEqual(await abandoned(state, paused), []);

    const seen = await aJobLeftBehind(database());
    const { jobType, window, requestedBy } = await jobOf(state, seen);
    await state.jobs.admit({ ...seen, jobType, window, requestedBy }, undefined);
    assert.deepEqual(await abandoned(state, seen), []);
  });
});

/** A running job whose lease ran out minutes ago, and whose message was last seen before. */
async function aJobLeftBehind(database: TestDatabase): Promise<JobKey> {
  const key = await aQueuedJob(database.state, await anOrganization(database.state));
  await aLeaseThatRanOut(database.state, key);
  const { organizationId, jobId } = key;
  await database.execute(
    'UPDATE etl_jobs SET lease_expires_at = lease_expires_at - 300000000 WHERE organization_id = ? AND job_id = ?',
    [organizationId, jobId],
  );
  await lookBack(database, key, 'lease_expires_at - 1000000');
  return key;
}

/** The message of the job was seen last at this time. */
async function lookBack(
  { execute }: TestDatabase,
  { organizationId, jobId }: JobKey,
  seenAt: string,
): Promise<void> {
  await execute(`UPDATE etl_jobs SET doorbell_seen_at = ${seenAt} WHERE organization_id = ? AND job_id = ?`, [
    organizationId,
    jobId,
  ]);
}

async function abandoned(state: State, { organizationId }: JobKey, withinMs = LONG_MS): Promise<string[]> {
  const { won } = await state.jobs.claimAbandoned(withinMs, 1000);
  return won.filter((job) => job.organizationId === organizationId).map((job) => job.jobId);
}

/** Lets an hour pass since the doorbell of these jobs was seen. */
async function silence({ execute }: TestDatabase, keys: readonly JobKey[]): Promise<void> {
  for (const { organizationId, jobId } of keys)
    await execute(
      'UPDATE etl_jobs SET doorbell_seen_at = doorbell_seen_at - 3600000000 WHERE organization_id = ? AND job_id = ?',
      [organizationId, jobId],
    );
}

async function found(state: State, organization: string, olderThanMs: number): Promise<string[]> {
  const jobs = await state.jobs.claimSilent(olderThanMs, 1000);
  return jobs.filter((job) => job.organizationId === organization).map((job) => job.jobId);
}
