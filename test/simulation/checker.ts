// Judges a world while it goes on: by what database, warehouses and broker did, in one order, never by what the program says.
import { parseInstant, type Micros } from '../../src/job/instant.ts';
import { STATUS_GRAPH, isTerminal } from '../../src/job/job-status.ts';
import type { JobStatus } from '../../src/job/job.ts';
import { REASONS, type Reason } from '../../src/job/reason.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
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

type CommitSet = {
  readonly lineage: string;
  readonly streams: readonly { readonly name: string; readonly rows: number }[];
};

/** The invariants of the fault catalogue, §4; each violation names the one it is of. */
export class Checker {
  readonly violations: string[] = [];
  readonly #evidence: Evidence;
  readonly #jobs = new Map<string, JobFacts>();
  readonly #watermarks = new Map<string, bigint | null>();
  #changes: number;
  readonly #committed = new Map<string, number>();
  readonly #rowsSeen = new Map<string, Set<unknown>>();
  /** How often each job was taken from an owner that had not released it. */
  readonly #takeovers = new Map<string, number>();
  /** Grows with every change of a job's status. */
  statusChanges = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#changes = evidence.facts.changes();
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
    const changes = facts.changes();
    if (changes === this.#changes) return;
    this.#changes = changes;
    const who = `${owner} ${operation}`;
    this.#fencing(owner, operation, given[0]);
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
    if (job.needs_operator !== 0n) this.violation(`I10: ${what} waits for an operator: ${job.error_message}`);
    if (old.status !== job.status && job.status === 'SUCCESS') this.#success(what, job);
    if (old.status !== job.status && job.status === 'FAILED') this.#failure(what, job);
  }

  #leaseMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (job.lease_epoch < old.lease_epoch)
      this.violation(`I8: ${what}: the epoch fell to ${job.lease_epoch}`);
    const changedHands = job.lease_owner !== null && job.lease_owner !== old.lease_owner;
    if (!changedHands) return;
    if (old.lease_owner !== null)
      this.#takeovers.set(nameOf(job), (this.#takeovers.get(nameOf(job)) ?? 0) + 1);
    if (job.lease_epoch !== old.lease_epoch + 1n) this.violation(`I8: ${what} was taken under no new epoch`);
    if (old.lease_expires_at !== null && old.lease_expires_at > this.#evidence.now())
      this.violation(`I8: ${what} was taken from ${old.lease_owner}, whose lease had not run out`);
  }

  /** I4: within one plan number the recorded set never changes, and it is given up only when it can have no effect. */
  #setMoves(what: string, old: JobFacts, job: JobFacts): void {
    if (old.commit_set === job.commit_set || old.commit_set === null) return;
    const { lineage } = setOf(old.commit_set);
    if (job.commit_set !== null || job.plan_number !== old.plan_number + 1n)
      this.violation(`I4: ${what}: the set of ${lineage} was changed`);
    if (this.#committed.has(lineage))
      this.violation(`I4: ${what}: the set of ${lineage} was given up although committed`);
  }

  /** I9: SUCCESS if and only if all rows of the recorded set can be seen, and no others of this job. */
  #success(what: string, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    const set = job.commit_set === null ? undefined : setOf(job.commit_set);
    const expected = set ? set.streams.reduce((rows, stream) => rows + stream.rows, 0) : 0;
    if (seen !== expected || BigInt(seen) !== job.rows_written)
      this.violation(
        `I9: ${what} is SUCCESS with ${seen} rows to be seen, ${expected} decided, ${job.rows_written} recorded`,
      );
  }

  /** I9, I10: a job fails only before its decision, without a trace, and for what did go wrong. */
  #failure(what: string, job: JobFacts): void {
    const seen = this.#visibleOf(job);
    if (seen > 0) this.violation(`I9: ${what} is FAILED with ${seen} rows to be seen`);
    const reason = job.error_reason as Reason;
    const isTransient = REASONS[reason] === 'transient';
    const exhausted =
      isTransient && reason !== 'database_unavailable' && Number(job.attempts) >= this.#evidence.maxRetries;
    const isUnknown = reason === 'unknown_organization' && job.organization_id === UNKNOWN_ORGANIZATION;
    // The third death in a row is found by a claim, which fails the job instead of taking it.
    const isCrashLoop = reason === 'crash_loop' && (this.#takeovers.get(nameOf(job)) ?? 0) >= 2;
    if (!exhausted && !isUnknown && !isCrashLoop && !this.#evidence.injectedReasons.has(reason))
      this.violation(
        `I10: ${what} is FAILED for no fault of its surroundings: ${reason}: ${job.error_message}`,
      );
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
      if (job.commit_set === null || job.plan === null) continue;
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

  /** I1–I5, at the instant rows become visible. */
  committed(organizationId: string, streams: readonly string[], rows: readonly Row[]): void {
    const lineages = [...new Set(rows.map((row) => String(row['_etl_job_id'])))];
    const [lineage = 'no rows'] = lineages;
    if (lineages.length !== 1)
      this.violation(`I3: one commit made rows of ${lineages.join(' and ')} visible`);
    const [, , plan] = lineage.split('/');
    const job = this.#jobs.get(lineage.replace(/\/[^/]*$/, ''));
    const set = job?.commit_set ? setOf(job.commit_set) : undefined;
    if (
      !job ||
      !set ||
      set.lineage !== lineage ||
      String(job.plan_number) !== plan ||
      job.status !== 'COMMITTING'
    )
      this.violation(`I5: ${lineage} was committed while its job was ${job?.status} with ${job?.commit_set}`);
    else if (String(set.streams.map(({ name }) => name).sort()) !== String([...streams].sort()))
      this.violation(
        `I4: ${lineage} was committed from ${streams.join(', ')}, which is not the recorded set`,
      );
    if (this.#committed.has(lineage)) this.violation(`I4: ${lineage} was committed twice`);
    this.#committed.set(lineage, rows.length);
    this.#eachOnce(organizationId, lineage, rows);
    if (job?.plan) this.#asAtTheSource(lineage, job, rows);
  }

  /** I2 */
  #eachOnce(organizationId: string, lineage: string, rows: readonly Row[]): void {
    const seen = this.#rowsSeen.get(organizationId) ?? new Set<unknown>();
    this.#rowsSeen.set(organizationId, seen);
    for (const row of rows) {
      const id = row['id'];
      if (seen.has(id))
        this.violation(`I2: ${lineage} made row ${String(id)} of ${organizationId} visible again`);
      seen.add(id);
    }
  }

  /** I1 */
  #asAtTheSource(lineage: string, job: JobFacts, rows: readonly Row[]): void {
    const { lo, hi } = windowOf(job.plan!);
    const snapshot = instantOf((JSON.parse(job.plan!) as { snapshot: string }).snapshot);
    const expected = this.#evidence.sourceRows(job.organization_id, snapshot).filter((row) => {
      const cursor = row['export_time'] as bigint;
      return (lo === undefined || cursor > lo) && cursor <= hi;
    });
    const difference = rowsDifference(expected, rows);
    if (difference) this.violation(`I1: ${lineage} is not what the source held: ${difference}`);
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

/** The first difference between rows of a source and rows of its copy, or undefined. */
export function rowsDifference(expected: readonly Row[], copied: readonly Row[]): string | undefined {
  const byId = (a: Row, b: Row): number => Number((a['id'] as bigint) - (b['id'] as bigint));
  const [wanted, found] = [[...expected].sort(byId), [...copied].sort(byId)];
  if (wanted.length !== found.length) return `${found.length} rows instead of ${wanted.length}`;
  const at = wanted.findIndex((row, i) =>
    Object.keys(row).some((column) => found[i]?.[column] !== row[column]),
  );
  return at < 0 ? undefined : `row ${String(wanted[at]?.['id'])} differs`;
}

function nameOf(job: JobFacts): string {
  return `${job.organization_id}/${job.job_id}`;
}

function setOf(text: string): CommitSet {
  return JSON.parse(text) as CommitSet;
}

function windowOf(plan: string): { readonly lo: Micros | undefined; readonly hi: Micros } {
  const { lo, hi } = (JSON.parse(plan) as { window: { lo: string | null; hi: string } }).window;
  return { lo: lo === null ? undefined : instantOf(lo), hi: instantOf(hi) };
}

function instantOf(text: string): Micros {
  return parseInstant(text)!;
}

function isLease(
  value: unknown,
): value is { organizationId: string; jobId: string; owner: string; epoch: number } {
  return typeof value === 'object' && value !== null && 'epoch' in value;
}
