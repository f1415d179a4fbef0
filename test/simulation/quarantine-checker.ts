// I1, I3–I5 for rows that a module rejected: kept once each, under the job whose other rows became visible before.
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { plannedSlice, setOf, type Commit, type CommitEvidence, type RecordedSet } from './commit-checker.ts';
import { nameOf, type JobFacts } from './database-facts.ts';
import { rejectedOf } from './simulated-module.ts';

export type QuarantineEvidence = Pick<CommitEvidence, 'job' | 'jobs' | 'sourceRows' | 'violation'> & {
  /** Rows anybody sees in an organization's quarantine now. */
  readonly quarantined: (organizationId: string) => readonly Row[];
  /** Whether the rows of this lineage that were not rejected can be seen. */
  readonly wasCommitted: (lineage: string) => boolean;
};

export class QuarantineChecker {
  readonly #evidence: QuarantineEvidence;
  readonly #committed = new Set<string>();
  readonly #givenUp = new Set<string>();

  constructor(evidence: QuarantineEvidence) {
    this.#evidence = evidence;
  }

  /** Whether the rejected rows of this lineage were ever committed. */
  wasCommitted(lineage: string): boolean {
    return this.#committed.has(lineage);
  }

  /** Somebody is about to settle this job without its rejected rows, which are lost. */
  givenUp(name: string): void {
    this.#givenUp.add(name);
  }

  /** Rejected rows can be seen. */
  committed({ streams, lineages }: Pick<Commit, 'streams' | 'lineages'>): void {
    const { job, violation, wasCommitted } = this.#evidence;
    const [lineage = 'nobody/knows/0', ...others] = lineages;
    if (others.length > 0)
      violation(`I3: one commit made rejected rows of ${lineages.join(' and ')} visible`);
    const owner = job(lineage.replace(/\/[^/]*$/, ''));
    const set = owner?.commit_set ? setOf(owner.commit_set) : undefined;
    if (set?.lineage !== lineage || owner?.status !== 'COMMITTING')
      violation(`I5: rejected rows of ${lineage} were committed while its job was ${owner?.status}`);
    else if (namesOf(set.quarantine) !== String([...streams].sort()))
      violation(`I4: rejected rows of ${lineage} were committed from streams that are not recorded`);
    else if (hasCopies(set) && !wasCommitted(lineage))
      violation(`I5: rejected rows of ${lineage} were committed before its other rows`);
    if (this.#committed.has(lineage)) violation(`I4: rejected rows of ${lineage} were committed twice`);
    this.#committed.add(lineage);
  }

  /** I1: by then every row it read and rejected is kept, once. */
  succeeded(who: string, job: JobFacts): void {
    if (!job.plan) return;
    const { sourceRows, quarantined, violation } = this.#evidence;
    const { organization_id: organizationId } = job;
    const { snapshot, isIn, version } = plannedSlice(job.plan);
    const lineage = `${nameOf(job)}/${job.plan_number}`;
    const expected = this.#givenUp.has(nameOf(job))
      ? []
      : rejectedOf(organizationId, sourceRows(organizationId, snapshot).filter(isIn), version);
    const kept = quarantined(organizationId).filter((row) => row['_etl_job_id'] === lineage);
    const wanted = idsText(expected.map(({ id }) => Number(id)));
    const found = idsText(kept.map(idOf));
    if (wanted !== found)
      violation(
        `I1: ${who}: ${lineage} is SUCCESS with the rejected rows ${found} kept, it rejected ${wanted}`,
      );
  }

  /** I3: nothing is kept of a plan that never became visible. */
  checkEnd(organizationId: string): void {
    const { jobs, quarantined, violation } = this.#evidence;
    const visible = jobs()
      .filter(({ status }) => status === 'SUCCESS')
      .map((job) => `${nameOf(job)}/${job.plan_number}`);
    for (const { _etl_job_id: lineage } of quarantined(organizationId))
      if (!visible.includes(String(lineage)))
        violation(`I3: a rejected row of ${String(lineage)} is kept, which never succeeded`);
  }
}

function namesOf(quarantine: RecordedSet['quarantine']): string {
  return String((quarantine?.streams ?? []).map(({ name }) => name).sort());
}

/** Where every row was rejected there is nothing else to commit. */
function hasCopies({ kind, streams = [] }: RecordedSet): boolean {
  return kind === 'job' || streams.length > 0;
}

function idOf(row: Row): number {
  return (JSON.parse(String(row['source_row'])) as { readonly id: number }).id;
}

function idsText(ids: readonly number[]): string {
  return [...ids].sort((a, b) => a - b).join(', ');
}
