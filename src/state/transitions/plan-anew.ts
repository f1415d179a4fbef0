/** IN_PROGRESS stays: gives up a plan that can no longer be carried out. */
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { changeJob, leaseLost, lockLeasedJob } from './locked-job.ts';

/** Begins the next plan number, without a plan yet, and returns it. Rejects with LeaseLostError. */
export function planAnew(database: Database, lease: Lease): Promise<number> {
  return database.transaction(async (session) => {
    const locked = await lockLeasedJob(session, lease);
    if (!locked || locked.job.status !== 'IN_PROGRESS') throw leaseLost(lease);
    const planNumber = locked.job.planNumber + 1;
    await changeJob(locked, { planNumber, plan: null });
    return planNumber;
  });
}
