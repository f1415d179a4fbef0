// Who really died under a job: by the beats that reached the database, never by what the program counted.
import type { Micros } from '../../src/job/instant.ts';

/** Whoever let the lease of a job run out, and when it did. */
type Suspect = { readonly owner: string; readonly ranOutAt: Micros };

/** Source: spec.md §6: a job under which processes die in a row, without a checkpoint in between, is given up the third time. */
export const DEATHS_OF_A_CRASH_LOOP = 3;

export class DeathWitness {
  readonly #suspects = new Map<string, Suspect[]>();
  readonly #beatAt = new Map<string, Micros>();
  readonly #saidGoodbye = new Set<string>();

  beat(owner: string, now: Micros): void {
    this.#beatAt.set(owner, now);
  }

  saidGoodbye(owner: string): void {
    this.#saidGoodbye.add(owner);
  }

  /** The job was left behind by an owner whose lease ran out then. */
  leftBehind(job: string, owner: string, ranOutAt: Micros): void {
    this.#suspects.set(job, [...(this.#suspects.get(job) ?? []), { owner, ranOutAt }]);
  }

  /** A checkpoint, a decision or an error that was lived through. */
  progressed(job: string): void {
    this.#suspects.delete(job);
  }

  /** How many processes died under the job since, as far as anybody can know: those that were seen later, or ended in order, did not. */
  deathsUnder(job: string): number {
    const suspects = this.#suspects.get(job) ?? [];
    return suspects.filter((suspect) => !this.#livedOn(suspect)).length;
  }

  #livedOn({ owner, ranOutAt }: Suspect): boolean {
    return this.#saidGoodbye.has(owner) || (this.#beatAt.get(owner) ?? 0n) > ranOutAt;
  }
}
