// Judges a world while it goes on: by what database, warehouses and broker did, in one order, never by what the program says.
import type { Micros } from '../../src/job/instant.ts';
import { STATUS_GRAPH, isTerminal } from '../../src/job/job-status.ts';
import type { JobStatus } from '../../src/job/job.ts';
import { REASONS, type Reason } from '../../src/job/reason.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { CommitChecker, replacesRows, rowsOfSet, setOf, windowOf } from './commit-checker.ts';
import { DEATHS_OF_A_CRASH_LOOP, DeathWitness } from './death-witness.ts';
import { UNKNOWN_ORGANIZATION } from './organizations.ts';
import type { Facts, JobFacts } from './shared-database.ts';

/** What the checker sees of a world. */
export type Evidence = {
  readonly facts: Facts;
  now(): Micros;
  /** Rows anybody sees at an organization's destination now. */
  visible(organizationId: string): readonly Row[];
  /** Rows of an organization's source as of an instant. */
  sourceRows(organizationId: string, snapshot: Micros): readonly Row[];
  readonly maxRetries: number;
  /** Terminal reasons that were injected so far. */
  readonly injectedReasons: ReadonlySet<string>;
};

/** The invariants of the fault catalogue, §4; each violation names the one it is of. */
export class Checker {
  readonly violations: string[] = [];
  readonly #evidence: Evidence;
  readonly #jobs = new Map<string, JobFacts>();
  readonly #watermarks = new Map<string, bigint | null>();
  #changes: number;
  readonly commits: CommitChecker;
  readonly #deaths = new DeathWitness();
  /** Jobs that somebody asked to stop. */
  readonly #wished = new Set<string>();
  readonly #paused = new Set<string>();
  /** Grows with every change of a job's status. */
  statusChanges = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#changes = evidence.facts.changes();
    this.commits = new CommitChecker({
      job: (name) => this.#jobs.get(name),
      jobs: () => this.jobs(),
      visible: (organizationId) => evidence.visible(organizationId),
      sourceRows: (organizationId, snapshot) => evidence.sourceRows(organizationId, snapshot),
      violation: (what) => this.violation(what),
    });
  }

  /** Somebody is about to ask this job to stop. */
  cancelWished(name: string): void {
    this.#wished.add(name);
  }

  /** From now on the organization starts no job, or may again. */
  paused(organizationId: string, isPaused: boolean): void {
    if (isPaused) this.#paused.add(organizationId);
    else this.#paused.delete(organizationId);
  }

  violation(what: string): void {
    this.violations.push(what);
  }

  jobs(): readonly JobFacts[] {
    return [...this.#jobs.values()];
  }

  /** After every transaction: what it changed may be changed so. */
  afterTransaction(owner: string, operation: string, given: readonly unknown[]): void {
    const { facts } = this.#evidence;
    if (operation === 'state.releaseWorkerSlot') this.#deaths.saidGoodbye(owner);
    const changes = facts.changes();
    if (changes === this.#changes) return;
    this.#changes = changes;
    const who = `${owner} ${operation}`;
    this.#fencing(owner, operation, given[0]);
    this.#witness(owner, operation, given);
    const succeeded: JobFacts[] = [];
    for (const job of facts.changedJobs()) {
      const name = nameOf(job);
      const old = this.#jobs.get(name);
      this.#jobs.set(name, job);
      if (old?.status !== job.status) this.statusChanges += 1;
      if (old) this.#transition(who, old, job);
      else if (job.status !== 'QUEUED') this.violation(`I8: ${who}: ${name} began as ${job.status}`);
      if (job.status === 'SUCCESS' && old?.status !== 'SUCCESS') succeeded.push(job);
    }
    this.#watermarkMoves(who, succeeded);
  }

  #witness(owner: string, operation: string, given: readonly unknown[]): void {
    if (operation === 'state.jobs.heartbeat') this.#deaths.beat(owner, this.#evidence.now());
    const [lease, , , acknowledged] = given;
    if (operation === 'state.batches.record' && isLease(lease) && (acknowledged as unknown[]).length > 0)
      this.#deaths.progressed(`${lease.organizationId}/${lease.jobId}`);
  }

  /** I8: a write under an old epoch changes nothing; only finishing the recorded set needs no lease. */
  #fencing(owner: string, operation: string, lease: unknown): void {
    const who = `${owner} ${operation}`;
    if (operation === 'state.jobs.finish' || !isLease(lease)) return;
    const job = this.#jobs.get(`${lease.organizationId}/${lease.jobId}`);
    if (lease.owner !== owner) this.violation(`I8: ${who} wrote under the lease of ${lease.owner}`);
    if (job && job.lease_epoch !== BigInt(lease.epoch))
      this.violation(`I8: ${who} wrote under epoch ${lease.epoch} when it was ${job.lease_epoch}`);
  }

  #transition(who: string, old: JobFacts, job: JobFacts): void {
    const what = `${who}: ${nameOf(job)}`;
    if (old.status !== job.status && !STATUS_GRAPH[old.status as JobStatus].includes(job.status as JobStatus))
      this.violation(`I8: ${what} went from ${old.status} to ${job.status}`);
    if (job.plan_number < old.plan_number) this.violation(`I8: ${what} went back to plan ${job.plan_number}`);
    this.#leaseMoves(what, old, job);
    this.#setMoves(what, old, job);
    this.#operatorsWishes(what, old, job);
    if (job.status === 'COMMITTING' || job.attempts > old.attempts) this.#deaths.progressed(nameOf(job));
    if (job.needs_operator !== 0n) this.violation(`I10: ${what} waits for an operator: ${job.error_message}`);
    if (old.status !== job.status && job.status === 'SUCCESS') this.#success(what, job);
    if (old.status !== job.status && job.status === 'FAILED') this.#failure(what, old, job);
  }

  #leaseMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (job.lease_epoch < old.lease_epoch)
      this.violation(`I8: ${what}: the epoch fell to ${job.lease_epoch}`);
    const changedHands = job.lease_owner !== null && job.lease_owner !== old.lease_owner;
    if (!changedHands) return;
    if (old.lease_owner !== null) this.#leftBehind(old);
    if (job.lease_epoch !== old.lease_epoch + 1n) this.violation(`I8: ${what} was taken under no new epoch`);
    if (old.lease_expires_at !== null && old.lease_expires_at > this.#evidence.now())
      this.violation(`I8: ${what} was taken from ${old.lease_owner}, whose lease had not run out`);
  }

  #leftBehind(old: JobFacts): void {
    if (old.lease_owner !== null)
      this.#deaths.leftBehind(nameOf(old), old.lease_owner, old.lease_expires_at ?? this.#evidence.now());
  }

  /** I8: what somebody asked to stop is not decided any more, nobody else is stopped, and while it is paused an organization starts nothing. */
  #operatorsWishes(what: string, old: JobFacts, job: JobFacts): void {
    const isDecided = old.commit_set === null && (job.commit_set !== null || job.status === 'SUCCESS');
    if (isDecided && old.cancel_requested !== 0n)
      this.violation(`I8: ${what} went on to ${job.status} although it was asked to stop`);
    if (job.status === 'CANCELLED' && old.status !== 'CANCELLED') {
      if (!this.#wished.has(nameOf(job))) this.violation(`I8: ${what} was cancelled although nobody asked`);
      if (this.#visibleOf(job) > 0) this.violation(`I9: ${what} is CANCELLED with rows to be seen`);
    }
    const isClaimed = job.lease_epoch > old.lease_epoch && old.status !== 'COMMITTING';
    if (isClaimed && this.#paused.has(job.organization_id))
      this.violation(`I8: ${what} was started while its organization was paused`);
  }

  /** I4: within one plan number the recorded set never changes, and it is given up only when it can have no effect. */
  #setMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (old.commit_set === job.commit_set || old.commit_set === null) return;
    const { lineage } = setOf(old.commit_set);
    if (job.commit_set !== null || job.plan_number !== old.plan_number + 1n)
      this.violation(`I4: ${what}: the set of ${lineage} was changed`);
    if (this.commits.wasCommitted(lineage))
      this.violation(`I4: ${what}: the set of ${lineage} was given up although committed`);
  }

  /** I9: SUCCESS if and only if all rows of the recorded set can be seen, and no others of this job. */
  #success(what: string, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    const set = job.commit_set === null ? undefined : setOf(job.commit_set);
    const expected = set ? rowsOfSet(set) : 0;
    if (seen !== expected || BigInt(seen) !== job.rows_written)
      this.violation(
        `I9: ${what} is SUCCESS with ${seen} rows to be seen, ${expected} decided, ${job.rows_written} recorded`,
      );
  }

  /** I9, I10: a job fails only before its decision, without a trace, and for what did go wrong. */
  #failure(what: string, old: JobFacts, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    if (seen > 0) this.violation(`I9: ${what} is FAILED with ${seen} rows to be seen`);
    this.#toldOnce(what, job);
    const reason = job.error_reason as Reason;
    const isTransient = REASONS[reason] === 'transient';
    const exhausted =
      isTransient && reason !== 'database_unavailable' && Number(job.attempts) >= this.#evidence.maxRetries;
    const isUnknown = reason === 'unknown_organization' && job.organization_id === UNKNOWN_ORGANIZATION;
    const asked = reason === 'beyond_watermark' && replacesRows(job) && !this.#isCopied(job);
    if (
      !exhausted &&
      !isUnknown &&
      !asked &&
      !this.#isCrashLoop(old, reason) &&
      !this.#evidence.injectedReasons.has(reason)
    )
      this.violation(
        `I10: ${what} is FAILED for no fault of its surroundings: ${reason}: ${job.error_message}`,
      );
  }

  /** I10: in the transaction in which a job fails, its dead letter and its alert are recorded, once each. */
  #toldOnce(what: string, { organization_id: organization, job_id: id }: JobFacts): void {
    const letters = this.#evidence.facts.lettersOf(organization, id);
    const alerts = this.#evidence.facts.alertsOf(organization, id);
    if (letters !== 1 || alerts !== 1)
      this.violation(`I10: ${what} is FAILED with ${letters} dead letters and ${alerts} alerts on record`);
  }

  /** The last death is found by a claim, which fails the job instead of taking it over. */
  #isCrashLoop(old: JobFacts, reason: Reason): boolean {
    if (reason !== 'crash_loop') return false;
    this.#leftBehind(old);
    return this.#deaths.deathsUnder(nameOf(old)) >= DEATHS_OF_A_CRASH_LOOP;
  }

  #isCopied({ organization_id: organization, window_end: end }: JobFacts): boolean {
    const watermark = this.#watermarks.get(organization) ?? null;
    return watermark !== null && end !== null && end <= watermark;
  }

  #visibleOf(job: JobFacts): number {
    const prefix = `${nameOf(job)}/`;
    const rows = this.#evidence.visible(job.organization_id);
    return rows.filter((row) => String(row['_etl_job_id']).startsWith(prefix)).length;
  }

  /** I7: a watermark moves only in the transaction that ends its job, from the lo of that job's plan to its hi. */
  #watermarkMoves(who: string, succeeded: readonly JobFacts[]): void {
    const expected = new Map(this.#watermarks);
    for (const job of succeeded) {
      if (job.job_type !== 'incremental' || job.commit_set === null || job.plan === null) continue;
      const { lo, hi } = windowOf(job.plan);
      const before = expected.get(job.organization_id) ?? null;
      if (before !== (lo ?? null) || (before !== null && hi <= before))
        this.violation(
          `I7: ${who}: ${nameOf(job)} moved the watermark from ${before}, planned from ${lo} to ${hi}`,
        );
      expected.set(job.organization_id, hi);
    }
    const changed = this.#evidence.facts.changedWatermarks();
    for (const { organization_id: organization, last_successful_run: watermark } of changed) {
      if ((expected.get(organization) ?? null) !== watermark)
        this.violation(
          `I7: ${who}: the watermark of ${organization} is ${watermark}, not ${expected.get(organization)}`,
        );
      this.#watermarks.set(organization, watermark);
      expected.delete(organization);
    }
    for (const [organization, watermark] of expected)
      if ((this.#watermarks.get(organization) ?? null) !== watermark)
        this.violation(`I7: ${who}: the watermark of ${organization} did not move to ${watermark}`);
  }

  /** The last committed hi of each organization, as far as there is one. */
  get watermarks(): ReadonlyMap<string, bigint | null> {
    return this.#watermarks;
  }

  /** I1: what is recorded as acknowledged is in the write stream when it is finalized. */
  finalized(replica: string, stream: string, rows: number): void {
    const acknowledged = this.#evidence.facts.acknowledgedRows(stream);
    if (rows < acknowledged)
      this.violation(
        `I1: ${replica} finalized ${stream} with ${rows} rows, ${acknowledged} are recorded as acknowledged`,
      );
  }

  /** I6: an ack follows a terminal status, or the dead letter of what can never run. */
  acked(
    replica: string,
    content: { readonly organization_id?: string; readonly job_id?: string } | undefined,
    isDead: boolean,
  ): void {
    const job = this.#jobs.get(`${content?.organization_id}/${content?.job_id}`);
    if (!isDead && !(job && isTerminal(job.status as JobStatus)))
      this.violation(
        `I6: ${replica} acked ${JSON.stringify(content)}, whose job is ${job?.status ?? 'unknown'}`,
      );
  }
}

function nameOf(job: JobFacts): string {
  return `${job.organization_id}/${job.job_id}`;
}

function isLease(
  value: unknown,
): value is { organizationId: string; jobId: string; owner: string; epoch: number } {
  return typeof value === 'object' && value !== null && 'epoch' in value;
}
