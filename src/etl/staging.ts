/** The staging table of a plan: rows wait there, seen by nobody, until one recorded job makes them visible. */
import { createHash } from 'node:crypto';
import { messageOf, TerminalError } from '../job/errors.ts';
import { MICROS_PER_MINUTE } from '../job/instant.ts';
import { lineageOf, replacesWindow, type JobRequest } from '../job/job.ts';
import { isSameLocation } from '../job/location.ts';
import type { Plan } from '../job/plan.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { LINEAGE_FIELDS } from '../job/table-schema.ts';
import type { Destination, StagedRows, StagedSize } from './destination.ts';
import { DATASET_LABELS } from './ensure-destination.ts';
import type { PlannedRun } from './run.ts';

/** Long enough for a job that waits for an operator over a weekend. */
const STAGING_LIFE = 7n * 24n * 60n * MICROS_PER_MINUTE;

/** Named by job and plan number, so that no two plans ever share one. */
export function stagingTable({ plan, lease, planNumber }: PlannedRun): TableRef {
  const digest = createHash('sha256').update(lineageOf(lease, planNumber)).digest('hex').slice(0, 32);
  return {
    project: plan.destination.project,
    dataset: plan.stagingDataset,
    table: `pulse_billing_etl_staging_${digest}_${planNumber}`,
  };
}

/** What this plan has staged by a query; undefined when it has not, or goes another way. */
export async function stagedSize(run: PlannedRun): Promise<StagedSize | undefined> {
  const step = await run.state.steps.get(run.lease, run.planNumber, 'load');
  const { staged_rows: rows, staged_bytes: bytes } = step?.detail ?? {};
  return typeof rows === 'number' && typeof bytes === 'number' ? { rows, bytes } : undefined;
}

/** What the recorded job takes over from staging, and what it puts the rows in the place of. */
export function stagedRows({ plan, job, lease }: PlannedRun, staging: TableRef, rows: number): StagedRows {
  const columns = [...plan.sourceSchema, ...LINEAGE_FIELDS].map(({ name }) => name);
  const { organizationId } = lease;
  const replaces = replacesWindow(job.jobType) ? { organizationId, window: plan.window } : undefined;
  const streamed = plan.writePath === 'storage';
  return { staging, table: plan.destination, columns, streamed, rows, replaces };
}

/** Whether the plan's rows wait in a staging table rather than in write streams of the destination. */
export function usesStaging({
  plan,
  job,
}: {
  readonly plan: Pick<Plan, 'writePath' | 'verifyLevel'>;
  readonly job: Pick<JobRequest, 'jobType'>;
}): boolean {
  if (plan.writePath === 'query' || replacesWindow(job.jobType)) return true;
  // Every column of what was written can be proven only where it can be read, which write streams cannot before they are committed.
  return plan.verifyLevel === 'fingerprint';
}

/** Makes the staging table of the plan; one that is there by now is fine. */
export async function makeStaging(run: PlannedRun): Promise<TableRef> {
  const { plan, source, destination } = run;
  const staging = stagingTable(run);
  await ensureStagingDataset(run, staging);
  const now = await source.currentTime(plan.sourceLocation, plan.source);
  await destination.createStagingTable(staging, plan.destination, now + STAGING_LIFE);
  return staging;
}

/** Removes the staging table; one that stays because this failed removes itself in some days. */
export async function dropStaging(run: PlannedRun): Promise<void> {
  const staging = stagingTable(run);
  try {
    await run.destination.dropTable(staging);
  } catch (error) {
    const why = messageOf(error);
    run.observer.note(run.lease, 'the staging table stays until it expires', {
      table: tableName(staging),
      why,
    });
  }
}

async function ensureStagingDataset({ plan, destination }: PlannedRun, staging: TableRef): Promise<void> {
  if ((await assertStagingBeside(destination, plan)) !== undefined) return;
  await destination.createDataset(staging, plan.destinationLocation, DATASET_LABELS);
}

/** Where the staging dataset is, undefined when it has to be made; throws `location_mismatch` when it lies elsewhere than the destination. */
export async function assertStagingBeside(
  destination: Destination,
  { destination: table, stagingDataset: dataset, destinationLocation: wanted }: Plan,
): Promise<string | undefined> {
  const location = await destination.datasetLocation({ ...table, dataset });
  if (location === undefined || isSameLocation(location, wanted)) return location;
  throw new TerminalError(
    'location_mismatch',
    `the staging dataset ${table.project}.${dataset} is in ${location}, the destination in ${wanted}; set STAGING_DATASET to a dataset in ${wanted}, or leave it out to stage beside the destination`,
  );
}
