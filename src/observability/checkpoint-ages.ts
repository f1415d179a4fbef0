/** How long ago each running job last came to a checkpoint: what shows one that hangs. */
/** Jobs by name. */
export class CheckpointAges {
  readonly #lastMs = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A job began, or came to a checkpoint. */
  note(job: string): void {
    this.#lastMs.set(job, this.#nowMs());
  }

  /** The job does not run here any more. */
  forget(job: string): void {
    this.#lastMs.delete(job);
  }

  /** In seconds; 0 while nothing runs. */
  oldest(): number {
    const oldestMs = Math.min(...this.#lastMs.values());
    return Number.isFinite(oldestMs) ? (this.#nowMs() - oldestMs) / 1_000 : 0;
  }
}
