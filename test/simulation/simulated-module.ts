// The module transform of simulated worlds: what it makes of each row, and how it runs there without a thread.
import type { Modules, StartedModule } from '../../src/etl/transforms/module/modules.ts';
import { SliceTransformer } from '../../src/etl/transforms/module/slice-transformer.ts';
import type { TransformedRow, TransformModule } from '../../src/etl/transforms/module-transform.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { isTransformed, SECRET } from './organizations.ts';

/** Its name in configurations. */
export const TRANSFORM = 'module:simulated';

/** What has to be seen of these rows at an organization's destination, whichever version of the module made it. */
export function copiesOf(organizationId: string, rows: readonly Row[]): readonly Row[] {
  return isTransformed(organizationId) ? rows.flatMap((row) => copiesOfRow(row)) : rows;
}

/** Those of an organization's rows that this version of its module rejects. */
export function rejectedOf(organizationId: string, rows: readonly Row[], version: string): readonly Row[] {
  return isTransformed(organizationId) ? rows.filter((row) => isRejected(row, version)) : [];
}

/** By its id, a row stays as it is, becomes two, or comes to nothing. */
function copiesOfRow(row: Row): readonly Row[] {
  const id = row['id'] as bigint;
  switch (id % 5n) {
    case 2n:
    case 3n:
      return [];
    case 4n:
      return [row, { ...row, id: -id }];
    default:
      return [row];
  }
}

/** Of the rows that come to nothing, each version rejects those that the one before it drops. */
function isRejected(row: Row, version: string): boolean {
  return (row['id'] as bigint) % 5n === (Number(version) % 2 === 0 ? 2n : 3n);
}

/** The module in the state of one world; of a job that has begun with one version none may go on with another. */
export class SimulatedModule {
  #version = 0;

  /** Whether another version than the first is there. */
  get wasExchanged(): boolean {
    return this.#version > 0;
  }

  exchange(): void {
    this.#version += 1;
  }

  /** The only one there is, always at hand and done at once: threads know no virtual time. */
  readonly modules: Modules = {
    list: () =>
      Promise.resolve([
        { transform: TRANSFORM, path: TRANSFORM, timeLimitMs: 1, start: () => started(`${this.#version}`) },
      ]),
  };
}

function moduleOf(version: string): TransformModule {
  return {
    columns: (source) => source,
    cursor: 'export_time',
    transformRows: (rows, { reject }) =>
      rows.map((row) =>
        isRejected(row as Row, version) ? reject(SECRET) : (copiesOfRow(row as Row) as TransformedRow),
      ),
  };
}

/** It is what it was when it was started, whatever becomes of its file. */
function started(version: string): StartedModule {
  const module = moduleOf(version);
  let transformer: SliceTransformer | undefined;
  return {
    describe: (source = []) => Promise.resolve({ version, cursor: module.cursor, columns: source }),
    begin(work) {
      transformer = new SliceTransformer(module, TRANSFORM, work, new Int32Array(2));
      return Promise.resolve(version);
    },
    transform: async (request) => {
      if (!transformer) throw new Error('rows came before it was said what to do with them');
      return transformer.transform(request);
    },
    close: () => Promise.resolve(),
  };
}
