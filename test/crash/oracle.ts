// Compares source and destination row by row after an episode, and every job with what it had to do.
import type { JobRecord } from '../../src/state/job-record.ts';
import type { Customer } from './customer.ts';
import type { Ground } from './ground.ts';

/** What was found; `violations` says each in words. */
export type Findings = {
  readonly jobs: number;
  readonly rows: number;
  /** Rows the destination has more often than the source, and rows it has less often. */
  readonly doubled: number;
  readonly lost: number;
  readonly interruptions: number;
  readonly attempts: number;
  readonly violations: readonly string[];
};

/** Looks at all customers; attempts are owed where something answered with an error, never where processes merely died. */
export async function examine(
  ground: Ground,
  customers: readonly Customer[],
  { attemptsAllowed = false } = {},
): Promise<Findings> {
  const all = await Promise.all(
    customers.map((customer) => examineCustomer(ground, customer, attemptsAllowed)),
  );
  const sum = (figure: 'jobs' | 'rows' | 'doubled' | 'lost' | 'interruptions' | 'attempts'): number =>
    all.reduce((total, findings) => total + findings[figure], 0);
  return {
    jobs: sum('jobs'),
    rows: sum('rows'),
    doubled: sum('doubled'),
    lost: sum('lost'),
    interruptions: sum('interruptions'),
    attempts: sum('attempts'),
    violations: all.flatMap(({ violations }) => violations),
  };
}

async function examineCustomer(
  ground: Ground,
  customer: Customer,
  attemptsAllowed: boolean,
): Promise<Findings> {
  const { copy, rounds } = customer;
  const [source, destination] = [await copy.sourceRows(), await copy.destinationRows()];
  const [lost, doubled] = [countBeyond(source, destination), countBeyond(destination, source)];
  const jobs = await Promise.all(rounds.map(({ key }) => ground.state.jobs.find(key)));
  const violations = [
    ...(lost > 0 ? [`${lost} rows are missing`] : []),
    ...(doubled > 0 ? [`${doubled} rows are there too often`] : []),
    ...rounds.flatMap(({ rows }, index) => wrongs(jobs[index], rows, attemptsAllowed)),
    ...wrongLineages(await copy.lineages(), rounds),
    ...wrongWatermark(await copy.watermark(), customer.lastExport),
  ];
  return {
    jobs: rounds.length,
    rows: destination.length,
    doubled,
    lost,
    interruptions: jobs.reduce((sum, job) => sum + (job?.interruptions ?? 0), 0),
    attempts: jobs.reduce((sum, job) => sum + (job?.attempts ?? 0), 0),
    violations: violations.map((violation) => `${copy.organizationId}: ${violation}`),
  };
}

/** How many elements of the first multiset the second one lacks. */
function countBeyond(first: readonly string[], second: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const row of second) counts.set(row, (counts.get(row) ?? 0) + 1);
  let beyond = 0;
  for (const row of first) {
    const left = counts.get(row) ?? 0;
    if (left === 0) beyond += 1;
    else counts.set(row, left - 1);
  }
  return beyond;
}

function wrongs(job: JobRecord | undefined, rows: number, attemptsAllowed: boolean): string[] {
  if (!job) return ['a job is not on record'];
  const { jobId, status, attempts, rowsWritten, errorReason, errorMessage, leaseExpiresAt } = job;
  const because = errorReason ? ` (${errorReason}: ${errorMessage ?? ''})` : '';
  return [
    ...(status === 'SUCCESS' ? [] : [`${jobId} ended as ${status}${because}`]),
    ...(rowsWritten === rows ? [] : [`${jobId} recorded ${rowsWritten} rows, exported were ${rows}`]),
    ...(attempts === 0 || attemptsAllowed ? [] : [`${jobId} was charged ${attempts} attempts${because}`]),
    ...(leaseExpiresAt === undefined ? [] : [`${jobId} still has a lease`]),
  ];
}

/** All rows of a round carry one lineage, that of one plan of its job. */
function wrongLineages(lineages: Readonly<Record<string, number>>, rounds: Customer['rounds']): string[] {
  const found = Object.entries(lineages).map(
    ([lineage, rows]) => `${lineage.replace(/\/\d+$/, '')}: ${rows}`,
  );
  const owed = rounds.map(({ key, rows }) => `${key.organizationId}/${key.jobId}: ${rows}`);
  const same = JSON.stringify(found.toSorted()) === JSON.stringify(owed.toSorted());
  return same ? [] : [`lineages ${found.join(', ')} instead of ${owed.join(', ')}`];
}

function wrongWatermark(watermark: bigint | undefined, owed: bigint): string[] {
  return watermark === owed ? [] : [`the watermark is ${watermark} and the last export is of ${owed}`];
}
