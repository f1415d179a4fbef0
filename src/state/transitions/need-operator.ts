/** COMMITTING stays: nobody can prove whether the commit took effect, so a person has to. */
import type { Lease } from '../../job/job.ts';
import { recordAlert } from '../alert-store.ts';
import type { Database } from '../database.ts';
import { changeJob, leaseLost, lockJobAndOrganization, lockLeasedJob, NO_LEASE } from './locked-job.ts';

/** Releases the lease, keeps the organization locked, and records an alert in the same transaction. Rejects with LeaseLostError. */
export function needOperator(database: Database, lease: Lease, message: string): Promise<void> {
  return database.transaction(async (session) => {
    const locked = await lockLeasedJob(session, lease);
    if (locked?.job.status !== 'COMMITTING') {
      const job = (await lockJobAndOrganization(session, lease))?.job;
      if (job?.needsOperator && job.leaseEpoch === lease.epoch) return;
      throw leaseLost(lease);
    }
    const text = withCommands(lease, message);
    await changeJob(locked, {
      ...NO_LEASE,
      needsOperator: true,
      nextAttemptAt: null,
      errorReason: 'commit_ambiguous',
      errorMessage: text,
    });
    const alert = {
      kind: 'needs_operator',
      key: locked.job,
      reason: 'commit_ambiguous',
      message: text,
    } as const;
    await recordAlert(session, alert, locked.now);
  });
}

/** Whoever reads the alert can settle the job without looking anything up. */
function withCommands({ organizationId, jobId }: Lease, message: string): string {
  const command = `pulse-billing-etl resolve ${organizationId} ${jobId}`;
  if (message.includes(command)) return message;
  return `${message}; count the rows of this job at the destination, then: ${command} --committed, or ${command} --not-committed`;
}
