/** What a run is doing and has done: one row per step and plan number. */
import type { Micros } from '../job/instant.ts';
import type { JobKey, Lease, Step } from '../job/job.ts';
import { NOW } from './column-values.ts';
import type { Database, Session } from './database.ts';
import { StepRow } from './entities/step-row.ts';
import { insertUnderLease } from './insert-rows.ts';
import type { JsonObject } from './json.ts';
import { findRow, findRows } from './row-statements.ts';
import { leaseLost, lockOwnJob } from './transitions/locked-job.ts';

/** What a step is doing or has come to. */
export type StepStatus = 'running' | 'done' | 'failed' | 'skipped';
/** One row of etl_steps, decoded. */
export type StepRecord = {
  readonly planNumber: number;
  readonly step: Step;
  readonly status: StepStatus;
  readonly startedAt: Micros;
  readonly finishedAt?: Micros | undefined;
  readonly detail: JsonObject;
};

/** Every write is conditional on the lease, in the same transaction: it rejects with LeaseLostError once the job changed hands. */
export type StepStore = {
  /** Marks the step as running; a step already there keeps when it started. */
  start(lease: Lease, planNumber: number, step: Step, detail?: JsonObject): Promise<void>;
  finish(lease: Lease, planNumber: number, step: Step, detail?: JsonObject): Promise<void>;
  skip(lease: Lease, planNumber: number, step: Step, detail?: JsonObject): Promise<void>;
  /** Keeps the detail and adds the message to it as `error`. */
  fail(lease: Lease, planNumber: number, step: Step, message: string): Promise<void>;
  /** Replaces the detail and leaves the rest. */
  update(lease: Lease, planNumber: number, step: Step, detail: JsonObject): Promise<void>;
  /** Of every plan number, in the order in which they were started. */
  list(key: JobKey): Promise<StepRecord[]>;
  get(key: JobKey, planNumber: number, step: Step): Promise<StepRecord | undefined>;
};

/** The step store of a database. */
export function createStepStore(database: Database): StepStore {
  const write = (lease: Lease, planNumber: number, step: Step, change: StepChange): Promise<void> =>
    database.transaction((session) => writeStep(session, lease, planNumber, step, change));
  return {
    start: (lease, planNumber, step, detail) =>
      write(lease, planNumber, step, { status: 'running', ended: false, detail }),
    finish: (lease, planNumber, step, detail) =>
      write(lease, planNumber, step, { status: 'done', ended: true, detail }),
    skip: (lease, planNumber, step, detail) =>
      write(lease, planNumber, step, { status: 'skipped', ended: true, detail }),
    fail: (lease, planNumber, step, message) =>
      write(lease, planNumber, step, { status: 'failed', ended: true, error: message }),
    update: (lease, planNumber, step, detail) => write(lease, planNumber, step, { detail }),
    list: (key) => database.read(async (session) => (await stepsOf(session, key)).map(stepRecord)),
    get: (key, planNumber, step) =>
      database.read(async (session) => {
        const row = await stepOf(session, key, planNumber, step);
        return row && stepRecord(row);
      }),
  };
}

type StepChange = {
  readonly status?: StepStatus;
  readonly ended?: boolean;
  readonly detail?: JsonObject | undefined;
  /** Added to the detail that is there. */
  readonly error?: string;
};

async function writeStep(
  session: Session,
  lease: Lease,
  planNumber: number,
  step: Step,
  { status, ended, error, detail: given }: StepChange,
): Promise<void> {
  const detail =
    error === undefined ? given : { ...(await lockedDetail(session, lease, planNumber, step)), error };
  const overwritten = [
    ...(status === undefined ? [] : (['status', 'finishedAt'] as const)),
    ...(detail === undefined ? [] : (['detail'] as const)),
  ];
  const row = {
    organizationId: lease.organizationId,
    jobId: lease.jobId,
    planNumber,
    step,
    status: status ?? 'running',
    startedAt: NOW,
    finishedAt: ended ? NOW : null,
    detail: JSON.stringify(detail ?? {}),
  };
  const isMine = await insertUnderLease(session, lease, StepRow, row, {
    key: ['organizationId', 'jobId', 'planNumber', 'step'],
    overwrite: overwritten,
  });
  if (!isMine) throw leaseLost(lease);
}

async function lockedDetail(
  session: Session,
  lease: Lease,
  planNumber: number,
  step: Step,
): Promise<JsonObject> {
  await lockOwnJob(session, lease);
  const row = await stepOf(session, lease, planNumber, step);
  return row ? stepRecord(row).detail : {};
}

function stepOf(
  session: Session,
  { organizationId, jobId }: JobKey,
  planNumber: number,
  step: Step,
): Promise<StepRow | undefined> {
  return findRow(session, StepRow, { organizationId, jobId, planNumber, step });
}

function stepsOf(session: Session, { organizationId, jobId }: JobKey): Promise<StepRow[]> {
  const steps = 'WHERE {organizationId} = ? AND {jobId} = ? ORDER BY {id}';
  return findRows(session, StepRow, steps, [organizationId, jobId]);
}

function stepRecord(row: StepRow): StepRecord {
  return {
    planNumber: row.planNumber,
    step: row.step,
    status: row.status as StepStatus,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt ?? undefined,
    detail: JSON.parse(row.detail) as JsonObject,
  };
}
