/** IN_PROGRESS → FAILED: a job that seems to kill its process runs alone, and is given up when that does not help. Source: spec.md §6. */
import type { Micros } from '../../job/instant.ts';
import type { Crashes } from './crashes.ts';
import { failLocked } from './fail.ts';
import { changeJob, later, type LockedJob } from './locked-job.ts';

const CRASHES_BEFORE_ALONE = 2;
const CRASHES_BEFORE_FAILED = 3;

/** Why a job under which processes died cannot be claimed like any other. */
export type CrashObstacle =
  /** Claim it again when no other job runs in the process. */
  | { readonly kind: 'must_run_alone' }
  /** The last owner may come back, as after an outage of the database: it is given the length of a lease. */
  | { readonly kind: 'not_due'; readonly nextAttemptAt: Micros }
  /** It is FAILED by this call. */
  | { readonly kind: 'crash_loop'; readonly message: string };

/** Fails the locked job, or says why this claim has to wait; undefined when nothing speaks against it. What is decided is never failed. */
export async function crashObstacle(
  locked: LockedJob,
  { crashes, crashSuspects }: Crashes,
  claim: { readonly alone: boolean; readonly leaseMs: number },
): Promise<CrashObstacle | undefined> {
  if (crashes < CRASHES_BEFORE_ALONE) return undefined;
  if (crashes >= CRASHES_BEFORE_FAILED && locked.job.status === 'IN_PROGRESS') {
    if (!hasWaited(locked)) return waitForTheOwner(locked, claim.leaseMs);
    const message = crashLoopMessage(locked, crashes);
    await changeJob(locked, { crashes, crashSuspects });
    await failLocked(locked, 'crash_loop', message);
    return { kind: 'crash_loop', message };
  }
  return claim.alone ? undefined : { kind: 'must_run_alone' };
}

function hasWaited({ job }: LockedJob): boolean {
  return job.nextAttemptAt !== null && job.nextAttemptAt >= (job.leaseExpiresAt ?? 0n);
}

async function waitForTheOwner(locked: LockedJob, leaseMs: number): Promise<CrashObstacle> {
  const nextAttemptAt = later(locked.now, leaseMs);
  await changeJob(locked, { nextAttemptAt });
  return { kind: 'not_due', nextAttemptAt };
}

function crashLoopMessage({ job }: LockedJob, crashes: number): string {
  return (
    `the worker process died ${crashes} times in a row under this job without a checkpoint in between, the last time ` +
    `while no other job ran beside it (last worker: ${job.leaseOwner ?? 'unknown'}); look how that process ended ` +
    `(kubectl describe pod: OOMKilled?), mend it, then retry ${job.organizationId} ${job.jobId}`
  );
}
