/** What to type next about a job that does not go on by itself. */
import { quoteTable } from '../bigquery/table-ref.ts';
import type { JobKey } from '../job/job.ts';
import { LINEAGE_JOB_ID } from '../job/table-schema.ts';
import type { JobRecord } from '../state/job-record.ts';

/** Tries a FAILED or CANCELLED job again. */
export function retryCommand({ organizationId, jobId }: JobKey): string {
  return `pulse-billing-etl retry ${organizationId} ${jobId}`;
}

/** Goes on with a job here and now; what kind of job it is, its record knows. */
export function runCommand({ organizationId, jobId }: JobKey): string {
  return `pulse-billing-etl run ${organizationId} --job-id ${jobId}`;
}

/** Settles a job that needs an operator, by what the operator found out. */
export function resolveCommand(
  { organizationId, jobId }: JobKey,
  found: 'committed' | 'not-committed',
): string {
  return `pulse-billing-etl resolve ${organizationId} ${jobId} --${found}`;
}

/** SQL that counts the visible rows of the job's commit set; undefined where no commit was decided. */
export function countQuery({ plan, commitSet }: JobRecord): string | undefined {
  if (!plan || !commitSet) return undefined;
  const table = quoteTable(plan.destination);
  return `SELECT COUNT(*) FROM ${table} WHERE ${LINEAGE_JOB_ID} = '${commitSet.lineage}'`;
}
