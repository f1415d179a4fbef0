// The synthetic billing export as a stream of bytes: reproducible, cut anywhere, counted exactly.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { billingExportBatches, serializedSchema } from '../../dev/billing-export/billing-export.ts';
import type { BillingExportOptions } from '../../dev/billing-export/billing-export.ts';
import { billingExportRows, decodeRecordBatch } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord } from '../../dev/billing-export/billing-export-rows.ts';
import { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const options = { seed: 7, organization: 'acme', rows: 2000, firstExportTime: NEW_YEAR } as const;

function hashOf(of: BillingExportOptions): string {
  const hash = createHash('sha256');
  for (const { serializedRecordBatch } of billingExportBatches(of)) hash.update(serializedRecordBatch);
  return hash.digest('hex');
}

/** Σ of each currency, `rounded` being the money rule by way of toFixed instead of the generator's own arithmetic. */
function recomputed(
  rows: readonly CellRecord[],
): Map<string, { rows: number; cost: bigint; credits: bigint }> {
  const rounded = (amount: unknown) => BigInt((amount as number).toFixed(15).replace('.', ''));
  const sums = new Map<string, { rows: number; cost: bigint; credits: bigint }>();
  for (const row of rows) {
    const currency = row['currency'] as string;
    const sum = sums.get(currency) ?? { rows: 0, cost: 0n, credits: 0n };
    sum.rows++;
    sum.cost += rounded(row['cost']);
    for (const credit of row['credits'] as CellRecord[]) sum.credits += rounded(credit['amount']);
    sums.set(currency, sum);
  }
  return sums;
}

test('the same seed gives the same bytes, even while another export is generated in between', () => {
  const alone = hashOf(options);
  const hash = createHash('sha256');
  const other = billingExportBatches({ ...options, organization: 'globex', batchRows: 100 });
  for (const { serializedRecordBatch } of billingExportBatches(options)) {
    other.next();
    hash.update(serializedRecordBatch);
  }
  assert.equal(hash.digest('hex'), alone);
});

test('another seed, organization or first export time gives other bytes', () => {
  const hashes = [
    hashOf(options),
    hashOf({ ...options, seed: 8 }),
    hashOf({ ...options, organization: 'globex' }),
    hashOf({ ...options, firstExportTime: NEW_YEAR + 1n }),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

test('how rows are cut into batches changes neither rows nor truth', () => {
  const [whole, pieces] = [new TruthLedger(), new TruthLedger()];
  const rows = billingExportRows({ ...options, truth: whole });
  const cut = billingExportRows({ ...options, batchRows: 37, truth: pieces });
  // Row by row: the difference of two whole exports takes minutes to print.
  for (const [i, row] of rows.entries()) assert.deepEqual(cut[i], row);
  assert.equal(cut.length, rows.length);
  assert.deepEqual(pieces.entries(), whole.entries());
});

test('batches hold the rows that were asked for and stay below an append of 9 MiB', () => {
  const batches = [...billingExportBatches({ ...options, rows: 12_000, batchRows: 100_000 })];
  assert.equal(
    batches.reduce((sum, { rowCount }) => sum + rowCount, 0),
    12_000,
  );
  assert.ok(batches.length > 1);
  for (const { serializedRecordBatch, rowCount } of batches) {
    assert.ok(serializedRecordBatch.length < 9 * 1024 * 1024, `${serializedRecordBatch.length} bytes`);
    assert.equal(decodeRecordBatch(serializedSchema, serializedRecordBatch).length, rowCount);
  }
  const cut = [...billingExportBatches({ ...options, batchRows: 37 })].map(({ rowCount }) => rowCount);
  assert.equal(Math.max(...cut), 37);
  for (const rows of [1, 2, 3, 10, 61]) assert.equal(billingExportRows({ ...options, rows }).length, rows);
});

test('a row takes between 1.0 and 1.6 kB of Arrow', () => {
  const batches = [...billingExportBatches({ ...options, rows: 20_000 })];
  const bytes = batches.reduce((sum, { serializedRecordBatch }) => sum + serializedRecordBatch.length, 0);
  assert.ok(bytes / 20_000 >= 1000 && bytes / 20_000 <= 1600, `${bytes / 20_000} bytes a row`);
});

test('schema and batches are single bare messages without an end-of-stream marker', () => {
  const [batch] = billingExportBatches({ ...options, rows: 10 });
  assert.ok(batch);
  for (const message of [serializedSchema, batch.serializedRecordBatch]) {
    assert.equal(message.readUInt32LE(0), 0xffffffff);
    assert.notEqual(message.subarray(-8).toString('hex'), 'ffffffff00000000');
  }
  assert.equal(serializedSchema.length, 8 + serializedSchema.readInt32LE(4));
});

test('the truth equals sums recomputed from the decoded bytes', () => {
  const truth = new TruthLedger();
  const rows = billingExportRows({ ...options, truth });
  assert.equal(truth.rows(), 2000);
  assert.deepEqual(truth.byCurrency(), recomputed(rows));

  const middle = rows[1000]?.['export_time'] as bigint;
  const upTo = rows.filter((row) => (row['export_time'] as bigint) <= middle);
  assert.deepEqual(truth.byCurrency({ hi: middle }), recomputed(upTo));
  assert.equal(truth.rows({ lo: middle }) + truth.rows({ hi: middle }), 2000);

  const january = rows.filter((row) => (row['invoice'] as CellRecord)['month'] === '202601');
  const byMonth = truth.byInvoiceMonth();
  for (const [currency, sums] of recomputed(january))
    assert.deepEqual(byMonth.get(`202601 ${currency}`), sums);
});

test('truths of two loads add up', () => {
  const [first, second] = [new TruthLedger(), new TruthLedger()];
  const rows = billingExportRows({ ...options, truth: first });
  const later = { ...options, rows: 500, firstExportTime: (first.lastExportTime() ?? 0n) + 1n };
  rows.push(...billingExportRows({ ...later, truth: second }));
  first.addAll(second);
  assert.deepEqual(first.byCurrency(), recomputed(rows));
});

test('an export that continues another goes on in the same accounts and projects', () => {
  const accounts = (rows: CellRecord[]) => new Set(rows.map((row) => row['billing_account_id']));
  const later = billingExportRows({ ...options, firstExportTime: NEW_YEAR + 86_400_000_000n });
  assert.deepEqual(accounts(later), accounts(billingExportRows(options)));
});

test('impossible options are refused with the value', () => {
  const generate = (more: Partial<BillingExportOptions>) => () => hashOf({ ...options, ...more });
  assert.throws(generate({ batchRows: 1 }), /batchRows is 1/);
  assert.throws(generate({ currencies: ['XXX'] }), /no rate for currency XXX/);
  assert.throws(generate({ currencies: [] }), /at least one currency/);
  assert.throws(generate({ lastExportTime: NEW_YEAR - 1n }), /before the first/);
  assert.throws(generate({ missingColumns: ['invoice.publisher'] }), /no column invoice\.publisher/);
});
