// When rows of the synthetic billing export come: late by service, seldom by days, and sometimes visible after later ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord } from '../../dev/billing-export/billing-export-rows.ts';
import { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';
import { field, grouped } from '../support/cells.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const options = { seed: 7, organization: 'acme', rows: 4000, firstExportTime: NEW_YEAR } as const;

/** Hours from the end of usage to its export. */
function delays(rows: readonly CellRecord[]): number[] {
  return rows
    .map((row) => Number((row['export_time'] as bigint) - (row['usage_end_time'] as bigint)) / 3.6e9)
    .sort((a, b) => a - b);
}

test('each service has its own delay, from minutes to a day and a half, with a tail of up to five days', () => {
  const usage = billingExportRows(options).filter(
    (row) => row['usage'] !== null && row['cost'] !== 0 && row['adjustment_info'] === null,
  );
  const byService = grouped(usage, (row) => field(row, 'service.description'));
  const median = (service: string) => {
    const sorted = delays(byService.get(service) ?? []);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  assert.ok(median('Compute Engine') < 5, `${median('Compute Engine')}`);
  assert.ok(median('Cloud Storage') > 10, `${median('Cloud Storage')}`);
  const all = delays(usage);
  assert.ok((all[0] ?? 1) < 1);
  const beyond = all.filter((hours) => hours > 37);
  assert.ok(beyond.length > all.length / 1000 && beyond.length < all.length / 20, `${beyond.length}`);
  assert.ok((all.at(-1) ?? 0) > 72 && (all.at(-1) ?? 0) <= 121, `${all.at(-1)}`);
});

test('appends that become visible late are whole, old, and together with the others everything', () => {
  const late = billingExportRows({ ...options, latecomers: 'only' });
  const prompt = billingExportRows({ ...options, latecomers: 'withheld' });
  const all = billingExportRows(options);
  assert.ok(late.length > 0 && late.length < all.length / 2, `${late.length}`);
  const times = (rows: readonly CellRecord[]) => new Set(rows.map((row) => row['export_time'] as bigint));
  assert.ok([...times(late)].every((time) => !times(prompt).has(time)));
  assert.equal(prompt.at(-1)?.['export_time'], all.at(-1)?.['export_time']);
  const byTime = [...prompt, ...late].sort((a, b) =>
    Number((a['export_time'] as bigint) - (b['export_time'] as bigint)),
  );
  for (const [i, row] of all.entries()) assert.deepEqual(byTime[i], row);
  assert.equal(byTime.length, all.length);
});

test('the truths of what is visible at once and of what comes late add up to the whole truth', () => {
  const [prompt, late, all] = [new TruthLedger(), new TruthLedger(), new TruthLedger()];
  billingExportRows({ ...options, latecomers: 'withheld', truth: prompt });
  billingExportRows({ ...options, latecomers: 'only', truth: late });
  billingExportRows({ ...options, truth: all });
  prompt.addAll(late);
  assert.deepEqual(prompt.byCurrency(), all.byCurrency());
  assert.deepEqual(prompt.rows(), all.rows());
});
