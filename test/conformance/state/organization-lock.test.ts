// The lock of an organization: every way out of a state either hands it on in the same transaction or keeps it, as it must.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
import { onDatabase, onEveryDatabase } from './databases.ts';
import {
  activeJobOf,
  aDecidedJob,
  aLeaseThatRanOut,
  anOrganization,
  aPlannedJob,
  aQueuedJob,
  aSet,
  COUNTS,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

type Path = {
  name: string;
  from: typeof aPlannedJob;
  leave: (state: State, lease: Lease) => Promise<unknown>;
};

const HANDS_ON: readonly Path[] = [
  {
    name: 'IN_PROGRESS → QUEUED to try again later',
    from: aPlannedJob,
    leave: (state, lease) => state.jobs.retryLater(lease, 'rate_limited', 'slow down', LONG_MS),
  },
  {
    name: 'IN_PROGRESS → SUCCESS without rows',
    from: aPlannedJob,
    leave: (state, lease) => state.jobs.finishEmpty(lease, 1, COUNTS),
  },
  {
    name: 'IN_PROGRESS → FAILED',
    from: aPlannedJob,
    leave: (state, lease) => state.jobs.fail(lease, 'access_denied', 'no'),
  },
  {
    name: 'IN_PROGRESS → CANCELLED by its run',
    from: aPlannedJob,
    leave: (state, lease) => state.jobs.cancelled(lease),
  },
  {
    name: 'IN_PROGRESS → CANCELLED instead of trying again',
    from: aPlannedJob,
    leave: async (state, lease) => {
      await state.jobs.requestCancel(lease);
      await state.jobs.retryLater(lease, 'rate_limited', 'slow down', LONG_MS);
    },
  },
  {
    name: 'IN_PROGRESS → CANCELLED instead of being handed over',
    from: aPlannedJob,
    leave: async (state, lease) => {
      await state.jobs.requestCancel(lease);
      await state.jobs.interrupt(lease);
    },
  },
  {
    name: 'COMMITTING → SUCCESS',
    from: aDecidedJob,
    leave: (state, lease) => state.jobs.finish(lease, aSet(lease), COUNTS),
  },
  {
    name: 'COMMITTING → SUCCESS by a worker that gave its lease up',
    from: aDecidedJob,
    leave: async (state, lease) => {
      await state.jobs.interrupt(lease);
      await state.jobs.finish(lease, aSet(lease), COUNTS);
    },
  },
  {
    name: 'COMMITTING → SUCCESS by an operator',
    from: aDecidedJob,
    leave: async (state, lease) => {
      await state.jobs.needOperator(lease, 'some rows are there');
      await state.jobs.resolveCommitted(lease);
    },
  },
];

/** It hands the lock on too, but its own turn comes first again. */
const INTERRUPTED: Path = {
  name: 'IN_PROGRESS → QUEUED because its worker stops',
  from: aPlannedJob,
  leave: (state, lease) => state.jobs.interrupt(lease),
};

const KEEPS: readonly Path[] = [
  {
    name: 'IN_PROGRESS → IN_PROGRESS under a new plan',
    from: aPlannedJob,
    leave: (state, lease) => state.jobs.planAnew(lease),
  },
  { name: 'IN_PROGRESS → COMMITTING', from: aDecidedJob, leave: async () => undefined },
  {
    name: 'COMMITTING resting until its next try',
    from: aDecidedJob,
    leave: (state, lease) => state.jobs.retryLater(lease, 'rate_limited', 'slow down', LONG_MS),
  },
  {
    name: 'COMMITTING handed over',
    from: aDecidedJob,
    leave: (state, lease) => state.jobs.interrupt(lease),
  },
  {
    name: 'COMMITTING → IN_PROGRESS without effect',
    from: aDecidedJob,
    leave: (state, lease) => state.jobs.replanAfterNoEffect(lease, aSet(lease)),
  },
  {
    name: 'COMMITTING waiting for an operator',
    from: aDecidedJob,
    leave: (state, lease) => state.jobs.needOperator(lease, 'some rows are there'),
  },
  {
    name: 'COMMITTING → IN_PROGRESS by an operator',
    from: aDecidedJob,
    leave: async (state, lease) => {
      await state.jobs.needOperator(lease, 'no rows are there');
      await state.jobs.resolveNotCommitted(lease);
    },
  },
];

/** Whatever would free an organization fails. */
const FORBIDDEN = `CREATE TRIGGER forbidden BEFORE UPDATE ON client_billing_config
  WHEN OLD.active_job IS NOT NULL AND NEW.active_job IS NULL
  BEGIN SELECT RAISE(ABORT, 'the organization may not be freed'); END`;

onDatabase('SQLite in memory', (database) => {
  for (const { name, from, leave } of [...HANDS_ON, INTERRUPTED])
    test(`${name} changes job and organization together or not at all`, async () => {
      const { state, execute } = database();
      const lease = await from(state);
      const { status } = await jobOf(state, lease);
      await execute(FORBIDDEN);
      await assert.rejects(leave(state, lease), /the organization may not be freed/);
      assert.deepEqual(
        [(await jobOf(state, lease)).status, await activeJobOf(state, lease)],
        [status, lease.jobId],
      );
      await execute('DROP TRIGGER forbidden');
      await leave(state, lease);
      assert.notEqual((await jobOf(state, lease)).status, status);
      assert.equal(await activeJobOf(state, lease), undefined);
    });
});

onEveryDatabase((database) => {
  for (const { name, from, leave } of HANDS_ON) {
    test(`${name} lets the next job of the organization run`, async () => {
      const { state } = database();
      const lease = await from(state);
      const next = await aQueuedJob(state, lease.organizationId);
      assert.equal((await state.jobs.claim(next, 'worker-2', LONG_MS)).kind, 'behind');
      await leave(state, lease);
      assert.equal(await activeJobOf(state, lease), undefined);
      assert.equal((await state.jobs.claim(next, 'worker-2', LONG_MS)).kind, 'claimed');
      assert.equal(await activeJobOf(state, lease), next.jobId);
    });

    test(`${name} after the lock went to another job leaves it there`, async () => {
      const { state, execute } = database();
      const lease = await from(state);
      await execute('UPDATE client_billing_config SET active_job = ? WHERE organization_id = ?', [
        'another',
        lease.organizationId,
      ]);
      await leave(state, lease);
      assert.equal(await activeJobOf(state, lease), 'another');
    });
  }

  for (const { name, from, leave } of KEEPS) {
    test(`${name} keeps the organization locked`, async () => {
      const { state } = database();
      const lease = await from(state);
      const next = await aQueuedJob(state, lease.organizationId);
      await leave(state, lease);
      assert.equal(await activeJobOf(state, lease), lease.jobId);
      assert.deepEqual(await state.jobs.claim(next, 'worker-2', LONG_MS), {
        kind: 'behind',
        activeJob: lease.jobId,
      });
    });
  }

  test('an interrupted job hands the lock on, but its turn comes first again', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const next = await aQueuedJob(state, lease.organizationId);
    await state.jobs.interrupt(lease);
    assert.equal(await activeJobOf(state, lease), undefined);
    assert.equal((await state.jobs.claim(next, 'worker-2', LONG_MS)).kind, 'behind');
    assert.equal((await state.jobs.claim(lease, 'worker-2', LONG_MS)).kind, 'claimed');
  });

  test('a run that died keeps the lock until its lease has run out and another takes the job over or cancels it', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const next = await aQueuedJob(state, key.organizationId);
    await aLeaseThatRanOut(state, key);
    assert.equal((await state.jobs.claim(next, 'worker-2', LONG_MS)).kind, 'behind');
    await state.jobs.requestCancel(key);
    assert.equal((await state.jobs.claim(next, 'worker-2', LONG_MS)).kind, 'claimed');
  });
});
