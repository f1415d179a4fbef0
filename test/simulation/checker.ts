// Judges a world while it goes on: by what database, warehouses and broker did, in one order, never by what the program says.
import { isTerminal } from '../../src/job/job-status.ts';
import type { JobStatus } from '../../src/job/job.ts';
import type { Micros } from '../../src/job/instant.ts';
import { CommitChecker, type CommitEvidence } from './commit-checker.ts';
import { DeathWitness } from './death-witness.ts';
import type { Evidence } from './evidence.ts';
import { JobChecker } from './job-checker.ts';
import { nameOf, type JobFacts } from './database-facts.ts';
import { QuarantineChecker } from './quarantine-checker.ts';
import { WatermarkChecker } from './watermark-checker.ts';

/** The invariants of the fault catalogue, §4; each violation names the one it is of. */
export class Checker {
  readonly violations: string[] = [];
  readonly #evidence: Evidence;
  readonly #jobs = new Map<string, JobFacts>();
  #changes: number;
  readonly commits: CommitChecker;
  readonly quarantines: QuarantineChecker;
  readonly #deaths = new DeathWitness();
  readonly #watermarks: WatermarkChecker;
  readonly #transitions: JobChecker;
  /** Jobs that somebody asked to stop. */
  readonly #wished = new Set<string>();
  /** Jobs that an operator asked to try again. */
  readonly #retryWished = new Set<string>();
  /** When a job that had ended was last queued again. */
  readonly #requeuedAt = new Map<string, Micros>();
  readonly #paused = new Set<string>();
  /** Grows with every change of a job's status. */
  statusChanges = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#changes = evidence.facts.changes();
    this.commits = new CommitChecker(this.#commitEvidence());
    const violation = (what: string): void => this.violation(what);
    this.quarantines = new QuarantineChecker({
      ...this.#commitEvidence(),
      quarantined: (organizationId) => evidence.quarantined(organizationId),
      wasCommitted: (lineage) => this.commits.wasCommitted(lineage),
    });
    this.#watermarks = new WatermarkChecker(evidence.facts, violation);
    this.#transitions = new JobChecker({
      ...evidence,
      commits: this.commits,
      quarantines: this.quarantines,
      watermarks: this.#watermarks,
      deaths: this.#deaths,
      wished: this.#wished,
      paused: this.#paused,
      violation,
    });
  }

  #commitEvidence(): CommitEvidence {
    const evidence = this.#evidence;
    return {
      job: (name) => this.job(name),
      jobs: () => this.jobs(),
      visible: (organizationId) => evidence.visible(organizationId),
      sourceRows: (organizationId, snapshot) => evidence.sourceRows(organizationId, snapshot),
      violation: (what) => this.violation(what),
    };
  }

  /** Somebody is about to ask this job to stop. */
  cancelWished(name: string): void {
    this.#wished.add(name);
  }

  /** Somebody is about to ask for this job to be tried again. */
  retryWished(name: string): void {
    this.#retryWished.add(name);
  }

  /** Somebody says from where the organization's next copy goes on. */
  watermarkWished(organizationId: string, at: Micros): void {
    this.#watermarks.wished(organizationId, at);
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

  /** The job under `organization/job`, as the last transaction left it. */
  job(name: string): JobFacts | undefined {
    return this.#jobs.get(name);
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
      if (old && isRequeued(old, job)) this.#requeued(who, name);
      if (old) this.#transitions.changed(who, old, job);
      else if (job.status !== 'QUEUED') this.violation(`I8: ${who}: ${name} began as ${job.status}`);
      if (job.status === 'SUCCESS' && old?.status !== 'SUCCESS') succeeded.push(job);
    }
    for (const job of succeeded) this.quarantines.succeeded(who, job);
    this.#watermarks.moved(who, succeeded);
  }

  #witness(owner: string, operation: string, given: readonly unknown[]): void {
    if (operation === 'state.jobs.heartbeat') this.#deaths.beat(owner, this.#evidence.now());
    const [lease, , , acknowledged] = given;
    if (operation === 'state.batches.record' && isLease(lease) && (acknowledged as unknown[]).length > 0)
      this.#deaths.progressed(`${lease.organizationId}/${lease.jobId}`);
  }

  /** I8: what has ended stays so unless an operator wants it tried again; then what was before is forgotten. */
  #requeued(who: string, name: string): void {
    if (!this.#retryWished.has(name)) this.violation(`I8: ${who}: ${name} was queued again, nobody asked`);
    this.#requeuedAt.set(name, this.#evidence.now());
    this.#wished.delete(name);
    this.#deaths.progressed(name);
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

  /** I1: what is recorded as acknowledged is in the write stream when it is finalized. */
  finalized(replica: string, stream: string, rows: number): void {
    const acknowledged = this.#evidence.facts.acknowledgedRows(stream);
    if (rows < acknowledged)
      this.violation(
        `I1: ${replica} finalized ${stream} with ${rows} rows, ${acknowledged} are recorded as acknowledged`,
      );
  }

  /**
   * I6: an ack follows a terminal status, or the dead letter of what can never run. A delivery from before the job
   * was queued again may be acked for what the job was before.
   */
  acked(
    replica: string,
    content: { readonly organization_id?: string; readonly job_id?: string } | undefined,
    isDead: boolean,
    deliveredAt: Micros,
  ): void {
    const name = `${content?.organization_id}/${content?.job_id}`;
    const job = this.#jobs.get(name);
    const hadEnded = (this.#requeuedAt.get(name) ?? -1n) >= deliveredAt;
    if (!isDead && !hadEnded && !(job && isTerminal(job.status as JobStatus)))
      this.violation(
        `I6: ${replica} acked ${JSON.stringify(content)}, whose job is ${job?.status ?? 'unknown'}`,
      );
  }
}

function isRequeued(old: JobFacts, job: JobFacts): boolean {
  return isTerminal(old.status as JobStatus) && job.status === 'QUEUED';
}

function isLease(
  value: unknown,
): value is { organizationId: string; jobId: string; owner: string; epoch: number } {
  return typeof value === 'object' && value !== null && 'epoch' in value;
}
