/** IN_PROGRESS stays: records what the job is going to do, once per plan number. */
import type { Lease } from '../../job/job.ts';
import { storePlan as storedForm, type Plan } from '../../job/plan.ts';
import { jobName } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { changeJob, leaseLost, lockLeasedJob } from './locked-job.ts';

/** Stores the plan; storing the same plan again is fine, another one under the same number is a defect. Rejects with LeaseLostError. */
export function storePlan(database: Database, lease: Lease, plan: Plan): Promise<void> {
  const text = JSON.stringify(storedForm(plan));
  return database.transaction(async (session) => {
    const locked = await lockLeasedJob(session, lease);
    if (!locked || locked.job.status !== 'IN_PROGRESS') throw leaseLost(lease);
    if (locked.job.plan === text) return;
    if (locked.job.plan !== null)
      throw new Error(
        `${jobName(lease)} already has another plan number ${locked.job.planNumber}: call planAnew first`,
      );
    await changeJob(locked, { plan: text });
  });
}
