// What the synthetic billing export contains: every oddity of the real one that a copy must survive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord, CellValue } from '../../dev/billing-export/billing-export-rows.ts';
import { counted, field, grouped, list } from '../support/cells.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const WEEK = 7n * 86_400_000_000n;
const options = { seed: 7, organization: 'acme', rows: 2000, firstExportTime: NEW_YEAR } as const;
const rows = billingExportRows(options);

function distinct(path: string): Set<CellValue | undefined> {
  return new Set(rows.map((row) => field(row, path)));
}

function textOf(row: CellRecord): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

test('the first hundred rows already show every cost type, seller, adjustment and NULL project', () => {
  const few = billingExportRows({ ...options, rows: 100 });
  const shown = (path: string) => new Set(few.map((row) => field(row, path)));
  assert.deepEqual(shown('cost_type'), new Set(['regular', 'tax', 'adjustment', 'rounding_error']));
  assert.ok(shown('invoice.publisher_type').has('PARTNER'));
  assert.ok(shown('adjustment_info.mode').has('COMPLETE_NEGATION_WITH_REMONETIZATION'));
  assert.ok(few.some((row) => row['project'] === null));
  assert.ok(few.some((row) => list(row, 'labels').length > 50));
});

test('rows identical in every column occur next to rows that are not', () => {
  const counts = counted(rows.map(textOf));
  assert.ok([...counts.values()].filter((count) => count === 2).length >= 5);
});

test('several appends an hour share one export_time each, increasing and exact to the microsecond', () => {
  const times = rows.map((row) => row['export_time'] as bigint);
  const appends = [...new Set(times)];
  assert.deepEqual(
    appends,
    appends.toSorted((a, b) => Number(a - b)),
  );
  assert.ok(appends.every((time) => times.lastIndexOf(time) - times.indexOf(time) > 1));
  assert.equal(appends[0], NEW_YEAR);
  assert.ok(appends.some((time) => time % 1000n !== 0n));
  const hours = Number((appends.at(-1) ?? 0n) - NEW_YEAR) / 3.6e9;
  assert.ok(appends.length / hours >= 3, `${appends.length} appends in ${hours} h`);
});

test('a given last export time is that of the last rows', () => {
  const lastExportTime = NEW_YEAR + WEEK + 3n;
  const week = billingExportRows({ ...options, lastExportTime });
  assert.equal(week[0]?.['export_time'], NEW_YEAR);
  assert.equal(week.at(-1)?.['export_time'], lastExportTime);
  assert.equal(new Set(week.map((row) => (row['export_time'] as bigint) / 86_400_000_000n)).size, 8);
});

test('usage is of whole hours or days that ended before the export', () => {
  for (const row of rows) {
    const [start, end] = [row['usage_start_time'] as bigint, row['usage_end_time'] as bigint];
    assert.ok(end - start === 3_600_000_000n || end - start === 86_400_000_000n);
    assert.ok(end <= (row['export_time'] as bigint));
  }
});

test('one organization has accounts in two currencies, with a rate of 1 only for the dollar', () => {
  assert.deepEqual(distinct('currency'), new Set(['USD', 'EUR']));
  assert.equal(distinct('billing_account_id').size, 2);
  for (const row of rows) assert.equal(row['currency_conversion_rate'] === 1, row['currency'] === 'USD');
});

test('a correction is a negation and a new charge under one adjustment id', () => {
  const pairs = grouped(
    rows.filter((row) => field(row, 'adjustment_info.mode') === 'COMPLETE_NEGATION_WITH_REMONETIZATION'),
    (row) => field(row, 'adjustment_info.id'),
  );
  assert.ok(pairs.size >= 5);
  for (const [negation, charge, more] of pairs.values()) {
    assert.ok(negation && charge && more === undefined);
    const original = rows.find(
      (row) => row['cost'] === -(negation['cost'] as number) && row['adjustment_info'] === null,
    );
    assert.ok(original, `nothing costs ${String(negation['cost'])} the other way round`);
    assert.deepEqual(original['resource'], charge['resource']);
    assert.equal(original['usage_start_time'], negation['usage_start_time']);
  }
});

test('on a long export corrections come days and weeks after what they correct, and correct late rows as well as early ones', () => {
  const long = billingExportRows({ ...options, lastExportTime: NEW_YEAR + 6n * WEEK });
  const corrections = long.filter((row) => row['cost_type'] === 'regular' && row['adjustment_info'] !== null);
  const delays = corrections.map((row) =>
    Number(((row['export_time'] as bigint) - (row['usage_end_time'] as bigint)) / 86_400_000_000n),
  );
  assert.ok(corrections.some((row) => (row['usage_end_time'] as bigint) > NEW_YEAR + 3n * WEEK));
  assert.ok(
    delays.some((days) => days >= 14),
    `days: ${delays.join(', ')}`,
  );
});

test('a row has no credits up to four, of several types', () => {
  const counts = new Set(rows.map((row) => list(row, 'credits').length));
  assert.deepEqual(counts, new Set([0, 1, 2, 3, 4]));
  const types = new Set(rows.flatMap((row) => list(row, 'credits').map((credit) => credit['type'])));
  assert.ok(types.size >= 6, [...types].join(', '));
});

test('there are costs of 1e-10, of zero and below zero', () => {
  for (const wanted of [
    (cost: number) => cost === 1e-10,
    (cost: number) => cost === 0,
    (cost: number) => cost < 0,
  ]) {
    assert.ok(rows.filter((row) => wanted(row['cost'] as number)).length >= 5);
  }
  assert.ok(rows.every((row) => !Object.is(row['cost'], -0)));
});

test('empty arrays, NULL structs and structs of NULLs are all there', () => {
  assert.ok(rows.some((row) => row['resource'] === null));
  assert.ok(rows.some((row) => row['resource'] !== null && field(row, 'resource.name') === null));
  assert.ok(rows.some((row) => row['location'] !== null && field(row, 'location.region') === null));
  assert.ok(rows.some((row) => row['project'] === null && list(row, 'labels').length === 0));
  for (const column of ['price', 'adjustment_info', 'subscription', 'consumption_model', 'usage']) {
    assert.ok(rows.some((row) => row[column] === null) && rows.some((row) => row[column] !== null), column);
  }
});

test('labels churn, come in several scripts, and are sometimes empty texts', () => {
  const labels = rows.flatMap((row) => list(row, 'labels'));
  assert.ok(labels.some((label) => /\p{Script=Han}/u.test(label['value'] as string)));
  assert.ok(labels.some((label) => label['value'] === ''));
  assert.ok(rows.some((row) => (field(row, 'project.name') as string | undefined)?.match(/\P{ASCII}/u)));
  const months = billingExportRows({ ...options, lastExportTime: NEW_YEAR + 6n * WEEK });
  const released = (row: CellRecord) =>
    list(row, 'labels').find((label) => label['key'] === 'release')?.['value'];
  const named = months.filter((row) => field(row, 'resource.name') && released(row));
  const byResource = [...grouped(named, (row) => field(row, 'resource.global_name')).values()];
  const churned = byResource.filter((of) => new Set(of.map(released)).size > 2);
  assert.ok(churned.length > 0);
});

test('projects have ancestors up to the organization, and tags of its namespace', () => {
  for (const row of rows) {
    const { project } = row as { project: CellRecord | null };
    if (project === null) continue;
    const ancestors = list(project, 'ancestors').map((ancestor) => ancestor['resource_name'] as string);
    assert.equal(ancestors[0], `projects/${project['number'] as string}`);
    assert.match(ancestors.at(-1) ?? '', /^organizations\/\d+$/);
    const numbers = ancestors.slice(1).map((name) => name.split('/')[1]);
    assert.equal(project['ancestry_numbers'], `/${numbers.reverse().join('/')}/`);
    for (const tag of list(row, 'tags'))
      assert.equal(`organizations/${tag['namespace'] as string}`, ancestors.at(-1));
  }
  assert.deepEqual(
    new Set(rows.flatMap((row) => list(row, 'tags').map((tag) => tag['inherited']))),
    new Set([true, false]),
  );
});

test('few SKUs make most rows', () => {
  const counts = [...counted(rows.map((row) => field(row, 'sku.id') as string)).values()].sort(
    (a, b) => b - a,
  );
  const top = counts.slice(0, 10).reduce((sum, count) => sum + count, 0);
  assert.ok(counts.length > 80, `${counts.length} SKUs`);
  assert.ok(top > rows.length * 0.4 && top < rows.length * 0.8, `${top} rows of ten SKUs`);
});

test('usage at the end of a month is partly invoiced in the next', () => {
  const monthEnd = billingExportRows({ ...options, lastExportTime: NEW_YEAR + 3n * 86_400_000_000n });
  const ofDecember = monthEnd.filter(
    (row) => row['cost_type'] === 'regular' && (row['usage_end_time'] as bigint) <= NEW_YEAR,
  );
  assert.deepEqual(
    new Set(ofDecember.map((row) => field(row, 'invoice.month'))),
    new Set(['202512', '202601']),
  );
});

test('negative NUMERIC values are two’s complement of the whole width', () => {
  const negation = rows.find((row) => (row['cost'] as number) < -0.01 && row['price'] !== null);
  assert.ok(negation);
  assert.equal(
    negation['cost_at_effective_price_default'],
    BigInt(Math.round((negation['cost'] as number) * 1e9)),
  );
});
