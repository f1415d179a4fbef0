// What is kept beside the jobs: dead letters, alerts, audit, ledger, workers, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseLostError } from '../../../src/job/errors.ts';
import type { AlertRecord } from '../../../src/state/alert-store.ts';
import { eventually, uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import { anOrganization, aQueuedJob, aRunningJob, claimAs, LONG_MS } from './fixtures.ts';

onEveryDatabase((database, kind) => {
  test('a dead letter keeps every byte of its message, and is recorded once per message id', async () => {
    const { state } = database();
    const letter = {
      message: `{"organization_id":"${'é🌱'.repeat(20_000)}"}`,
      attributes: { reason: 'invalid_message', 'üm läut': '\u0000' },
      reason: 'invalid_message',
      violations: ['organization_id may hold only A-Z a-z 0-9 . _ -', 'nested "quotes"'],
      messageId: uniqueName('message'),
    };
    await state.deadLetters.record(letter);
    await state.deadLetters.record({ ...letter, reason: 'not_json' });
    const found = (await state.deadLetters.list({ limit: 1000 })).filter(
      ({ messageId }) => messageId === letter.messageId,
    );
    assert.equal(found.length, 1);
    const { id, seenAt, ...recorded } = found[0]!;
    assert.ok(seenAt > 0n);
    assert.deepEqual(recorded, {
      ...letter,
      source: 'message',
      messageEncoding: 'utf8',
      organizationId: undefined,
      jobId: undefined,
      replayedAt: undefined,
      replayedBy: undefined,
    });
    assert.deepEqual(await state.deadLetters.find(id), found[0]);
    assert.equal(await state.deadLetters.find(id + 1_000_000), undefined);
  });

  test('dead letters without a message id are all kept', async () => {
    const { state } = database();
    const letter = {
      message: '//8=',
      messageEncoding: 'base64',
      attributes: {},
      organizationId: uniqueName('org'),
      reason: 'not_utf8',
      violations: [],
    } as const;
    await state.deadLetters.record(letter);
    await state.deadLetters.record(letter);
    assert.equal((await state.deadLetters.list({ organizationId: letter.organizationId })).length, 2);
  });

  test('dead letters are listed, replayed and purged by what they are', async () => {
    const { state } = database();
    const organizationId = uniqueName('org');
    for (const reason of ['not_json', 'invalid_message', 'not_json'])
      await state.deadLetters.record({ message: '', attributes: {}, organizationId, reason, violations: [] });
    const all = await state.deadLetters.list({ organizationId });
    assert.deepEqual(
      all.map((letter) => letter.reason),
      ['not_json', 'invalid_message', 'not_json'],
    );
    assert.ok(all[0]!.id > all[2]!.id);
    const ids = async (filter: object) =>
      (await state.deadLetters.list({ organizationId, ...filter })).map(({ id }) => id);
    assert.deepEqual(await ids({ reason: 'invalid_message' }), [all[1]!.id]);
    assert.deepEqual(await ids({ beforeId: all[1]!.id }), [all[2]!.id]);
    assert.deepEqual(await ids({ since: all[0]!.seenAt + 1n }), []);
    assert.equal(await state.deadLetters.markReplayed(all[0]!.id, 'zoë'), true);
    assert.equal(await state.deadLetters.markReplayed(all[0]!.id, 'ann'), false, 'once only');
    assert.equal(await state.deadLetters.markReplayed(-1, 'zoë'), false);
    assert.equal(await state.deadLetters.count({ organizationId, replayed: false, limit: 1 }), 2);
    assert.deepEqual(await ids({ replayed: true }), [all[0]!.id]);
    assert.equal((await state.deadLetters.find(all[0]!.id))?.replayedBy, 'zoë');
    assert.equal(await state.deadLetters.purge({ organizationId, replayed: false, limit: 1 }), 1);
    assert.equal(await state.deadLetters.purge({ organizationId }), 2);
    assert.deepEqual(await ids({}), []);
  });

  test('an alert is handed to one sender at a time until it is sent', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const key = { organizationId: uniqueName('org') };
    await state.alerts.record({ kind: 'stale_organization', key, message: 'no success for 2 days' });
    const mine = (alerts: { organizationId: string | undefined }[]) =>
      alerts.filter(({ organizationId }) => organizationId === key.organizationId);
    const [a, b] = await Promise.all([state, other].map((each) => each.alerts.claimUnsent(1000, 400)));
    const handed = [...mine(a!), ...mine(b!)];
    assert.equal(handed.length, 1);
    const again = await eventually(async () => mine(await state.alerts.claimUnsent(1000, LONG_MS))[0], {
      describe: 'the alert to be handed out again',
    });
    const { ids, attempts, jobId } = again as AlertRecord;
    assert.deepEqual([attempts, jobId], [2, undefined]);
    await state.alerts.markSent({ ids });
    assert.deepEqual(mine(await state.alerts.claimUnsent(1000, 1)), []);
  });

  test('alerts alike are handed out as one, and the next ones only when the time to fold has passed', async () => {
    const { state, execute } = database();
    const key = { organizationId: uniqueName('org'), jobId: 'job' };
    const handed = async (foldMs: number) =>
      (await state.alerts.claimUnsent(1000, LONG_MS, foldMs)).filter(
        ({ organizationId }) => organizationId === key.organizationId,
      );
    const failed = { kind: 'failed', key, reason: 'row_rejected' } as const;
    await state.alerts.record({ ...failed, message: 'first' });
    await state.alerts.record({ ...failed, message: 'second' });
    await state.alerts.record({ ...failed, kind: 'needs_operator', message: 'another kind' });
    await state.alerts.record({ ...failed, key: { ...key, jobId: 'other' }, message: 'another job' });
    const first = await handed(LONG_MS);
    assert.deepEqual(
      first.map(({ ids, message, reason }) => [ids.length, message, reason]),
      [
        [2, 'second', 'row_rejected'],
        [1, 'another kind', 'row_rejected'],
        [1, 'another job', 'row_rejected'],
      ],
    );
    for (const alert of first) await state.alerts.markSent(alert);
    await state.alerts.record({ ...failed, message: 'third' });
    await state.alerts.record({ ...failed, message: 'fourth' });
    assert.deepEqual(await handed(LONG_MS), []);
    const shift = `sent_at = sent_at - ${LONG_MS * 1000}, next_attempt_at = next_attempt_at - ${LONG_MS * 1000}`;
    await execute(`UPDATE etl_alerts SET ${shift} WHERE organization_id = ?`, [key.organizationId]);
    const [second, ...more] = await handed(LONG_MS);
    assert.deepEqual([second?.ids.length, second?.message, second?.attempts, more], [2, 'fourth', 1, []]);
    await state.alerts.retryLater(second!, 0);
    assert.equal((await handed(0))[0]?.attempts, 2);
  });

  test('an alert that was recorded a while ago is not recorded again', async () => {
    const { state } = database();
    const alert = { kind: 'stale_organization', key: { organizationId: uniqueName('org') } } as const;
    assert.equal(await state.alerts.recordUnlessWithin(LONG_MS, { ...alert, message: 'old' }), true);
    assert.equal(await state.alerts.recordUnlessWithin(LONG_MS, { ...alert, message: 'older' }), false);
    const other = { ...alert, key: { organizationId: uniqueName('org') }, message: 'old' };
    assert.equal(await state.alerts.recordUnlessWithin(LONG_MS, other), true);
  });

  test('the dead letter of a job waits to be published, and is handed to one publisher at a time', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.jobs.fail(lease, 'access_denied', 'no');
    await state.deadLetters.record({
      ...{ message: '', attributes: {}, violations: [] },
      reason: 'not_json',
    });
    const handed = async (holdMs: number) => {
      const letters = await state.deadLetters.claimUnpublished(1000, holdMs);
      assert.ok(letters.every(({ source }) => source === 'failed_job'));
      return letters.filter(({ organizationId }) => organizationId === lease.organizationId);
    };
    assert.equal((await handed(0)).length, 1);
    const [letter] = await handed(LONG_MS);
    assert.deepEqual(await handed(LONG_MS), []);
    await state.deadLetters.markPublished(letter!.id);
    assert.equal((await state.deadLetters.find(letter!.id))?.reason, 'access_denied');
  });

  test('the audit log tells who did what, the newest first', async () => {
    const { state } = database();
    const subject = `${uniqueName('org')}/job`;
    await state.audit.record({ actor: 'zoë', action: 'retry', subject, before: { status: 'FAILED' } });
    await state.audit.record({ actor: 'ann', action: 'cancel', subject, after: ['x', null, 1] });
    const entries = await state.audit.list({ subject });
    assert.deepEqual(
      entries.map(({ id: _, recordedAt: __, ...entry }) => entry),
      [
        { actor: 'ann', action: 'cancel', subject, before: undefined, after: ['x', null, 1] },
        { actor: 'zoë', action: 'retry', subject, before: { status: 'FAILED' }, after: undefined },
      ],
    );
    assert.equal((await state.audit.list({ subject, action: 'retry' })).length, 1);
    assert.equal((await state.audit.list({ subject, beforeId: entries[0]!.id })).length, 1);
  });

  test('the ledger keeps the last proof of each day', async () => {
    const { state } = database();
    const lease = await aRunningJob(state, { jobType: 'verify' });
    const { organizationId } = lease;
    const sum = '12345678901234567890.123456789012345';
    const cost = { sum, nan: 1, positiveInfinity: 0, negativeInfinity: 0 };
    const totals = [{ currency: null, rows: 3, columns: { cost } }];
    const entry = (sourceDay: string, rows: number) => ({ sourceDay, rows, totals });
    await state.ledger.upsert(lease, [
      entry('2026-01-30', 1),
      entry('2026-01-31', 2),
      entry('2026-02-01', 3),
    ]);
    await state.ledger.upsert(lease, [{ ...entry('2026-01-31', 9), fingerprint: 'f' }]);
    await state.ledger.upsert(lease, []);
    const found = await state.ledger.list(organizationId, '2026-01-31', '2026-02-01');
    assert.deepEqual(
      found.map(({ sourceDay, rows, fingerprint }) => [sourceDay, rows, fingerprint]),
      [
        ['2026-01-31', 9, 'f'],
        ['2026-02-01', 3, undefined],
      ],
    );
    assert.deepEqual(found[0]!.totals, totals);

    const stale = { ...lease, epoch: lease.epoch - 1 };
    await assert.rejects(state.ledger.upsert(stale, [entry('2026-01-31', 0)]), LeaseLostError);
    await assert.rejects(state.ledger.confirm(stale, ['2026-01-31']), LeaseLostError);
    assert.deepEqual(await state.ledger.list(organizationId, '2026-01-31', '2026-02-01'), found);
  });

  test(
    kind === 'MariaDB' ? 'many workers share a server' : 'an SQLite file has one worker at a time',
    async () => {
      const { state } = database();
      const [first, second] = [uniqueName('worker'), uniqueName('worker')];
      // Others of this file have sent heartbeats.
      for (const { owner } of await state.listWorkers()) await state.releaseWorkerSlot(owner);
      assert.deepEqual(await state.claimWorkerSlot(first, LONG_MS), { kind: 'granted' });
      assert.deepEqual(await state.claimWorkerSlot(first, LONG_MS), { kind: 'granted' });
      const outcome = await state.claimWorkerSlot(second, LONG_MS);
      if (kind === 'MariaDB') {
        assert.deepEqual(outcome, { kind: 'granted' });
      } else {
        assert.ok(outcome.kind === 'taken' && outcome.owner === first);
        assert.ok(outcome.leaseExpiresAt > (await state.now()));
        await state.releaseWorkerSlot(first);
        assert.deepEqual(await state.claimWorkerSlot(second, 1), { kind: 'granted' });
        await eventually(async () => (await state.claimWorkerSlot(first, LONG_MS)).kind === 'granted', {
          describe: 'the slot of a dead worker',
        });
      }
    },
  );

  test('steps and batches of ended jobs and dead letters go after the retention; running jobs keep theirs', async () => {
    const { state, execute } = database();
    const organization = await anOrganization(state);
    const batch = {
      ...{ stream: 0, batch: 0, readOffset: 0, writeOffset: 0, rowsRead: 1, rowsWritten: 1 },
      ...{ rowsDropped: 0, rowsQuarantined: 0, bytes: 1, totals: [], state: 'planned' as const },
    };
    const ended = await claimAs(state, await aQueuedJob(state, organization));
    const running = await aRunningJob(state);
    for (const lease of [ended, running]) {
      await state.steps.start(lease, 1, 'load');
      await state.batches.record(lease, 1, [batch], []);
    }
    await state.jobs.fail(ended, 'access_denied', 'no');
    const none = { steps: 0, batches: 0, deadLetters: 0, alerts: 0, workers: 0 };
    assert.deepEqual(await state.prune(90), none);
    // An alert that could not be sent yet is kept, however old it is.
    await state.alerts.record({ kind: 'failed', key: { organizationId: organization }, message: 'sent' });
    const sent = (await state.alerts.claimUnsent(1000, 1)).find((alert) => alert.message === 'sent');
    await state.alerts.markSent(sent!);
    const old = 91 * 86_400_000_000;
    await execute(`UPDATE etl_steps SET started_at = started_at - ${old}`);
    await execute(`UPDATE etl_batches SET updated_at = updated_at - ${old}`);
    await execute(`UPDATE dead_letters SET seen_at = seen_at - ${old} WHERE organization_id = ?`, [
      organization,
    ]);
    await execute(
      `UPDATE etl_alerts SET created_at = 0, sent_at = sent_at - ${old} WHERE organization_id = ?`,
      [organization],
    );
    await execute(
      'INSERT INTO etl_workers (owner, started_at, seen_at, lease_expires_at) VALUES (?, 0, 0, 0)',
      [uniqueName('gone')],
    );
    assert.deepEqual(await state.prune(90), { steps: 1, batches: 1, deadLetters: 0, alerts: 1, workers: 1 });
    // So is a dead letter that was not published yet.
    for (const { id } of await state.deadLetters.claimUnpublished(1000, 1))
      await state.deadLetters.markPublished(id);
    assert.deepEqual(await state.prune(90), { ...none, deadLetters: 1 });
    assert.deepEqual(await state.steps.list(ended), []);
    assert.equal((await state.steps.list(running)).length, 1);
    assert.equal((await state.batches.list(running, 1)).length, 1);
    assert.equal((await state.jobs.find(ended))?.status, 'FAILED');
  });
});
