// What transactions leave to be sent is sent at least once, folded, tried again with a growing delay, and holds up nothing.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { OutgoingAlert } from '../../src/worker/alert-sender.ts';
import { sendOutbox } from '../../src/worker/outbox.ts';
import { watchStaleOrganizations } from '../../src/worker/stale-organizations.ts';
import { aRig, requestOf, type Rig } from './worker-rig.ts';

const HOUR_MS = 3_600_000;

/** Replicas whose alerts arrive in `sent`, as long as `refusal` is not set. */
async function anOutbox(t: TestContext) {
  const rig = await aRig(t);
  const outbox = { sent: [] as (OutgoingAlert & { atMs: number })[], tries: [] as number[], refusal: '' };
  const task = sendOutbox(async (alert) => {
    outbox.tries.push(rig.clock.nowMs());
    if (outbox.refusal !== '') throw new Error(outbox.refusal);
    outbox.sent.push({ ...alert, atMs: rig.clock.nowMs() });
  });
  return { rig, outbox, tasks: [task] };
}

async function failJob(rig: Rig, jobId: string): Promise<void> {
  await rig.state.jobs.admit(requestOf('acme', jobId), undefined);
  await rig.state.jobs.failUnclaimed(requestOf('acme', jobId), 'unknown_organization', `no ${jobId}`);
}

test('the alert and the dead letter of a failed job are sent once by two replicas', async (t) => {
  const { rig, outbox, tasks } = await anOutbox(t);
  await failJob(rig, 'j1');
  rig.start('a', { tasks });
  rig.start('b', { tasks });
  await rig.clock.advance(HOUR_MS);
  const [alert, ...more] = outbox.sent;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [alert?.kind, alert?.organizationId, alert?.jobId, alert?.reason, alert?.times, alert?.at],
    ['failed', 'acme', 'j1', 'unknown_organization', 1, '2026-01-01T00:00:00.000000Z'],
  );
  const [letter, ...others] = rig.broker.deadLetters;
  assert.deepEqual(others, []);
  assert.deepEqual(JSON.parse(Buffer.from(letter?.data ?? []).toString()), {
    organization_id: 'acme',
    job_id: 'j1',
    job_type: 'incremental',
  });
  assert.deepEqual(letter?.attributes, {
    job: 'acme/j1',
    plan_number: '1',
    source: 'failed_job',
    reason: 'unknown_organization',
    violations: '["no j1"]',
  });
});

test('what fails again within the hour is told once more when the hour is over, with a count', async (t) => {
  const { rig, outbox, tasks } = await anOutbox(t);
  const again = { kind: 'commit_retrying', key: { organizationId: 'acme', jobId: 'j1' } } as const;
  rig.start('a', { tasks });
  for (let minute = 0; minute < 30; minute += 1) {
    await rig.state.alerts.record({ ...again, message: `minute ${minute}` });
    await rig.clock.advance(60_000);
  }
  await rig.clock.advance(2 * HOUR_MS);
  assert.deepEqual(
    outbox.sent.map(({ times, message }) => [times, message]),
    [
      [1, 'minute 0'],
      [29, 'minute 29'],
    ],
  );
  const gapMs = (outbox.sent[1]?.atMs ?? 0) - (outbox.sent[0]?.atMs ?? 0);
  assert.ok(gapMs >= HOUR_MS && gapMs < HOUR_MS + 60_000, String(gapMs));
});

test('an alert nobody takes is tried again less and less often, told as trouble, and sent when somebody does', async (t) => {
  const { rig, outbox, tasks } = await anOutbox(t);
  outbox.refusal = 'HTTP 500';
  await failJob(rig, 'j1');
  const a = rig.start('a', { tasks });
  await rig.clock.advance(4 * HOUR_MS);
  const gaps = outbox.tries.slice(1).map((atMs, at) => atMs - (outbox.tries[at] ?? 0));
  assert.ok(gaps.length < 15 && (gaps[0] ?? 0) < 60_000 && Math.max(...gaps) > 40 * 60_000, gaps.join());
  assert.ok(a.troubles.every((text) => text.startsWith('an alert (failed) was not sent')));
  assert.equal(rig.broker.deadLetters.length, 1, 'the letter does not wait for it');
  outbox.refusal = '';
  await rig.clock.advance(2 * HOUR_MS);
  assert.equal(outbox.sent.length, 1);
});

test('a dead letter that cannot be published stays, and alerts go out meanwhile', async (t) => {
  const { rig, outbox, tasks } = await anOutbox(t);
  rig.broker.refusePublications('no such topic');
  await failJob(rig, 'j1');
  const a = rig.start('a', { tasks });
  await rig.clock.advance(600_000);
  assert.deepEqual([outbox.sent.length, rig.broker.deadLetters.length], [1, 0]);
  assert.match(a.troubles[0] ?? '', /^publishing dead letters failed and is tried again: no such topic$/);
  rig.broker.refusePublications();
  await rig.clock.advance(600_000);
  assert.equal(rig.broker.deadLetters.length, 1);
});

test('a sender that never answers holds up neither jobs nor a drain', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const hanging = sendOutbox(
    (_alert, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
  );
  await failJob(rig, 'j1');
  const a = rig.start('a', { tasks: [hanging] });
  await rig.clock.advance(60_000);
  rig.publish('acme', 'j2');
  await rig.untilJob('acme', 'j2', 'SUCCESS');
  const beforeMs = rig.clock.nowMs();
  void a.worker.drain();
  await rig.clock.until(() => a.worker.state().phase === 'stopped', 'the drain');
  assert.ok(rig.clock.nowMs() - beforeMs < 5_000);
});

test('an alert whose sender never answers is given up after a minute and tried again', async (t) => {
  const rig = await aRig(t);
  let calls = 0;
  const deaf = sendOutbox(() => (++calls === 1 ? new Promise<never>(() => undefined) : Promise.resolve()));
  await failJob(rig, 'j1');
  const a = rig.start('a', { tasks: [deaf] });
  await rig.clock.advance(600_000);
  assert.equal(calls, 2);
  assert.deepEqual(a.troubles, ['an alert (failed) was not sent and is tried again: no answer within 60 s']);
  assert.deepEqual(await rig.state.alerts.claimUnsent(10, 0), []);
});

test('an organization that falls behind while nothing runs for it is alerted about once a day', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'paused']);
  await rig.state.organizations.pause('paused');
  rig.start('a', { leaseMs: HOUR_MS, tasks: [watchStaleOrganizations(HOUR_MS)] });
  await rig.clock.advance(HOUR_MS - 1);
  const alerts = () => rig.state.alerts.claimUnsent(10, 0);
  assert.deepEqual(await alerts(), []);
  await rig.clock.advance(27 * HOUR_MS);
  const [alert, ...more] = await alerts();
  assert.deepEqual(
    [alert?.kind, alert?.organizationId, alert?.jobId],
    ['stale_organization', 'acme', undefined],
  );
  assert.match(alert?.message ?? '', /^organization acme has been configured since .* never copied/);
  assert.deepEqual([alert?.ids.length, more], [2, []]);
});
