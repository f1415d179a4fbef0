// I1–I5: judges what becomes visible, at the instant it does.
import { parseInstant, type Micros } from '../../src/job/instant.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { CopyModel } from './copy-model.ts';
import type { JobFacts } from './database-facts.ts';
import { copiesOf } from './simulated-module.ts';

/** What a commit made visible: the write streams or the job it consisted of, and the lineage of its rows. */
export type Commit = {
  readonly streams: readonly string[];
  readonly jobId: string | undefined;
  readonly lineages: readonly string[];
};

/** A commit set as it is recorded. */
export type RecordedSet = {
  readonly kind: 'streams' | 'job';
  readonly lineage: string;
  readonly jobId?: string;
  readonly rows?: number;
  readonly streams?: readonly RecordedStream[];
  readonly quarantine?: { readonly streams: readonly RecordedStream[] };
};

type RecordedStream = { readonly name: string; readonly rows: number };

export type CommitEvidence = {
  /** The job under `organization/job`, as the last transaction left it. */
  readonly job: (name: string) => JobFacts | undefined;
  readonly jobs: () => readonly JobFacts[];
  readonly visible: (organizationId: string) => readonly Row[];
  /** Rows of an organization's source as of an instant. */
  readonly sourceRows: (organizationId: string, snapshot: Micros) => readonly Row[];
  readonly violation: (what: string) => void;
};

export class CommitChecker {
  readonly #evidence: CommitEvidence;
  readonly #committed = new Set<string>();
  readonly #model = new CopyModel();

  constructor(evidence: CommitEvidence) {
    this.#evidence = evidence;
  }

  /** Whether the set of this lineage was ever committed. */
  wasCommitted(lineage: string): boolean {
    return this.#committed.has(lineage);
  }

  /** Rows have become visible. */
  committed(commit: Commit): void {
    const { violation } = this.#evidence;
    const lineage = this.#lineageOf(commit);
    const job = this.#evidence.job(lineage.replace(/\/[^/]*$/, ''));
    const set = job?.commit_set ? setOf(job.commit_set) : undefined;
    const plan = lineage.split('/')[2];
    const isDecided = job?.status === 'COMMITTING' && String(job.plan_number) === plan;
    if (!set || set.lineage !== lineage || !isDecided)
      violation(`I5: ${lineage} was committed while its job was ${job?.status} with ${job?.commit_set}`);
    else if (!isThisSet(set, commit))
      violation(`I4: ${lineage} was committed as ${nameOf(commit)}, which is not the recorded set`);
    if (this.#committed.has(lineage)) violation(`I4: ${lineage} was committed twice`);
    this.#committed.add(lineage);
    if (job?.plan) this.#seenAsPlanned(lineage, job, job.plan);
  }

  /** I3: the rows of one commit are rows of one job; a commit without rows is that of the job that recorded it. */
  #lineageOf(commit: Commit): string {
    const [lineage, ...others] = commit.lineages;
    if (others.length > 0)
      this.#evidence.violation(`I3: one commit made rows of ${commit.lineages.join(' and ')} visible`);
    if (lineage !== undefined) return lineage;
    const sets = this.#evidence.jobs().flatMap((job) => (job.commit_set ? [setOf(job.commit_set)] : []));
    return sets.find((set) => isThisSet(set, commit))?.lineage ?? 'nobody/knows/0';
  }

  /** I1, I2: afterwards everything of the organization that can be seen is what its source held, each row once. */
  #seenAsPlanned(lineage: string, job: JobFacts, planText: string): void {
    const { sourceRows, visible, violation } = this.#evidence;
    const organizationId = job.organization_id;
    const { snapshot, isIn } = plannedSlice(planText);
    const rows = copiesOf(organizationId, sourceRows(organizationId, snapshot).filter(isIn));
    if (replacesRows(job)) this.#model.replace(organizationId, isIn, rows);
    else
      for (const id of this.#model.add(organizationId, rows))
        violation(`I2: ${lineage} made row ${String(id)} of ${organizationId} visible again`);
    const difference = this.#model.difference(organizationId, visible(organizationId));
    if (difference) violation(`I1: after ${lineage} the copy is not what the source held: ${difference}`);
  }

  /** Nothing changed since the last commit. */
  checkUnchanged(organizationId: string): void {
    const difference = this.#model.difference(organizationId, this.#evidence.visible(organizationId));
    if (difference) this.#evidence.violation(`I1: the copy of ${organizationId} was changed: ${difference}`);
  }
}

/** Backfills and repairs. */
export function replacesRows({ job_type: type }: JobFacts): boolean {
  return type === 'backfill' || type === 'repair';
}

export function setOf(text: string): RecordedSet {
  return JSON.parse(text) as RecordedSet;
}

/** Rows that become visible with a recorded set. */
export function rowsOfSet({ streams = [], rows = 0 }: RecordedSet): number {
  return streams.reduce((sum, stream) => sum + stream.rows, rows);
}

/** The window of a recorded plan. */
export function windowOf(plan: string): { readonly lo: Micros | undefined; readonly hi: Micros } {
  const { lo, hi } = (JSON.parse(plan) as { window: { lo: string | null; hi: string } }).window;
  return { lo: lo === null ? undefined : instantOf(lo), hi: instantOf(hi) };
}

/** The rows of the source that a recorded plan copies: those in its window, as of its snapshot. */
export function plannedSlice(plan: string): {
  readonly snapshot: Micros;
  readonly isIn: (row: Row) => boolean;
  /** Of the module they go through. */
  readonly version: string;
} {
  const { lo, hi } = windowOf(plan);
  const { snapshot, moduleTransform } = JSON.parse(plan) as {
    readonly snapshot: string;
    readonly moduleTransform?: { readonly version: string };
  };
  return {
    snapshot: instantOf(snapshot),
    version: moduleTransform?.version ?? '',
    isIn(row) {
      const cursor = row['export_time'] as bigint;
      return (lo === undefined || cursor > lo) && cursor <= hi;
    },
  };
}

function isThisSet(set: RecordedSet, { streams, jobId }: Commit): boolean {
  if (set.kind === 'job' || jobId !== undefined) return set.kind === 'job' && set.jobId === jobId;
  return String((set.streams ?? []).map(({ name }) => name).sort()) === String([...streams].sort());
}

function nameOf({ streams, jobId }: Commit): string {
  return jobId ?? streams.join(', ');
}

function instantOf(text: string): Micros {
  return parseInstant(text)!;
}
