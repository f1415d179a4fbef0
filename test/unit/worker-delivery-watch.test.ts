// A connection that is open and brings nothing is renewed, by what the database says should have come, and no other is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchDeliveries } from '../../src/worker/delivery-watch.ts';
import { reapSilentJobs } from '../../src/worker/reaper.ts';
import { aGate, aRig, LEASE_MS, requestOf } from './worker-rig.ts';

const WATCHING = { tasks: [reapSilentJobs, watchDeliveries] };

test('while jobs wait whose messages nobody is sent, each replica renews its connection, says so, and the jobs run', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const replicas = ['a', 'b'].map((name) => rig.start(name, WATCHING));
  for (const { subscriber } of replicas) subscriber.mute();
  const sinceMs = rig.clock.nowMs();
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  await rig.untilJob('acme', 'job', 'SUCCESS');

  const [renewed] = replicas.filter(({ subscriber }) => subscriber.renewals.length > 0);
  assert.ok(renewed && rig.clock.nowMs() - sinceMs <= 15 * LEASE_MS, `${rig.clock.nowMs() - sinceMs} ms`);
  assert.match(renewed.troubles[0] ?? '', /no message has arrived for 5 leases although jobs wait/);
});

test('a message of which the database knows nothing arrives all the same: what brings nothing for twenty leases is renewed, in silence', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const replicas = ['a', 'b'].map((name) => rig.start(name, WATCHING));
  for (const { subscriber } of replicas) subscriber.mute();
  const sinceMs = rig.clock.nowMs();
  rig.publish('acme', 'job');
  await rig.untilJob('acme', 'job', 'SUCCESS');

  assert.ok(rig.clock.nowMs() - sinceMs <= 23 * LEASE_MS, `${rig.clock.nowMs() - sinceMs} ms`);
  assert.deepEqual(
    replicas.flatMap(({ troubles }) => troubles),
    [],
  );
});

test('what waits because every place is taken renews nothing', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme', 'globex', 'initech'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { ...WATCHING, maxConcurrentJobs: 1, parkedLimit: 1, maxOutstanding: 2 });
  for (const name of ['acme', 'globex', 'initech']) rig.publish(name, 'job');
  await rig.state.jobs.admit(requestOf('initech', 'job'), undefined);
  await rig.clock.advance(3_600_000);
  assert.deepEqual(a.subscriber.renewals, []);
  gate.open();
  for (const name of ['acme', 'globex', 'initech']) await rig.untilJob(name, 'job', 'SUCCESS');
});

test('neither an outage of the database nor a lost connection is taken for silence', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const [a, b] = [rig.start('a', WATCHING), rig.start('b', WATCHING)];
  a.setDatabase('refuses');
  b.subscriber.cut();
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  await rig.clock.advance(3_600_000);
  assert.deepEqual([a.subscriber.renewals, b.subscriber.renewals], [[], []]);
});
