// A run that does not move any more: it is stopped and tried again, given up if it does not stop, and then its process ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunPatience } from '../../src/worker/run-patience.ts';
import { observerWithSigns, sidesWithSigns } from '../../src/worker/signs-of-life.ts';
import { Standstill } from '../../src/worker/standstill.ts';
import type { RunObserver } from '../../src/etl/run.ts';
import type { Sides } from '../../src/worker/worker-context.ts';
import { aGate, aRig, LEASE_MS } from './worker-rig.ts';

const noProgressTimeoutMs = 5 * LEASE_MS;
/** Heartbeats of the run look ten times a lease. */
const LOOK_MS = LEASE_MS / 10;

test('a run that shows no sign of life is stopped, and its job is tried again with that reason', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  const a = rig.start('a', { noProgressTimeoutMs });
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  await rig.clock.advance(noProgressTimeoutMs - LOOK_MS);
  assert.equal((await rig.job('acme', 'job'))?.status, 'IN_PROGRESS');
  rig.scripts.set('acme', { kind: 'reads', until: Promise.resolve() });
  await rig.clock.until(() => a.ended.length === 1, 'the run to stop');
  const waiting = await rig.job('acme', 'job');
  assert.deepEqual([waiting?.status, waiting?.attempts, waiting?.errorReason], ['QUEUED', 1, 'no_progress']);
  await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.equal(a.worker.state().stuckJob, undefined);
});

test('a run that does not stop either is given up: its job runs elsewhere, nothing that it does later counts, and the process should end', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads_on', until: gate.opened });
  const a = rig.start('a', { noProgressTimeoutMs });
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  rig.scripts.set('acme', { kind: 'nothing_new' });
  await rig.clock.advance(noProgressTimeoutMs + 4 * LEASE_MS);
  assert.deepEqual([a.worker.state().running, a.worker.state().stuckJob, a.ended.length], [1, undefined, 0]);
  await rig.clock.until(() => a.ended.length === 1, 'the run to be given up');
  assert.equal(a.worker.state().stuckJob, 'acme/job');
  const verdict = new Standstill().look(a.worker.state());
  assert.ok(verdict !== 'fine' && verdict.how === 'drain');
  assert.match(
    verdict.end,
    /^a run of job acme\/job has not moved for as long as NO_PROGRESS_TIMEOUT allows/,
  );
  // Its next attempt is due meanwhile, but nothing begins in a process that is about to end.
  await rig.clock.advance(2 * LEASE_MS);
  assert.deepEqual([a.worker.state().running, rig.runs.length], [0, 1]);
  const drained = a.worker.drain();
  const b = rig.start('b');
  const done = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.equal(await drained, 0);
  gate.open();
  await rig.clock.advance(LEASE_MS);
  assert.deepEqual(await rig.job('acme', 'job'), done);
  assert.deepEqual(
    [a.ended.map(({ outcome }) => outcome), b.ended.map(({ outcome }) => outcome)],
    [['waiting'], ['success']],
  );
  assert.equal(done.attempts, 1);
});

test('a job that stalls each time fails once its attempts are used up', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  rig.start('a', { noProgressTimeoutMs, maxRetries: 1 });
  rig.publish('acme', 'job');
  const failed = await rig.untilJob('acme', 'job', 'FAILED');
  assert.deepEqual([failed.errorReason, rig.runs.length], ['no_progress', 2]);
});

test('a sign of life counts from anew', () => {
  const patience = new RunPatience(0, LEASE_MS, noProgressTimeoutMs);
  let nowMs = 0;
  const look = (ms: number): string => {
    for (const untilMs = nowMs + ms; nowMs < untilMs;) {
      nowMs += LOOK_MS;
      if (patience.look(nowMs) !== 'fine') return 'too long';
    }
    return 'fine';
  };
  for (let call = 0; call < 3; call += 1) {
    assert.equal(look(noProgressTimeoutMs - LOOK_MS), 'fine');
    patience.moved();
  }
  assert.equal(look(noProgressTimeoutMs), 'too long');
});

test('a process that was stopped for a day has not waited for a day', () => {
  const patience = new RunPatience(0, LEASE_MS, noProgressTimeoutMs);
  assert.equal(patience.look(86_400_000), 'fine');
});

test('steps, checkpoints and answers are signs of life, refusals too; a call without an answer is none', async () => {
  let signs = 0;
  const onSign = (): void => void (signs += 1);
  const hanging = new Promise<never>(() => undefined);
  const sides = {
    source: { describe: () => Promise.resolve('table'), totals: () => hanging },
    destination: { describe: () => Promise.reject(new Error('refused')) },
  } as unknown as Sides;
  const { source, destination } = sidesWithSigns(sides, onSign);
  void source.totals({} as never, {} as never);
  assert.equal(await source.describe({} as never), 'table');
  assert.equal(signs, 1);
  await assert.rejects(destination.describe({} as never), /refused/);
  assert.equal(signs, 2);
  const told: unknown[] = [];
  const observer = {
    stepStarted: (...given: unknown[]) => void told.push(...given),
  } as unknown as RunObserver;
  observerWithSigns(observer, onSign).stepStarted({ organizationId: 'acme', jobId: 'job' }, 'load');
  assert.deepEqual([signs, told.length], [3, 2]);
});
