// Jobs whose worker is gone are published again as soon as the lease has run out, once, and nobody else's are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { republishAbandonedJobs } from '../../src/worker/abandoned-jobs.ts';
import { aGate, aRig, LEASE_MS, requestOf, type Rig } from './worker-rig.ts';

const WATCHING = { tasks: [republishAbandonedJobs] };
const SOON_MS = 5_000;

/** A job that somebody has claimed who is never heard of again. */
async function abandon(rig: Rig, name: string): Promise<void> {
  await rig.organizations([name]);
  await rig.state.jobs.admit(requestOf(name, 'job'), undefined);
  assert.equal((await rig.state.jobs.claim(requestOf(name, 'job'), 'dead', LEASE_MS)).kind, 'claimed');
}

test('the job of a worker that died goes on within five seconds of the end of its lease', async (t) => {
  const rig = await aRig(t);
  const [a, b] = [rig.start('a', WATCHING), rig.start('b', WATCHING)];
  await rig.clock.advance(3_600_000);
  const diedMs = rig.clock.nowMs();
  await abandon(rig, 'acme');
  const job = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - diedMs <= LEASE_MS + SOON_MS);
  assert.deepEqual([job.attempts, job.interruptions], [0, 1]);
  await rig.clock.advance(3_600_000);
  assert.equal(a.republished.length + b.republished.length, 1);
});

test('several jobs of a dead worker are published once each', async (t) => {
  const rig = await aRig(t);
  for (const name of ['acme', 'globex', 'initech']) await abandon(rig, name);
  rig.start('a', WATCHING);
  rig.start('b', WATCHING);
  for (const name of ['acme', 'globex', 'initech']) await rig.untilJob(name, 'job', 'SUCCESS');
  assert.equal(rig.broker.eventsOf('published').length, 3);
});

test('a job whose lease is renewed, that waits behind it, or of a paused organization is left alone', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  await abandon(rig, 'globex');
  await rig.state.organizations.pause('globex');
  const [a, b] = [rig.start('a', WATCHING), rig.start('b', WATCHING)];
  for (const job of ['1', '2']) rig.publish('acme', job);
  await rig.clock.advance(3_600_000);
  assert.deepEqual([...a.republished, ...b.republished], []);
});

test('a look that fails is told and made up for', async (t) => {
  const rig = await aRig(t);
  await abandon(rig, 'acme');
  const a = rig.start('a', WATCHING);
  a.setDatabase('refuses');
  await rig.clock.advance(1.5 * LEASE_MS);
  assert.ok(a.troubles.some((text) => text.startsWith('looking for jobs whose worker is gone failed: ')));
  a.setDatabase('none');
  await rig.untilJob('acme', 'job', 'SUCCESS');
});

test('a draining worker looks no more', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a', WATCHING);
  void a.worker.drain();
  await rig.clock.advance(1_000);
  await abandon(rig, 'acme');
  await rig.clock.advance(3_600_000);
  assert.deepEqual(rig.broker.eventsOf('published'), []);
});
