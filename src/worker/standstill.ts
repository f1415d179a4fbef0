/** Judges whether this process still gets anywhere, by what it does itself: an outage of others is waited out, a process that is stuck is ended. */
import type { WorkerState } from './worker.ts';

/** What is looked at; a daemon that waits for its database has no worker yet. */
export type Signs = Pick<WorkerState, 'phase' | 'beats' | 'stuckJob'> | { readonly phase: 'waiting' };

/** `fine`, or why the process should end, and whether it can still hand over what it runs. */
export type Verdict = 'fine' | { readonly end: string; readonly how: 'at once' | 'drain' };

/** Heartbeats begin at least three times a lease, whatever the database answers; so many leases without one are no hiccup. */
const LEASES = 5;
const LOOKS_A_LEASE = 2;
const LOOKS = LEASES * LOOKS_A_LEASE;

/** How often to look. */
export function lookEveryMs(leaseMs: number): number {
  return leaseMs / LOOKS_A_LEASE;
}

/** So many looks without a movement are a standstill. */
export const LOOKS_OF_STANDSTILL = LOOKS;

/**
 * Counts looks and not time: a process that was stopped, or a machine that slept, has looked no oftener than it has moved.
 */
export class Standstill {
  #seen: number | undefined;
  #unmoved = 0;

  /** One look. Only a worker that takes in jobs must beat; a drain has its own limit. */
  look(signs: Signs): Verdict {
    if (signs.phase === 'running' && signs.stuckJob !== undefined) return stuck(signs.stuckJob);
    const beats = signs.phase === 'running' ? signs.beats : undefined;
    this.#unmoved = beats !== undefined && beats === this.#seen ? this.#unmoved + 1 : 0;
    this.#seen = beats;
    if (this.#unmoved < LOOKS) return 'fine';
    const end = `the heartbeat has not begun for ${LEASES} leases, although it was due`;
    return { end, how: 'at once' };
  }
}

function stuck(job: string): Verdict {
  const end = `a run of job ${job} has not moved for as long as NO_PROGRESS_TIMEOUT allows and did not stop when it was asked to; the job is tried again`;
  return { end, how: 'drain' };
}
