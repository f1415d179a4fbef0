// How fast rows pass through cutBatches, totals included, against copying the same bytes untouched; one thread.
//
//   node --import tsx bench/columnar.ts [rows]
import { performance } from 'node:perf_hooks';
import { argv } from 'node:process';
import { billingExportBatches, serializedSchema } from '../dev/billing-export/billing-export.ts';
import type { ArrowRows } from '../src/columnar/arrow-rows.ts';
import { copyLayout } from '../src/columnar/copy-layout.ts';
import { cutBatches } from '../src/columnar/cut-batches.ts';
import { CURRENCY_COLUMN, DEFAULT_VERIFY_COLUMNS } from '../src/job/totals.ts';

const ROWS = Number(argv[2] ?? 40_000);
const ROUNDS = 7;
/** Rows per incoming message: what a read stream may deliver, from trickle to flood. */
const MESSAGE_ROWS = [20, 200, 1000, 5000];
const LIMITS = { firstRow: 0, maxRows: 50_000, maxBytes: 9 * 1024 * 1024, cuts: [] };

const layout = copyLayout({
  arrowSchema: serializedSchema,
  cursorField: 'export_time',
  lineage: 'acme/nightly-20260401/1',
  verify: { columns: DEFAULT_VERIFY_COLUMNS, currencyColumn: CURRENCY_COLUMN, schema: [] },
});

console.log('rows per message | relay rows/s   MB/s | cutBatches rows/s   MB/s | ratio');
for (const batchRows of MESSAGE_ROWS) {
  const messages = generated(batchRows);
  const bytes = messages.reduce((sum, message) => sum + message.recordBatch.length, 0);
  const relayMs = await fastest(() => relay(messages));
  const cutMs = await fastest(() => cut(messages));
  const columns = [
    rate(ROWS, relayMs),
    rate(bytes / 1e3, relayMs),
    rate(ROWS, cutMs),
    rate(bytes / 1e3, cutMs),
  ];
  const [relayRows, relayMegabytes, cutRows, cutMegabytes] = columns.map((value) => value.padStart(9));
  console.log(
    `${String(batchRows).padStart(16)} | ${relayRows} ${relayMegabytes} | ${cutRows} ${cutMegabytes} | ` +
      `${(cutMs / relayMs).toFixed(1)} (${Math.round(bytes / ROWS)} B a row)`,
  );
}

function generated(batchRows: number): ArrowRows[] {
  const options = {
    seed: 1,
    organization: 'acme',
    rows: ROWS,
    firstExportTime: 1_775_000_000_000_000n,
    batchRows,
  };
  return [...billingExportBatches(options)].map(({ serializedRecordBatch, rowCount }) => ({
    recordBatch: serializedRecordBatch,
    rowCount,
  }));
}

/** Untouched: every message copied into memory of its own. */
async function relay(messages: readonly ArrowRows[]): Promise<number> {
  let bytes = 0;
  for await (const { recordBatch } of arriving(messages)) {
    const copy = Buffer.allocUnsafeSlow(recordBatch.length);
    copy.set(recordBatch);
    bytes += copy.length;
  }
  return bytes;
}

async function cut(messages: readonly ArrowRows[]): Promise<number> {
  let rows = 0;
  for await (const batch of cutBatches(arriving(messages), layout, LIMITS)) rows += batch.rows.rowCount;
  if (rows !== ROWS) throw new Error(`${ROWS} rows went in, ${rows} came out`);
  return rows;
}

async function* arriving(messages: readonly ArrowRows[]): AsyncGenerator<ArrowRows> {
  for (const message of messages) yield await Promise.resolve(message);
}

/** Milliseconds of the fastest of several rounds: the others were disturbed. */
async function fastest(act: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await act();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

function rate(count: number, elapsedMs: number): string {
  return Math.round((count / elapsedMs) * (count === ROWS ? 1000 : 1)).toLocaleString('en');
}
