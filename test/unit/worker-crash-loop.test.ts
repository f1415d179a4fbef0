// A job under which processes died runs alone in its replica: it waits for the others, they wait for it, and both come through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aGate, aRig, LEASE_MS, requestOf, type Rig } from './worker-rig.ts';

const DEAD = ['dead-1', 'dead-2', 'dead-3'];

/** A queued job whose runs so many workers left to their lease, never to be seen again. */
async function aJobThatKilled(rig: Rig, organizationId: string, times: number): Promise<void> {
  const request = requestOf(organizationId, 'job');
  await rig.state.jobs.admit(request, undefined);
  for (const owner of DEAD.slice(0, times)) {
    const { kind } = await rig.state.jobs.claim(request, owner, 1, { alone: true });
    assert.equal(kind, 'claimed');
    await rig.clock.advance(10);
  }
}

test('a job that two processes died under waits for what runs, runs alone, and lets the rest go on after it', async (t) => {
  const rig = await aRig(t);
  const [first, poison] = [aGate(), aGate()];
  await rig.organizations(['early', 'late'], { kind: 'reads', until: first.opened });
  await rig.organizations(['poison'], { kind: 'reads', until: poison.opened });
  await aJobThatKilled(rig, 'poison', 2);
  const a = rig.start('a', { maxConcurrentJobs: 3 });
  const reading = (): readonly string[] => rig.reading.get('a')?.now ?? [];
  rig.publish('early', 'job');
  await rig.clock.until(() => reading().length === 1, 'the first job to read');
  rig.publish('poison', 'job');
  await rig.clock.until(() => a.decisions.includes('runs_alone'), 'the decision');
  rig.publish('late', 'job');
  await rig.clock.advance(5 * LEASE_MS);
  assert.deepEqual(reading(), ['early'], 'a job began beside, or before, the one that has to run alone');
  assert.equal((await rig.job('poison', 'job'))?.leaseOwner, 'dead-2', 'the lease ran while it waited');

  first.open();
  await rig.clock.until(() => reading().includes('poison'), 'the job to run');
  await rig.clock.advance(5 * LEASE_MS);
  assert.deepEqual(reading(), ['poison']);

  poison.open();
  for (const name of ['early', 'poison', 'late']) await rig.untilJob(name, 'job', 'SUCCESS');
  assert.equal((await rig.job('poison', 'job'))?.crashes, 0);
  assert.equal(rig.reading.get('a')?.most, 1);
});

test('two jobs that have to run alone run one after the other', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  await rig.organizations(['one', 'two'], { kind: 'reads', until: end.opened });
  for (const name of ['one', 'two']) await aJobThatKilled(rig, name, 2);
  rig.start('a', { maxConcurrentJobs: 4 });
  for (const name of ['one', 'two']) rig.publish(name, 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'one of them to read');
  await rig.clock.advance(3 * LEASE_MS);
  end.open();
  for (const name of ['one', 'two']) await rig.untilJob(name, 'job', 'SUCCESS');
  assert.equal(rig.reading.get('a')?.most, 1);
});

test('after the third death the job fails as crash_loop without another run, and its message is acked', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['poison', 'innocent']);
  await aJobThatKilled(rig, 'poison', 3);
  const a = rig.start('a');
  rig.publish('poison', 'job');
  rig.publish('innocent', 'job');
  const job = await rig.untilJob('poison', 'job', 'FAILED');
  assert.equal(job.errorReason, 'crash_loop');
  await rig.untilJob('innocent', 'job', 'SUCCESS');
  await rig.untilEvents('acked', 2);
  assert.ok(rig.clock.nowMs() >= LEASE_MS, 'the last owner was given no time to come back');
  assert.deepEqual(
    rig.runs.map(({ organizationId }) => organizationId),
    ['innocent'],
  );
  assert.deepEqual(
    a.ended.find(({ organizationId }) => organizationId === 'poison'),
    { organizationId: 'poison', jobId: 'job', outcome: 'failed' },
  );
});

test('a replica that drains gives back a job that waits to run alone', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['early', 'poison'], { kind: 'reads', until: aGate().opened });
  await aJobThatKilled(rig, 'poison', 2);
  const a = rig.start('a');
  rig.publish('early', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the first job to read');
  const id = rig.publish('poison', 'job');
  await rig.clock.until(() => a.decisions.includes('runs_alone'), 'the decision');
  const drain = a.worker.drain();
  await rig.clock.advance(1_000);
  assert.equal(await drain, 0);
  assert.equal(rig.broker.eventsOf('nacked', id).length, 1);
  assert.deepEqual(
    rig.runs.map(({ organizationId }) => organizationId),
    ['early'],
  );
});

test('an outage of the database that outlasts every lease is no crash of any job', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  const names = ['acme', 'globex'];
  await rig.organizations(names, { kind: 'reads', until: end.opened });
  const [a, b] = [rig.start('a'), rig.start('b')];
  const ids = names.map((name) => rig.publish(name, 'job', { to: 'a' }));
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 2, 'both to read');
  for (const id of ids) rig.broker.duplicate(id, b.subscriber);
  for (let outage = 0; outage < 4; outage += 1) {
    for (const { setDatabase } of [a, b]) setDatabase('refuses');
    await rig.clock.advance(5 * LEASE_MS);
    for (const { setDatabase } of [a, b]) setDatabase('none');
    await rig.clock.advance(2 * LEASE_MS);
  }
  end.open();
  for (const name of names) assert.equal((await rig.untilJob(name, 'job', 'SUCCESS')).attempts, 0);
  assert.deepEqual([a.decisions.includes('runs_alone'), b.decisions.includes('runs_alone')], [false, false]);
});
