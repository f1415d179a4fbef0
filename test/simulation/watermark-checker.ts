// I7: judges what becomes of the organizations' watermarks.
import { windowOf } from './commit-checker.ts';
import { nameOf, type Facts, type JobFacts } from './database-facts.ts';

export class WatermarkChecker {
  readonly #facts: Facts;
  readonly #violation: (what: string) => void;
  readonly #watermarks = new Map<string, bigint | null>();
  readonly #wishes = new Map<string, bigint>();

  constructor(facts: Facts, violation: (what: string) => void) {
    this.#facts = facts;
    this.#violation = violation;
  }

  /** The last committed hi of the organization; null while there is none. */
  of(organizationId: string): bigint | null {
    return this.#watermarks.get(organizationId) ?? null;
  }

  /** Whether the organization was copied up to the end of the window that this job asks for. */
  isCopied({ organization_id: organization, window_end: end }: JobFacts): boolean {
    const watermark = this.of(organization);
    return watermark !== null && end !== null && end <= watermark;
  }

  /** An operator sets it in the transaction that is looked at next. */
  wished(organizationId: string, at: bigint): void {
    this.#wishes.set(organizationId, at);
  }

  /** I7: unless an operator sets it, a watermark moves only in the transaction that ends its job, from the lo of that job's plan to its hi. */
  moved(who: string, succeeded: readonly JobFacts[]): void {
    const expected = new Map([...this.#watermarks, ...this.#wishes]);
    this.#wishes.clear();
    for (const job of succeeded) {
      if (job.job_type !== 'incremental' || job.commit_set === null || job.plan === null) continue;
      const { lo, hi } = windowOf(job.plan);
      const before = expected.get(job.organization_id) ?? null;
      if (before !== (lo ?? null) || (before !== null && hi <= before))
        this.#violation(
          `I7: ${who}: ${nameOf(job)} moved the watermark from ${before}, planned from ${lo} to ${hi}`,
        );
      expected.set(job.organization_id, hi);
    }
    const changed = this.#facts.changedWatermarks();
    for (const { organization_id: organization, last_successful_run: watermark } of changed) {
      if ((expected.get(organization) ?? null) !== watermark)
        this.#violation(
          `I7: ${who}: the watermark of ${organization} is ${watermark}, not ${expected.get(organization)}`,
        );
      this.#watermarks.set(organization, watermark);
      expected.delete(organization);
    }
    for (const [organization, watermark] of expected)
      if ((this.#watermarks.get(organization) ?? null) !== watermark)
        this.#violation(`I7: ${who}: the watermark of ${organization} did not move to ${watermark}`);
  }
}
