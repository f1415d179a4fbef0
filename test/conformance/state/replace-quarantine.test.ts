// Other streams for rejected rows: what a decided job makes visible itself never changes with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitSet, QuarantineSet } from '../../../src/job/commit-set.ts';
import type { JobKey } from '../../../src/job/job.ts';
import { onEveryDatabase } from './databases.ts';
import { aPlannedJob, aSet, claimAs, COUNTS, jobOf } from './fixtures.ts';

function quarantineOf(stream: string): QuarantineSet {
  const table = { project: 'p', dataset: 'quarantine', table: 'rejected' };
  return { table, location: 'US', streams: [{ name: `p.quarantine.rejected/streams/${stream}`, rows: 1 }] };
}

const setWith = (key: JobKey, stream: string): CommitSet => ({
  ...aSet(key),
  quarantine: quarantineOf(stream),
});

onEveryDatabase((database) => {
  async function aDecidedJobWithRejections() {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const decided = await state.jobs.decide(lease, 1, setWith(lease, 'old'));
    assert.equal(decided.kind, 'decided');
    return { state, lease };
  }

  test('the recorded set has the new streams, and only it ends the job', async () => {
    const { state, lease } = await aDecidedJobWithRejections();
    const outcome = await state.jobs.replaceQuarantine(lease, setWith(lease, 'old'), quarantineOf('new'));
    assert.deepEqual(outcome, { kind: 'replaced', set: setWith(lease, 'new') });
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.planNumber, job.commitSet], ['COMMITTING', 1, setWith(lease, 'new')]);

    const late = await state.jobs.finish(lease, setWith(lease, 'old'), COUNTS);
    assert.deepEqual(late, { kind: 'superseded', status: 'COMMITTING' });
    assert.equal((await state.jobs.finish(lease, setWith(lease, 'new'), COUNTS)).kind, 'finished');
  });

  test('of two that replace the same streams one does', async () => {
    const { state, lease } = await aDecidedJobWithRejections();
    const other = await database().openAnother();
    const outcomes = await Promise.all([
      state.jobs.replaceQuarantine(lease, setWith(lease, 'old'), quarantineOf('one')),
      other.jobs.replaceQuarantine(lease, setWith(lease, 'old'), quarantineOf('another')),
    ]);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['lost', 'replaced']);
  });

  test('a stale lease, another set and a job that has ended change nothing', async () => {
    const { state, lease } = await aDecidedJobWithRejections();
    const old = setWith(lease, 'old');
    const lost = { kind: 'lost' };
    const replace = (of: typeof lease, set: CommitSet) =>
      state.jobs.replaceQuarantine(of, set, quarantineOf('new'));
    assert.deepEqual(await replace({ ...lease, epoch: lease.epoch + 1 }, old), lost);
    assert.deepEqual(await replace({ ...lease, owner: 'worker-2' }, old), lost);
    assert.deepEqual(await replace(lease, setWith(lease, 'another')), lost);
    assert.deepEqual((await jobOf(state, lease)).commitSet, old);

    await state.jobs.interrupt(lease);
    const next = await claimAs(state, lease, 'worker-2');
    assert.deepEqual(await replace(lease, old), lost);
    await state.jobs.finish(next, old, COUNTS);
    assert.deepEqual(await replace(next, old), lost);
    assert.deepEqual((await jobOf(state, lease)).commitSet, old);
  });
});
