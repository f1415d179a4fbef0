/** What the status page and /api/status show: organizations with freshness and last job, counts, running jobs. */
import type { Micros } from '../job/instant.ts';
import type { Organization } from '../job/organization.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';

/** The part of the state that the HTTP side reads. */
export type ReadableState = Pick<State, 'jobs' | 'organizations' | 'steps' | 'batches' | 'now'>;

export type OrganizationOverview = {
  readonly organization: Organization;
  readonly lastJob: JobRecord | undefined;
};

/** A job under way with the rows of its acknowledged batches. */
export type RunningJob = {
  readonly job: JobRecord;
  readonly rowsDone: number;
  readonly bytesDone: number;
  readonly rowsEstimated: number | undefined;
};

export type Overview = {
  /** The database's clock, by which ages are reckoned. */
  readonly now: Micros;
  readonly organizations: readonly OrganizationOverview[];
  readonly running: readonly RunningJob[];
  readonly counts: Awaited<ReturnType<State['jobs']['countByStatus']>>;
};

const SHOWN_RUNNING = 200;

/** Reads everything once; one small query for each organization and each running job. */
export async function readOverview(state: ReadableState): Promise<Overview> {
  const organizations: OrganizationOverview[] = [];
  for (const organization of await state.organizations.list()) {
    const [lastJob] = await state.jobs.list({ organizationId: organization.organizationId, limit: 1 });
    organizations.push({ organization, lastJob });
  }
  const active = await state.jobs.list({ status: ['IN_PROGRESS', 'COMMITTING'], limit: SHOWN_RUNNING });
  const running: RunningJob[] = [];
  for (const job of active) running.push(await readProgress(job, state));
  return { now: await state.now(), organizations, running, counts: await state.jobs.countByStatus() };
}

/** How far a job is by its acknowledged batches. */
export async function readProgress(job: JobRecord, state: ReadableState): Promise<RunningJob> {
  const { rowsWritten, bytesWritten } = await state.batches.progress(job, job.planNumber);
  return {
    job,
    rowsDone: rowsWritten,
    bytesDone: bytesWritten,
    rowsEstimated: job.plan?.estimatedRows,
  };
}
