// Measures how long jobs of a process that died or was told to stop wait until another process claims them.
import type { Report } from './strike.ts';

type Departure = 'SIGKILL' | 'SIGTERM';

/** Who claimed what, and who is gone. */
export class Handovers {
  /** Milliseconds from the departure to the claim of one of its jobs by another process, by kind of departure. */
  readonly delaysMs: Record<Departure, number[]> = { SIGKILL: [], SIGTERM: [] };
  readonly #runs = new Map<string, { pid: number; left?: { how: Departure; atMs: number } }>();

  claimed(pid: number, { job }: Extract<Report, { kind: 'claimed' }>): void {
    const left = this.#runs.get(job)?.left;
    if (left) this.delaysMs[left.how].push(performance.now() - left.atMs);
    this.#runs.set(job, { pid });
  }

  /** The process was struck; what it had claimed waits from now on. */
  left(pid: number, how: Departure): void {
    for (const run of this.#runs.values()) {
      if (run.pid === pid && !run.left) run.left = { how, atMs: performance.now() };
    }
  }

  /** Jobs the process was the last to claim. */
  jobsOf(pid: number): readonly string[] {
    return [...this.#runs].filter(([, run]) => run.pid === pid).map(([job]) => job);
  }
}
