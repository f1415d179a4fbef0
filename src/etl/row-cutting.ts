/** How a run makes batches of the rows of a read stream: cut as they are, or given to a module and cut then. */
import type { ArrowRows } from '../columnar/arrow-rows.ts';
import { copyLayout, readLayout, type CopyLayout } from '../columnar/copy-layout.ts';
import { cutBatches, type CutOptions } from '../columnar/cut-batches.ts';
import { cutTransformed } from '../columnar/cut-transformed.ts';
import type { CutBatch } from '../columnar/open-batch.ts';
import { tableSchemaMessage } from '../columnar/table-schema-message.ts';
import { jobName, lineageOf } from '../job/job.ts';
import { readColumns, verifiedColumns } from './extract.ts';
import type { PlannedRun } from './run.ts';
import type { ReadSession } from './source.ts';
import { findModule } from './transforms/module/find-module.ts';
import { moduleStream } from './transforms/module/module-stream.ts';
import { QUARANTINE_COLUMNS, QUARANTINE_CURSOR } from './transforms/module/quarantine-rows.ts';

/** Makes batches of a session's rows; the schemas are bare Arrow IPC schema messages. */
export type RowCutting = {
  readonly writerSchema: Uint8Array;
  /** Of rejected rows, where they are kept. */
  readonly quarantineSchema: Uint8Array | undefined;
  batches(
    stream: number,
    incoming: AsyncIterable<ArrowRows>,
    options: CutOptions,
    signal: AbortSignal,
  ): AsyncGenerator<CutBatch>;
};

/** Throws a TerminalError for columns that cannot be copied or given to the plan's module. */
export async function rowCutting(run: PlannedRun, session: ReadSession): Promise<RowCutting> {
  return run.plan.moduleTransform ? cutByModule(run, session) : cutAsTheyAre(run, session);
}

function cutAsTheyAre(run: PlannedRun, { arrowSchema }: ReadSession): RowCutting {
  const layout = layoutOf(run, arrowSchema);
  return {
    writerSchema: layout.writerSchema,
    quarantineSchema: undefined,
    batches: (_, incoming, options) => cutBatches(incoming, layout, options),
  };
}

async function cutByModule(run: PlannedRun, { arrowSchema }: ReadSession): Promise<RowCutting> {
  const { plan, settings, lease } = run;
  const { version = '', sourceSchema = [] } = plan.moduleTransform ?? {};
  const module = await findModule(settings.modules, plan.transform);
  const rows = layoutOf(run, tableSchemaMessage(plan.sourceSchema));
  const read = readLayout({ arrowSchema, cursorField: plan.cursorField, verify: readColumns(run) });
  const rejected = plan.quarantine && quarantineLayout(run);
  return {
    writerSchema: rows.writerSchema,
    quarantineSchema: rejected?.writerSchema,
    batches(stream, incoming, options, signal) {
      const work = {
        transform: plan.transform,
        organizationId: lease.organizationId,
        stream,
        source: sourceSchema,
        sourceCursor: plan.cursorField,
        columns: plan.sourceSchema,
        window: plan.window,
        keepsRejected: rejected !== undefined,
        takesDigests: plan.verifyLevel === 'fingerprint',
        arrowSchema,
      };
      const made = moduleStream(incoming, options.firstRow, {
        ...{ module, version, work, signal },
        seed: jobName(lease),
      });
      return cutTransformed(made, { read, rows, rejected }, options);
    },
  };
}

function layoutOf(run: PlannedRun, arrowSchema: Uint8Array): CopyLayout {
  const { plan } = run;
  return copyLayout({
    arrowSchema,
    cursorField: plan.sqlTransform?.cursorField ?? plan.moduleTransform?.cursorField ?? plan.cursorField,
    lineage: lineageOf(run.lease, run.planNumber),
    verify: verifiedColumns(run),
  });
}

function quarantineLayout(run: PlannedRun): CopyLayout {
  return copyLayout({
    arrowSchema: tableSchemaMessage(QUARANTINE_COLUMNS),
    cursorField: QUARANTINE_CURSOR,
    lineage: lineageOf(run.lease, run.planNumber),
    verify: { columns: [], currencyColumn: undefined, schema: QUARANTINE_COLUMNS },
  });
}
