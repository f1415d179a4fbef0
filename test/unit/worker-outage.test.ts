// Leases, deadlines and the two outages: what is held stays held, what runs is left to its lease, and nothing is answered too early.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { aGate, aRig, LEASE_MS, type Replica, type Rig } from './worker-rig.ts';

/** A replica that runs acme/first and holds acme/second behind it. */
async function oneRunsOneWaits(
  rig: Rig,
  options: Parameters<Rig['start']>[1] = {},
): Promise<{ a: Replica; running: string; waiting: string; end: () => void }> {
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', options);
  const running = rig.publish('acme', 'first');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the first job to read');
  const waiting = rig.publish('acme', 'second');
  await rig.clock.until(() => a.worker.state().parked === 1, 'the second job to be parked');
  await rig.clock.advance(60_000);
  return { a, running, waiting, end: gate.open };
}

describe('heartbeats', () => {
  test('keep a message for as long as its job runs: hours, one delivery, one call every third of the deadline', async (t) => {
    const rig = await aRig(t);
    const { a, running, end } = await oneRunsOneWaits(rig);
    const [calls, fromMs] = [a.subscriber.extendCalls.length, rig.clock.nowMs()];
    await rig.clock.advance(2 * 3_600_000);
    const made = a.subscriber.extendCalls.length - calls;
    const expected = (rig.clock.nowMs() - fromMs) / 20_000;
    assert.ok(Math.abs(made - expected) < expected * 0.1, `${made} calls, about ${expected} expected`);
    assert.deepEqual(
      [rig.broker.eventsOf('delivered', running).length, rig.broker.eventsOf('expired').length],
      [1, 0],
    );
    end();
    await rig.untilEvents('acked', 2);
    assert.equal((await rig.job('acme', 'first'))?.leaseEpoch, 1);
  });

  test('extend a message only after the database has renewed the lease, never on their own', async (t) => {
    const rig = await aRig(t);
    await oneRunsOneWaits(rig);
    const [from] = [rig.broker.events.length];
    await rig.clock.advance(600_000);
    let renewed = false;
    let extended = 0;
    for (const { kind, what } of rig.broker.events.slice(from)) {
      if (what === 'jobs.heartbeat') [renewed, extended] = [true, 0];
      // Two messages are held: a third extension would be one nothing has renewed.
      if (kind === 'extended') assert.ok(renewed && ++extended <= 2, 'extended without a heartbeat before');
    }
    assert.ok(renewed);
  });

  test('are heard for every job that is held, so that nobody takes its message for lost', async (t) => {
    const rig = await aRig(t);
    await rig.organizations(['acme']);
    const error = new TransientError('quota_exceeded', 'come back later', { retryAfterMs: 7_200_000 });
    rig.scripts.set('acme', { kind: 'fails', error, times: 1 });
    const a = rig.start('a');
    rig.publish('acme', 'job');
    await rig.clock.until(() => a.ended.length === 1, 'the first attempt to fail');
    await rig.clock.advance(3_600_000);
    assert.deepEqual(await rig.state.jobs.claimSilent(30_000, 10), []);
  });
});

for (const fault of ['refuses', 'silent'] as const) {
  describe(`a database that ${fault === 'silent' ? 'falls silent' : 'refuses every call'}`, () => {
    test('stops the pulling, keeps what waits, and leaves what runs to its lease', async (t) => {
      const rig = await aRig(t);
      const { a, running, waiting } = await oneRunsOneWaits(rig);
      const before = rig.broker.events.length;
      const lostMs = rig.clock.nowMs();
      a.setDatabase(fault);
      await rig.clock.until(() => a.subscriber.paused, 'the pulling to stop');
      assert.ok(rig.clock.nowMs() - lostMs <= 45_000);
      assert.equal(a.worker.state().databaseReachable, false);
      await rig.clock.until(() => rig.reading.get('a')?.now.length === 0, 'the run to stop');
      // The lease is sure until a minute after the last heartbeat was sent, and not a moment longer.
      assert.ok(rig.clock.nowMs() - lostMs <= LEASE_MS);

      const extendedBeforeItStopped = rig.broker.events
        .slice(before)
        .filter(({ kind, messageId }) => kind === 'extended' && messageId === running);
      assert.deepEqual(extendedBeforeItStopped, []);
      await rig.clock.advance(3_600_000);
      const since = rig.broker.events.slice(before);
      assert.deepEqual(
        since.filter(({ kind }) => kind === 'acked' || kind === 'nacked'),
        [],
      );
      assert.deepEqual(rig.broker.eventsOf('expired', waiting), []);
      const outside = rig.publish('acme', 'third');
      await rig.clock.advance(60_000);
      assert.equal(rig.broker.eventsOf('delivered', outside).length, 0, 'pulled during the outage');
    });

    test('costs no message and no attempt: all jobs run when it is back', async (t) => {
      const rig = await aRig(t);
      const { a, end } = await oneRunsOneWaits(rig, { parkedLimit: 1 });
      a.setDatabase(fault);
      // These arrive before the worker has noticed.
      for (const job of ['third', 'fourth', 'fifth']) rig.publish('acme', job);
      await rig.clock.advance(900_000);
      assert.equal(rig.broker.eventsOf('nacked').length, 0);
      a.setDatabase('none');
      end();
      await rig.clock.until(() => !a.subscriber.paused, 'the pulling to go on');
      assert.equal(a.worker.state().databaseReachable, true);
      for (const job of ['first', 'second', 'third', 'fourth', 'fifth']) {
        const { attempts, leaseOwner } = await rig.untilJob('acme', job, 'SUCCESS');
        assert.deepEqual([attempts, leaseOwner], [0, 'a-1']);
      }
      await rig.untilEvents('acked', 5);
      assert.deepEqual(rig.broker.deadLetters, []);
    });

    test('is complained about once and not for every message at every look', async (t) => {
      const rig = await aRig(t);
      const { a } = await oneRunsOneWaits(rig);
      for (let job = 0; job < 20; job += 1) rig.publish('acme', `job-${job}`);
      await rig.clock.until(() => a.worker.state().parked === 21, 'all to wait');
      a.setDatabase(fault);
      await rig.clock.advance(3_600_000);
      // At most those that were looking at the database when it went away.
      assert.ok(a.troubles.length <= 21, `${a.troubles.length} complaints`);
    });
  });
}

test('a silent database and a lease of ten minutes: waiting messages are still extended before their deadline', async (t) => {
  const rig = await aRig(t);
  const { a, waiting } = await oneRunsOneWaits(rig, { leaseMs: 600_000 });
  a.setDatabase('silent');
  await rig.clock.advance(1_800_000);
  assert.deepEqual(rig.broker.eventsOf('expired', waiting), []);
});

test('a run whose lease was taken over stops without an answer to its message, and the message is acked when the other run has ended', async (t) => {
  const rig = await aRig(t);
  const { a, running, end } = await oneRunsOneWaits(rig);
  const b = rig.start('b');
  rig.broker.duplicate(running, b.subscriber);
  await rig.clock.rest();
  a.setDatabase('silent');
  await rig.clock.until(() => rig.reading.get('b')?.now.length === 1, 'b to take over');
  assert.deepEqual(rig.reading.get('a')?.now, [], 'both read at once');
  a.setDatabase('none');
  await rig.clock.advance(300_000);
  assert.deepEqual(
    a.ended.map(({ outcome }) => outcome),
    ['lost'],
  );
  assert.equal(a.leasesLost.length, 1);
  assert.deepEqual([...rig.broker.eventsOf('acked', running), ...rig.broker.eventsOf('nacked')], []);
  assert.equal((await rig.job('acme', 'first'))?.leaseOwner, 'b-2');

  end();
  const acks = await rig.untilEvents('acked', 2, running);
  assert.deepEqual(acks.map(({ subscriber }) => subscriber).sort(), ['a', 'b']);
  const success = rig.broker.events.findIndex(({ what }) => what === 'jobs.finishEmpty finished');
  assert.ok(rig.broker.events.findIndex(({ kind }) => kind === 'acked') > success);
  assert.deepEqual(b.leasesLost, []);
  assert.deepEqual(
    a.ended.filter(({ jobId }) => jobId === 'first').map(({ outcome }) => outcome),
    ['lost'],
  );
});

test('a heartbeat that comes when a job has just ended does not call its lease lost', async (t) => {
  const rig = await aRig(t);
  const { a, end } = await oneRunsOneWaits(rig);
  // The run has ended, and its figures are still being read when the heartbeats come.
  a.setDatabase('silent', /^jobs\.find$/);
  end();
  await rig.untilJob('acme', 'first', 'SUCCESS');
  await rig.clock.advance(120_000);
  a.setDatabase('none');
  await rig.untilEvents('acked', 2);
  assert.deepEqual(a.leasesLost, []);
});

describe('a broker that does not answer', () => {
  test('costs no lease: the job runs on and ends, and its message is acked when the broker answers again', async (t) => {
    const rig = await aRig(t);
    const { a, end } = await oneRunsOneWaits(rig);
    const answers = aGate();
    a.subscriber.delayAnswers(answers.opened);
    await rig.clock.advance(900_000);
    assert.deepEqual([rig.reading.get('a')?.now.length, a.leasesLost.length], [1, 0]);
    end();
    await rig.untilJob('acme', 'second', 'SUCCESS');
    assert.equal(rig.broker.eventsOf('acked').length, 0);
    a.subscriber.delayAnswers(undefined);
    answers.open();
    await rig.untilEvents('acked', 2);
    assert.deepEqual(
      a.ended.map(({ outcome }) => outcome),
      ['success', 'success'],
    );
  });

  test('that is gone for an hour redelivers what it forgot, and each redelivery joins what is held', async (t) => {
    const rig = await aRig(t);
    const { a, running, end } = await oneRunsOneWaits(rig);
    a.subscriber.cut();
    await rig.clock.advance(3_600_000);
    a.subscriber.reconnect();
    await rig.untilEvents('delivered', 2, running);
    await rig.clock.advance(600_000);
    assert.equal(rig.broker.eventsOf('delivered', running).length, 2);
    assert.equal(a.worker.state().held, 2);
    end();
    await rig.untilEvents('acked', 2);
    assert.equal(rig.runs.length, 2);
    assert.deepEqual(rig.broker.unacked(), []);
  });
});
