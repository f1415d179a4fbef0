/** What the overview and /api/status show: organizations with freshness and success, jobs under way, replicas, figures by day. */
import { dayText, MICROS_PER_DAY, type Micros } from '../job/instant.ts';
import type { Organization } from '../job/organization.ts';
import { dayOf } from '../state/job-figures.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { DayFigures } from '../state/job-store.ts';
import type { LedgerEntry } from '../state/ledger-store.ts';
import type { State } from '../state/open-state.ts';

/** The part of the state that the HTTP side reads. */
export type ReadableState = Pick<
  State,
  'jobs' | 'organizations' | 'steps' | 'batches' | 'deadLetters' | 'audit' | 'ledger' | 'now' | 'listWorkers'
>;

/** How many jobs ended, and how many of them well. */
export type SuccessRate = { readonly succeeded: number; readonly ended: number };

export type OrganizationOverview = {
  readonly organization: Organization;
  readonly lastJob: JobRecord | undefined;
  /** Over the days of the figures. */
  readonly successRate: SuccessRate;
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
  /** Of the last FIGURE_DAYS days, today included. */
  readonly figures: readonly DayFigures[];
  /** What was verified of the same days, of all organizations; undefined where these are too many to add up at each look. */
  readonly ledger: readonly LedgerEntry[] | undefined;
  readonly liveWorkers: number;
};

/** Organizations whose verified days are added up for the overview; beyond, each has them on its own page. */
const MAX_ADDED_UP = 200;
/** Days that charts and success rates look back. */
export const FIGURE_DAYS = 14;
const SHOWN_RUNNING = 200;

/** Reads everything once, in a number of queries that does not grow with organizations or jobs, but for one small query a running job. */
export async function readOverview(state: ReadableState): Promise<Overview> {
  const now = await state.now();
  const newest = new Map((await state.jobs.newest()).map((job) => [job.organizationId, job]));
  const figures = await state.jobs.figures(firstFigureDay(now));
  const figuresOf = new Map<string, DayFigures[]>();
  for (const entry of figures)
    figuresOf.set(entry.organizationId, [...(figuresOf.get(entry.organizationId) ?? []), entry]);
  const organizations = (await state.organizations.list()).map((organization) => {
    const { organizationId } = organization;
    const own = figuresOf.get(organizationId) ?? [];
    return { organization, lastJob: newest.get(organizationId), successRate: successRate(own) };
  });
  const running = await readRunning(state);
  const counts = await state.jobs.countByStatus();
  const ids = organizations.map(({ organization }) => organization.organizationId);
  const ledger =
    ids.length > MAX_ADDED_UP
      ? undefined
      : await state.ledger.listMany(ids, dayText(firstFigureDay(now)), dayText(now));
  const liveWorkers = await countLiveWorkers(state);
  return { now, organizations, running, counts, figures, ledger, liveWorkers };
}

/** Midnight of the first day of the figures. */
export function firstFigureDay(now: Micros): Micros {
  return dayOf(now) - BigInt(FIGURE_DAYS - 1) * MICROS_PER_DAY;
}

/** Cancelled jobs are neither: somebody wanted them to end so. */
export function successRate(figures: readonly DayFigures[]): SuccessRate {
  const jobs = (status: string): number =>
    figures.reduce((sum, entry) => sum + (entry.status === status ? entry.jobs : 0), 0);
  return { succeeded: jobs('SUCCESS'), ended: jobs('SUCCESS') + jobs('FAILED') };
}

/** The jobs that somebody runs, with their progress. */
export async function readRunning(state: ReadableState): Promise<RunningJob[]> {
  const active = await state.jobs.list({ status: ['IN_PROGRESS', 'COMMITTING'], limit: SHOWN_RUNNING });
  const running: RunningJob[] = [];
  for (const job of active) running.push(await readProgress(job, state));
  return running;
}

/** Replicas whose lease has not run out. */
export async function countLiveWorkers(state: ReadableState): Promise<number> {
  return (await state.listWorkers()).filter(({ alive, kind }) => alive && kind === 'worker').length;
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
