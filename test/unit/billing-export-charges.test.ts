// What the synthetic billing export charges beside plain usage: commitments, late credits, promotions, the close of a month.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord } from '../../dev/billing-export/billing-export-rows.ts';
import { exactMoney } from '../../dev/billing-export/exact-money.ts';
import { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';
import { field, grouped, list } from '../support/cells.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const DAY = 86_400_000_000n;
const truth = new TruthLedger();
const rows = billingExportRows({
  seed: 7,
  organization: 'acme',
  rows: 6000,
  firstExportTime: NEW_YEAR,
  lastExportTime: NEW_YEAR + 40n * DAY,
  truth,
});

const creditTypes = (row: CellRecord) => list(row, 'credits').map((credit) => credit['type']);
const credited = (row: CellRecord) =>
  list(row, 'credits').reduce((sum, credit) => sum + (credit['amount'] as number), 0);
const isFee = (row: CellRecord) => (field(row, 'sku.description') as string).startsWith('Commitment v1:');

/** The rows of each commitment that belong together, one of them its fee, by the hour's subscription. */
function commitments(): CellRecord[][] {
  const subscribed = rows.filter((row) => row['subscription'] !== null);
  const groups = [...grouped(subscribed, (row) => field(row, 'subscription.instance_id')).values()];
  return groups.filter((group) => group.some(isFee));
}

test('in the older commitment model a credit takes covered usage back in full, and the fee is what is paid', () => {
  const older = commitments().filter(
    (group) => !group.flatMap(creditTypes).includes('FEE_UTILIZATION_OFFSET'),
  );
  assert.ok(older.length >= 5, `${older.length}`);
  for (const group of older) {
    const [fee, covered] = group as [CellRecord, CellRecord];
    assert.ok(isFee(fee) && (fee['cost'] as number) > 0 && list(fee, 'credits').length === 0);
    assert.deepEqual(creditTypes(covered), ['COMMITTED_USAGE_DISCOUNT']);
    assert.equal((covered['cost'] as number) + credited(covered), 0);
  }
});

test('in the newer commitment model the offset is what covered usage costs, with usage beyond it in a row of its own', () => {
  const newer = commitments().filter((group) =>
    group.flatMap(creditTypes).includes('FEE_UTILIZATION_OFFSET'),
  );
  assert.ok(newer.length >= 5, `${newer.length}`);
  for (const group of newer) {
    const [fee, covered] = group as [CellRecord, CellRecord];
    assert.ok(isFee(fee) && (fee['cost'] as number) > 0);
    assert.equal(-credited(fee), covered['cost']);
    assert.match(field(covered, 'consumption_model.description') as string, /CUD/);
    assert.ok(Number(covered['cost_at_effective_price_default']) / 1e9 > (covered['cost'] as number));
    const beyond = rows[rows.indexOf(covered) + 1];
    assert.equal(field(beyond ?? {}, 'sku.id'), field(covered, 'sku.id'));
    assert.equal(field(beyond ?? {}, 'consumption_model.description'), 'Default');
  }
  const unused = newer.map(([fee]) => (fee?.['cost'] as number) + credited(fee as CellRecord));
  assert.ok(unused.some((rest) => rest === 0) && unused.some((rest) => rest > 0));
});

test('sustained use is credited days after the usage, in rows without usage or cost', () => {
  const late = rows.filter(
    (row) => row['cost'] === 0 && creditTypes(row).includes('SUSTAINED_USAGE_DISCOUNT'),
  );
  assert.ok(late.length >= 10, `${late.length}`);
  for (const row of late) {
    assert.equal(field(row, 'usage.amount'), 0);
    assert.ok((row['export_time'] as bigint) - (row['usage_end_time'] as bigint) >= 2n * DAY);
    assert.ok(credited(row) < 0);
  }
});

test('promotions and free tier are credits on usage, and a promotion also comes alone', () => {
  const ofUsage = new Set(rows.filter((row) => row['usage'] !== null).flatMap(creditTypes));
  assert.ok(ofUsage.has('PROMOTION') && ofUsage.has('FREE_TIER'));
  const alone = rows.filter((row) => row['usage'] === null && creditTypes(row).includes('PROMOTION'));
  assert.ok(alone.length >= 2 && alone.every((row) => row['cost'] === 0 && credited(row) < 0));
});

test('when a month has closed each account gets its tax and its rounding, which makes the invoice whole cents', () => {
  const january = rows.filter((row) => field(row, 'invoice.month') === '202601');
  for (const [account, charged] of grouped(january, (row) => row['billing_account_id'])) {
    const at = charged.findIndex((row) => row['cost_type'] === 'tax');
    const [tax, rounding] = charged.slice(at, at + 2) as [CellRecord, CellRecord];
    assert.equal(rounding['cost_type'], 'rounding_error', String(account));
    assert.equal(tax['project'], null);
    const february = Date.UTC(2026, 1, 1, 8) * 1000;
    assert.equal(tax['usage_end_time'], BigInt(february));
    assert.ok((tax['export_time'] as bigint) > BigInt(february));
    const total = charged
      .slice(0, at + 2)
      .reduce((sum, row) => sum + (row['cost'] as number) + credited(row), 0);
    assert.ok((tax['cost'] as number) > 0);
    assert.ok(Math.abs(total * 100 - Math.round(total * 100)) < 1e-6, `${String(account)}: ${total}`);
  }
});

test('the truth per invoice month and per day of export_time is the exact sum of the rows', () => {
  const keys = {
    month: (row: CellRecord) => field(row, 'invoice.month') as string,
    day: (row: CellRecord) =>
      new Date(Number((row['export_time'] as bigint) / 1000n)).toISOString().slice(0, 10),
  };
  for (const [keyOf, told] of [
    [keys.month, truth.byInvoiceMonth()],
    [keys.day, truth.byExportDay()],
  ] as const) {
    const groups = grouped(rows, (row) => `${keyOf(row)} ${row['currency'] as string}`);
    assert.deepEqual(new Set(told.keys()), new Set(groups.keys()));
    for (const [key, group] of groups) {
      assert.deepEqual(told.get(key as string), {
        rows: group.length,
        cost: group.reduce((sum, row) => sum + exactMoney(row['cost'] as number), 0n),
        credits: group
          .flatMap((row) => list(row, 'credits'))
          .reduce((sum, credit) => sum + exactMoney(credit['amount'] as number), 0n),
      });
    }
  }
});
