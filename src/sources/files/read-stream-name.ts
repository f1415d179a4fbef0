/** Names of read streams over files: everything that any process needs to read the same rows again. */
import type { Slice } from '../../etl/source.ts';

/** What a stream's name says. */
export type ReadStreamName = {
  readonly slice: Slice;
  /** Of the files at the snapshot; another one means that the stream's rows are no longer what they were. */
  readonly fingerprint: string;
  readonly index: number;
  readonly count: number;
};

/** The name, at most a few hundred characters. */
export function streamName({ slice, fingerprint, index, count }: ReadStreamName): string {
  const { table, location, cursorField, window, snapshot } = slice;
  const place = [table.project, table.dataset, table.table, location, cursorField].map(encodeURIComponent);
  return ['files', ...place, window.lo ?? '', window.hi, snapshot, fingerprint, index, count].join('/');
}

/** What the name says. */
export function parseStreamName(name: string): ReadStreamName {
  const [, ...parts] = name.split('/');
  const [project = '', dataset = '', table = '', location = '', cursorField = ''] = parts
    .slice(0, 5)
    .map(decodeURIComponent);
  const [lo = '', hi = '', snapshot = '', fingerprint = '', index = '', count = ''] = parts.slice(5);
  return {
    slice: {
      table: { project, dataset, table },
      location,
      cursorField,
      window: { lo: lo === '' ? undefined : BigInt(lo), hi: BigInt(hi) },
      snapshot: BigInt(snapshot),
    },
    fingerprint,
    index: Number(index),
    count: Number(count),
  };
}
