// The module transform of simulated worlds: what it makes of each row, and how it runs there without a thread.
import type { Modules, StartedModule } from '../../src/etl/transforms/module/modules.ts';
import { SliceTransformer } from '../../src/etl/transforms/module/slice-transformer.ts';
import type { TransformedRow, TransformModule } from '../../src/etl/transforms/module-transform.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { isTransformed, SECRET } from './organizations.ts';

/** Its name in configurations. */
export const TRANSFORM = 'module:simulated';

/** What has to be seen of these rows at an organization's destination. */
export function copiesOf(organizationId: string, rows: readonly Row[]): readonly Row[] {
  return isTransformed(organizationId) ? rows.flatMap((row) => madeOf(row) ?? []) : rows;
}

/** Those of an organization's rows that are rejected. */
export function rejectedOf(organizationId: string, rows: readonly Row[]): readonly Row[] {
  return isTransformed(organizationId) ? rows.filter((row) => madeOf(row) === undefined) : [];
}

/** By its id, a row stays as it is, is rejected, dropped, or becomes two. */
function madeOf(row: Row): readonly Row[] | undefined {
  const id = row['id'] as bigint;
  switch (id % 5n) {
    case 2n:
      return undefined;
    case 3n:
      return [];
    case 4n:
      return [row, { ...row, id: -id }];
    default:
      return [row];
  }
}

const MODULE: TransformModule = {
  columns: (source) => source,
  cursor: 'export_time',
  transformRows: (rows, { reject }) =>
    rows.map((row) => (madeOf(row as Row) as TransformedRow | undefined) ?? reject(SECRET)),
};
const VERSION = 'simulated';

/** The only one there is, always at hand and done at once: threads know no virtual time. */
export const MODULES: Modules = {
  list: () => Promise.resolve([{ transform: TRANSFORM, path: TRANSFORM, timeLimitMs: 1, start }]),
};

function start(): StartedModule {
  let transformer: SliceTransformer | undefined;
  return {
    describe: (source = []) => Promise.resolve({ version: VERSION, cursor: MODULE.cursor, columns: source }),
    begin(work) {
      transformer = new SliceTransformer(MODULE, TRANSFORM, work, new Int32Array(2));
      return Promise.resolve(VERSION);
    },
    transform: async (request) => {
      if (!transformer) throw new Error('rows came before it was said what to do with them');
      return transformer.transform(request);
    },
    close: () => Promise.resolve(),
  };
}
