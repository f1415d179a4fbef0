// Known-bad ways to reject rows and to keep them.
import type { StartedModule } from '../../../src/etl/transforms/module/modules.ts';
import { tableName, type TableRef } from '../../../src/job/table-ref.ts';
import { isQuarantine } from '../gated-sides.ts';
import type { Variant } from '../replica.ts';

const isOfRejected = (table: TableRef): boolean => isQuarantine(tableName(table));

/** Whoever finishes a job trusts that rejected rows became visible with the others. */
export const rejectedUncommitted: Variant = {
  name: 'rejected rows are never committed',
  destination: (real) => ({
    ...real,
    commitWriteStreams: async (table, names) =>
      isOfRejected(table) ? { kind: 'committed' } : real.commitWriteStreams(table, names),
  }),
};

/** A commit that was not answered, or that somebody else had begun, is taken for one without effect. */
export const rejectedTwice: Variant = {
  name: 'rejected rows are made again though their commit may have landed',
  destination: (real, { gate, shared }) => ({
    ...real,
    commitWriteStreams: async (table, names) => {
      const begunBy = shared.get(String(names)) ?? gate.replica;
      if (isOfRejected(table)) shared.set(String(names), begunBy);
      try {
        const outcome = await real.commitWriteStreams(table, names);
        return begunBy === gate.replica ? outcome : { kind: 'ambiguous', message: 'begun by another' };
      } catch (error) {
        if (!isOfRejected(table)) throw error;
        return { kind: 'ambiguous', message: String(error) };
      }
    },
    writeStreamState: async (name) =>
      isQuarantine(name) ? { kind: 'missing' } : real.writeStreamState(name),
    rowsOf: async (table, location, lineage) =>
      isOfRejected(table) ? 0 : real.rowsOf(table, location, lineage),
  }),
};

/** A module that is replaced passes for the one that a job began with. */
export const moduleUnversioned: Variant = {
  name: 'a module that was replaced goes on with what the one before it began',
  modules: (real) => ({
    async list() {
      const modules = await real.list();
      return modules.map((module) => ({ ...module, start: () => unversioned(module.start()) }));
    },
  }),
};

function unversioned(started: StartedModule): StartedModule {
  return {
    ...started,
    describe: async (source) => ({ ...(await started.describe(source)), version: '0' }),
    begin: async (work) => (await started.begin(work)) && '0',
  };
}
