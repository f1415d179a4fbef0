/** What one commit makes visible, recorded before it is committed and never changed within one plan number. */

import type { TableRef } from './table-ref.ts';

/** Write streams of a quarantine table: rejected rows go into a table of their own, and so into a commit of their own. */
export type QuarantineSet = {
  readonly table: TableRef;
  readonly location: string;
  readonly streams: readonly { readonly name: string; readonly rows: number }[];
};

/** What every set has; the quarantine is committed once the rows of the set are visible. */
type WithQuarantine = { readonly quarantine?: QuarantineSet };

/** Write streams committed together. */
export type StreamCommitSet = WithQuarantine & {
  readonly kind: 'streams';
  /** Value of `_etl_job_id` in every row of the set: the evidence when the streams can no longer be asked. */
  readonly lineage: string;
  readonly streams: readonly { readonly name: string; readonly rows: number }[];
};

/** One BigQuery job under an id of ours, to be inserted exactly as recorded, whichever build rolls it forward. */
export type JobCommitSet = WithQuarantine & {
  readonly kind: 'job';
  readonly lineage: string;
  readonly jobId: string;
  readonly location: string;
  /** The job's configuration as the destination wrote it: nobody else reads it. */
  readonly configuration: string;
  /** Tells whether a job found under that id is this one. */
  readonly configurationHash: string;
  readonly rows: number;
};

export type CommitSet = StreamCommitSet | JobCommitSet;

/** Rows that become visible with the set. */
export function commitSetRows(set: CommitSet): number {
  return set.kind === 'job' ? set.rows : set.streams.reduce((rows, stream) => rows + stream.rows, 0);
}

/** Whether two sets are the same set; the condition under which a job may be finished. */
export function sameCommitSet(a: CommitSet, b: CommitSet): boolean {
  return commitSetIdentity(a) === commitSetIdentity(b);
}

/** Text that is equal for equal sets, whatever order their keys or streams came in. */
function commitSetIdentity(set: CommitSet): string {
  const rejected = set.quarantine ? [streamsIdentity(set.quarantine.streams)] : [];
  if (set.kind === 'job')
    return JSON.stringify([set.kind, set.lineage, set.jobId, set.configurationHash, ...rejected]);
  return JSON.stringify([set.kind, set.lineage, streamsIdentity(set.streams), ...rejected]);
}

function streamsIdentity(streams: QuarantineSet['streams']): readonly (readonly [string, number])[] {
  return streams.map(({ name, rows }) => [name, rows] as const).sort(([a], [b]) => (a < b ? -1 : 1));
}
