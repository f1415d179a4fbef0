/** Opens the source of an organization by its kind. */
import type { Source } from '../etl/source.ts';
import { TerminalError } from '../job/errors.ts';
import type { TableRef } from '../job/table-ref.ts';
import { filesSource } from './files/files-source.ts';
import { moduleSource } from './module-source.ts';

/** A source that holds connections until it is closed. */
export type ClosableSource = Source & {
  /** How far back the table can be read, where the source forgets how it was. */
  timeTravelHours?(table: TableRef): Promise<number>;
  close(): Promise<void>;
};

const MODULE = 'module:';

/** The source of the kind; what is plugged in or lies in files is found under sourcesDir. Throws a TerminalError for a kind nobody knows. */
export function openSource(
  kind: string,
  sourcesDir: string,
  openBigQuery: () => ClosableSource,
): ClosableSource {
  if (kind === 'bigquery') return openBigQuery();
  if (kind === 'files') {
    const now = () => BigInt(Date.now()) * 1000n;
    return { ...filesSource({ root: sourcesDir, now }), close: () => Promise.resolve() };
  }
  if (kind.startsWith(MODULE)) return moduleSource(sourcesDir, kind.slice(MODULE.length));
  throw new TerminalError(
    'invalid_configuration',
    `source kind "${kind}" is unknown; it must be bigquery, files or module:NAME (org set --source-kind)`,
  );
}
