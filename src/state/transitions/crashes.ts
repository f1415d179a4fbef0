/** Counts how often the process died under a job since its last checkpoint, and does not count processes that turn out to live. */
import type { Micros } from '../../job/instant.ts';
import type { JobRow } from '../entities/job-row.ts';
import { WorkerRow } from '../entities/worker-row.ts';
import { findRow } from '../row-statements.ts';
import { saidGoodbye } from '../worker-slot.ts';
import type { LockedJob } from './locked-job.ts';

/** A worker whose lease on the job ran out at this instant. */
type Suspect = { readonly owner: string; readonly ranOutAt: Micros };

/** The columns that hold the count, and whom it is made of. */
export type Crashes = Pick<JobRow, 'crashes' | 'crashSuspects'>;

/** A checkpoint, a decision or an end: whatever killed earlier runs did not stop this one. */
export const NO_CRASHES: Crashes = { crashes: 0, crashSuspects: null };

/** Whether a run of the locked job was left behind by somebody who let its lease run out. */
export function leaseRanOut({ job }: LockedJob): boolean {
  return job.status !== 'QUEUED' && job.leaseOwner !== null;
}

/**
 * The deaths under the locked job as far as one can know now, should `claimant` take it over. Whoever was seen after its lease
 * had run out, or said goodbye, is alive or ended in order: it was cut off, stalled, or the database was away.
 */
export async function crashesAtTakeover(locked: LockedJob, claimant: string): Promise<Crashes> {
  const { job, now } = locked;
  const suspects = suspectsOf(job);
  // An owner that let its lease run out and asks again has not died.
  if (leaseRanOut(locked) && job.leaseOwner !== null && job.leaseOwner !== claimant)
    suspects.push({ owner: job.leaseOwner, ranOutAt: job.leaseExpiresAt ?? now });
  const dead = [];
  for (const suspect of suspects) if (!(await livedOn(locked, suspect))) dead.push(suspect);
  return dead.length === 0 ? NO_CRASHES : { crashes: dead.length, crashSuspects: textOf(dead) };
}

async function livedOn({ session }: LockedJob, { owner, ranOutAt }: Suspect): Promise<boolean> {
  const worker = await findRow(session, WorkerRow, { owner });
  if (!worker) return false;
  return worker.seenAt > ranOutAt || saidGoodbye(worker);
}

function suspectsOf({ crashSuspects }: JobRow): Suspect[] {
  const stored = JSON.parse(crashSuspects ?? '[]') as { owner: string; ran_out_at: string }[];
  return stored.map(({ owner, ran_out_at }) => ({ owner, ranOutAt: BigInt(ran_out_at) }));
}

function textOf(suspects: readonly Suspect[]): string {
  return JSON.stringify(suspects.map(({ owner, ranOutAt }) => ({ owner, ran_out_at: String(ranOutAt) })));
}
