// I4, I8–I10: judges how the rows of jobs change, from one transaction to the next.
import { STATUS_GRAPH } from '../../src/job/job-status.ts';
import type { JobStatus } from '../../src/job/job.ts';
import { REASONS, type Reason } from '../../src/job/reason.ts';
import type { Evidence } from './evidence.ts';
import { replacesRows, rowsOfSet, setOf, type CommitChecker, type RecordedSet } from './commit-checker.ts';
import { DEATHS_OF_A_CRASH_LOOP, type DeathWitness } from './death-witness.ts';
import { UNKNOWN_ORGANIZATION } from './organizations.ts';
import { nameOf, type JobFacts } from './database-facts.ts';
import type { QuarantineChecker } from './quarantine-checker.ts';
import type { WatermarkChecker } from './watermark-checker.ts';

/** What it judges by. */
export type JobEvidence = Evidence & {
  readonly commits: CommitChecker;
  readonly quarantines: QuarantineChecker;
  readonly watermarks: WatermarkChecker;
  readonly deaths: DeathWitness;
  /** Jobs that somebody asked to stop. */
  readonly wished: ReadonlySet<string>;
  /** Organizations that start nothing. */
  readonly paused: ReadonlySet<string>;
  readonly violation: (what: string) => void;
};

export class JobChecker {
  readonly #evidence: JobEvidence;
  /** How often each job has failed. */
  readonly #failures = new Map<string, number>();

  constructor(evidence: JobEvidence) {
    this.#evidence = evidence;
  }

  /** After the transaction that changed the job so. */
  changed(who: string, old: JobFacts, job: JobFacts): void {
    const what = `${who}: ${nameOf(job)}`;
    if (old.status !== job.status && !STATUS_GRAPH[old.status as JobStatus].includes(job.status as JobStatus))
      this.#evidence.violation(`I8: ${what} went from ${old.status} to ${job.status}`);
    if (job.plan_number < old.plan_number)
      this.#evidence.violation(`I8: ${what} went back to plan ${job.plan_number}`);
    this.#leaseMoves(what, old, job);
    this.#setMoves(what, old, job);
    this.#operatorsWishes(what, old, job);
    if (job.status === 'COMMITTING' || job.attempts > old.attempts)
      this.#evidence.deaths.progressed(nameOf(job));
    if (job.needs_operator !== 0n && old.needs_operator === 0n) this.#operatorNeeded(what, job);
    if (old.status !== job.status && job.status === 'SUCCESS') this.#success(what, job);
    if (old.status !== job.status && job.status === 'FAILED') this.#failure(what, old, job);
  }

  #leaseMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (job.lease_epoch < old.lease_epoch)
      this.#evidence.violation(`I8: ${what}: the epoch fell to ${job.lease_epoch}`);
    const changedHands = job.lease_owner !== null && job.lease_owner !== old.lease_owner;
    if (!changedHands) return;
    if (old.lease_owner !== null) this.#leftBehind(old);
    if (job.lease_epoch !== old.lease_epoch + 1n)
      this.#evidence.violation(`I8: ${what} was taken under no new epoch`);
    if (old.lease_expires_at !== null && old.lease_expires_at > this.#evidence.now())
      this.#evidence.violation(`I8: ${what} was taken from ${old.lease_owner}, whose lease had not run out`);
  }

  #leftBehind(old: JobFacts): void {
    if (old.lease_owner !== null)
      this.#evidence.deaths.leftBehind(
        nameOf(old),
        old.lease_owner,
        old.lease_expires_at ?? this.#evidence.now(),
      );
  }

  /** I8: what somebody asked to stop is not decided any more, nobody else is stopped, and while it is paused an organization starts nothing. */
  #operatorsWishes(what: string, old: JobFacts, job: JobFacts): void {
    const isDecided = old.commit_set === null && (job.commit_set !== null || job.status === 'SUCCESS');
    if (isDecided && old.cancel_requested !== 0n)
      this.#evidence.violation(`I8: ${what} went on to ${job.status} although it was asked to stop`);
    if (job.status === 'CANCELLED' && old.status !== 'CANCELLED') {
      if (!this.#evidence.wished.has(nameOf(job)))
        this.#evidence.violation(`I8: ${what} was cancelled although nobody asked`);
      if (this.#visibleOf(job) > 0) this.#evidence.violation(`I9: ${what} is CANCELLED with rows to be seen`);
    }
    const isTaken = job.lease_epoch > old.lease_epoch && job.lease_owner !== null;
    const isClaimed = isTaken && old.status !== 'COMMITTING';
    if (isClaimed && this.#evidence.paused.has(job.organization_id))
      this.#evidence.violation(`I8: ${what} was started while its organization was paused`);
  }

  /**
   * I4: within one plan number the recorded set never changes but for rejected rows that were lost before they were committed,
   * and it is given up only when it can have no effect.
   */
  #setMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (old.commit_set === job.commit_set || old.commit_set === null) return;
    if (job.commit_set !== null && this.#onlyRejectedMoved(setOf(old.commit_set), setOf(job.commit_set)))
      return;
    const { lineage } = setOf(old.commit_set);
    if (job.commit_set !== null || job.plan_number !== old.plan_number + 1n)
      this.#evidence.violation(`I4: ${what}: the set of ${lineage} was changed`);
    if (this.#evidence.commits.wasCommitted(lineage))
      this.#evidence.violation(`I4: ${what}: the set of ${lineage} was given up although committed`);
  }

  /** I10: only for rejected rows that were lost while their module was not the same any more, or could not be asked. */
  #operatorNeeded(what: string, job: JobFacts): void {
    const mayBeUnrepeatable = this.#evidence.moduleWasExchanged() || this.#evidence.injectedReasons.size > 0;
    const set = job.commit_set === null ? undefined : setOf(job.commit_set);
    if (set && this.#hasLostRejected(set) && mayBeUnrepeatable)
      this.#evidence.operatorNeeded(job.organization_id, job.job_id);
    else this.#evidence.violation(`I10: ${what} waits for an operator: ${job.error_message}`);
  }

  #onlyRejectedMoved(old: RecordedSet, set: RecordedSet): boolean {
    const isSame = JSON.stringify({ ...old, quarantine: set.quarantine }) === JSON.stringify(set);
    return isSame && this.#hasLostRejected(old);
  }

  /** Whether rejected rows of the set are gone: they were never committed, and never will be. */
  #hasLostRejected({ lineage, quarantine }: RecordedSet): boolean {
    if (!quarantine || this.#evidence.quarantines.wasCommitted(lineage)) return false;
    return quarantine.streams.some(({ name }) => !this.#evidence.hasWriteStream(name));
  }

  /** I9: SUCCESS if and only if all rows of the recorded set can be seen, and no others of this job. */
  #success(what: string, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    const set = job.commit_set === null ? undefined : setOf(job.commit_set);
    const expected = set ? rowsOfSet(set) : 0;
    if (seen !== expected || BigInt(seen) !== job.rows_written)
      this.#evidence.violation(
        `I9: ${what} is SUCCESS with ${seen} rows to be seen, ${expected} decided, ${job.rows_written} recorded`,
      );
  }

  /** I9, I10: a job fails only before its decision, without a trace, and for what did go wrong. */
  #failure(what: string, old: JobFacts, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    if (seen > 0) this.#evidence.violation(`I9: ${what} is FAILED with ${seen} rows to be seen`);
    this.#toldOnce(what, job);
    const reason = job.error_reason as Reason;
    const isTransient = REASONS[reason] === 'transient';
    const exhausted =
      isTransient && reason !== 'database_unavailable' && Number(job.attempts) >= this.#evidence.maxRetries;
    const isUnknown = reason === 'unknown_organization' && job.organization_id === UNKNOWN_ORGANIZATION;
    const asked =
      reason === 'beyond_watermark' && replacesRows(job) && !this.#evidence.watermarks.isCopied(job);
    if (
      !exhausted &&
      !isUnknown &&
      !asked &&
      !this.#isCrashLoop(old, reason) &&
      !this.#evidence.injectedReasons.has(reason)
    )
      this.#evidence.violation(
        `I10: ${what} is FAILED for no fault of its surroundings: ${reason}: ${job.error_message}`,
      );
  }

  /** I10: in the transaction in which a job fails, its dead letter and its alert are recorded, once each. */
  #toldOnce(what: string, job: JobFacts): void {
    const { organization_id: organization, job_id: id } = job;
    const failures = (this.#failures.get(nameOf(job)) ?? 0) + 1;
    this.#failures.set(nameOf(job), failures);
    const letters = this.#evidence.facts.lettersOf(organization, id);
    const alerts = this.#evidence.facts.alertsOf(organization, id);
    if (letters !== failures || alerts !== failures)
      this.#evidence.violation(
        `I10: ${what} has failed ${failures} times, with ${letters} dead letters and ${alerts} alerts on record`,
      );
  }

  /** The last death is found by a claim, which fails the job instead of taking it over. */
  #isCrashLoop(old: JobFacts, reason: Reason): boolean {
    if (reason !== 'crash_loop') return false;
    this.#leftBehind(old);
    return this.#evidence.deaths.deathsUnder(nameOf(old)) >= DEATHS_OF_A_CRASH_LOOP;
  }

  #visibleOf(job: JobFacts): number {
    const prefix = `${nameOf(job)}/`;
    const rows = this.#evidence.visible(job.organization_id);
    return rows.filter((row) => String(row['_etl_job_id']).startsWith(prefix)).length;
  }
}
