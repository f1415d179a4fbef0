// The generator: a synthetic detailed billing export as Arrow record batches; same options, same bytes.
import type { Schema } from 'apache-arrow';
import { arrowSchema, serializeSchema } from './arrow-schema.ts';
import { BatchBuilder, type BillingExportBatch } from './batch-builder.ts';
import { exportSchedule } from './export-schedule.ts';
import { Invoices } from './invoices.ts';
import { appendsShown } from './latecomers.ts';
import { Line } from './line.ts';
import { PastLines } from './past-lines.ts';
import { Turns } from './phenomena/phenomena.ts';
import { Random } from './random.ts';
import { MonthClosings } from './month-closings.ts';
import { detailedExportFields, withoutColumns } from './schema.ts';
import type { TruthLedger } from './truth-ledger.ts';
import { skus } from './world/catalog.ts';
import { createWorld } from './world/world.ts';

/** What to generate. */
export interface BillingExportOptions {
  readonly seed: string | number;
  /** Names the world that rows come from: exports of one seed and organization share accounts and projects. */
  readonly organization: string;
  readonly rows: number;
  /** The export_time of the first append, in microseconds since 1970. */
  readonly firstExportTime: bigint;
  /** The export_time of the last append; left out, four appends an hour with about 500 rows each. */
  readonly lastExportTime?: bigint;
  /** The most rows in one record batch, at least 2 (default 5000); a batch also ends near 8 MiB. */
  readonly batchRows?: number;
  /** One billing account for each currency (default USD and EUR). */
  readonly currencies?: readonly string[];
  /** Dotted paths of columns that the table does not have yet. */
  readonly missingColumns?: readonly string[];
  /**
   * Some appends become visible late, long after later ones: `withheld` generates the rows without them, `only` them
   * alone under their old export_time. Left out, all rows. Both together are the same rows as without the option.
   */
  readonly latecomers?: 'withheld' | 'only';
  /** Is told of every row. */
  readonly truth?: TruthLedger;
}

/** The bare Arrow IPC schema message of the batches, without the columns that the table does not have yet. */
export function serializedBillingExportSchema(missingColumns?: readonly string[]): Buffer {
  return serializeSchema(schemaWithout(missingColumns));
}

/** The bare Arrow IPC schema message of the batches with all columns. */
export const serializedSchema = serializedBillingExportSchema();

/** Generates the rows in order of export_time. A row never depends on how rows are cut into batches. */
export function* billingExportBatches(
  options: BillingExportOptions,
): Generator<BillingExportBatch, void, undefined> {
  const { seed, organization, currencies = ['USD', 'EUR'], batchRows = 5000, truth } = options;
  if (batchRows < 2) throw new Error(`batchRows is ${batchRows}; pairs of rows need at least 2.`);
  const batch = new BatchBuilder(schemaWithout(options.missingColumns), batchRows);
  const world = createWorld(seed, organization, currencies);
  const random = new Random('export', seed, organization, options.firstExportTime);
  const past = new PastLines();
  const invoices = new Invoices();
  const closings = new MonthClosings(world.organization.accounts);
  const shown = appendsShown(options);
  const turns = new Turns();
  const line = new Line(firstOf(world.organization.accounts), firstOf(skus));
  let isShown = true;
  const write = () => {
    invoices.add(line);
    if (!isShown) return;
    batch.append(line);
    truth?.add(line);
  };

  const schedule = exportSchedule(spanOf(options), random);
  for (const [index, { exportMicros, rows }] of schedule.entries()) {
    const scene = { world, random, past, invoices, exportMicros };
    isShown = shown(index, schedule.length);
    closings.advanceTo(exportMicros);
    let left = rows;
    while (left > 0) {
      const phenomenon = closings.next(left) ?? turns.next(random, left);
      if (!batch.hasRoomFor(phenomenon.rows)) yield batch.take();
      phenomenon.play(scene, line, write);
      left -= phenomenon.rows;
    }
  }
  if (!batch.isEmpty) yield batch.take();
}

function schemaWithout(missingColumns: readonly string[] = []): Schema {
  return arrowSchema(withoutColumns(detailedExportFields, missingColumns));
}

function spanOf({ rows, firstExportTime, lastExportTime }: BillingExportOptions) {
  return {
    rows,
    firstExportMicros: Number(firstExportTime),
    lastExportMicros: lastExportTime === undefined ? undefined : Number(lastExportTime),
  };
}

function firstOf<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error('The synthetic world is empty.');
  return first;
}
