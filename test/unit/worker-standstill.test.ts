// A process that cannot make progress is told apart from one that waits for others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookEveryMs, Standstill } from '../../src/worker/standstill.ts';
import { aRig, LEASE_MS } from './worker-rig.ts';

const LOOK_MS = lookEveryMs(LEASE_MS);
const stuckJob = undefined;

test('a heartbeat that does not begin for five leases ends the process, with that reason', () => {
  const standstill = new Standstill();
  const running = { phase: 'running', beats: 7, stuckJob } as const;
  for (let ms = 0; ms < 5 * LEASE_MS; ms += LOOK_MS) assert.equal(standstill.look(running), 'fine');
  assert.deepEqual(standstill.look(running), {
    end: 'the heartbeat has not begun for 5 leases, although it was due',
    how: 'at once',
  });
});

test('one heartbeat in five leases is enough', () => {
  const standstill = new Standstill();
  for (let look = 0; look < 100; look += 1) {
    const beats = Math.floor(look / 10);
    assert.equal(standstill.look({ phase: 'running', beats, stuckJob }), 'fine');
  }
});

test('neither waiting for the database nor draining asks for heartbeats', () => {
  for (const signs of [{ phase: 'waiting' }, { phase: 'draining', beats: 7, stuckJob }] as const) {
    const standstill = new Standstill();
    for (let look = 0; look < 100; look += 1) assert.equal(standstill.look(signs), 'fine');
  }
});

for (const fault of ['refuses', 'silent'] as const)
  test(`a database that ${fault === 'silent' ? 'falls silent' : 'refuses'} for hours does not make a process stuck`, async (t) => {
    const rig = await aRig(t);
    await rig.organizations(['acme']);
    const a = rig.start('a');
    await rig.clock.advance(1_000);
    a.setDatabase(fault);
    const standstill = new Standstill();
    for (let look = 0; look < 400; look += 1) {
      await rig.clock.advance(LOOK_MS);
      assert.equal(standstill.look(a.worker.state()), 'fine');
    }
    a.setDatabase('none');
    rig.publish('acme', 'job');
    await rig.untilJob('acme', 'job', 'SUCCESS');
  });
