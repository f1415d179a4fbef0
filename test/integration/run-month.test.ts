// Organizations day by day: late data, corrections and new columns; in the end every day's ledger is what was generated. A few
// days here, on both write paths; a whole month of three organizations by MONTH_DAYS=31 npm test -- test/integration/run-month.test.ts,
// of one of them with --test-name-pattern=acme
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addMissingColumns,
  appendBillingExport,
  createAndLoadBillingExport,
} from '../../dev/billing-export/load-billing-export.ts';
import { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';
import { formatMoney } from '../../dev/billing-export/exact-money.ts';
import { formatInstant } from '../../src/job/instant.ts';
import type { OrganizationChange } from '../../src/state/organization-store.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import { copyOf, openRuns, openWarehouses, type Copy, type Runs } from './run-setup.ts';

const DAYS = Number(process.env['MONTH_DAYS'] ?? 3);
const ROWS_PER_DAY = Number(process.env['MONTH_ROWS_PER_DAY'] ?? 30);
/** On a machine that has much else to do. */
const PATIENCE_MS = Math.max(300_000, DAYS * 120_000);
const NEW_YEAR = 1_767_225_600_000_000n;
const HOUR = 3_600_000_000n;
/** The export gets these on a day in the middle, between two of its appends. */
const NEWER_COLUMNS = ['cost_at_list', 'transaction_type', 'seller_name', 'consumption_model'];

const between = openRuns();
const oneSide = { source: destinationBigQuery(), destination: destinationBigQuery() };
const within = openRuns(() => openWarehouses(oneSide));

/** What the ledger says of each day and currency, as text to be compared. */
async function ledgerOf({ state }: Runs, { organizationId }: Copy): Promise<readonly string[]> {
  const days = await state.ledger.list(organizationId, '2025-01-01', '2027-01-01');
  return days.flatMap(({ sourceDay, totals }) =>
    totals.map(({ currency, rows, columns: { cost, 'credits.amount': credits } }) =>
      [sourceDay, currency, rows, cost?.sum, credits?.sum].join(' '),
    ),
  );
}

function ledgerFrom(truth: TruthLedger): readonly string[] {
  return [...truth.byExportDay()]
    .map(([day, { rows, cost, credits }]) => [day, rows, formatMoney(cost), formatMoney(credits)].join(' '))
    .sort();
}

/** The repairs that verify jobs have queued, as a worker would run them. */
async function runQueuedRepairs({ state }: Runs, copy: Copy): Promise<number> {
  const { organizationId } = copy;
  const queued = await state.jobs.list({ organizationId, jobType: 'repair', status: ['QUEUED'] });
  for (const { jobId, window } of queued) {
    assert.ok(window);
    const [start, end] = [formatInstant(window.start), formatInstant(window.end)];
    await copy.succeed({ jobId, jobType: 'repair', window: { start, end } });
  }
  return queued.length;
}

async function lastDays(
  runs: Runs,
  seed: string,
  change: Partial<OrganizationChange>,
): Promise<{ copy: Copy; truth: TruthLedger; repairs: number }> {
  const { source: side } = runs.warehouses.sides;
  const table = { dataset: uniqueName('billing'), table: 'gcp_billing_export_resource_v1_TEST' };
  const copy = await copyOf(runs.state, () => runs.warehouses, { project: side.project, ...table }, change);
  const truth = new TruthLedger();
  const newerFrom = Math.ceil(DAYS / 2);
  const partOf = (day: number, hour: number, hours: number, columns: readonly string[]) => ({
    ...side,
    ...table,
    seed,
    organization: seed,
    rows: ROWS_PER_DAY / 2,
    firstExportTime: NEW_YEAR + (BigInt(day) * 24n + BigInt(hour)) * HOUR,
    lastExportTime: NEW_YEAR + (BigInt(day) * 24n + BigInt(hour + hours)) * HOUR,
    missingColumns: columns,
  });
  let repairs = 0;
  for (let day = 0; day < DAYS; day += 1) {
    const morning = partOf(day, 0, 11, day <= newerFrom ? NEWER_COLUMNS : []);
    const evening = partOf(day, 12, 11, day < newerFrom ? NEWER_COLUMNS : []);
    const first = { ...morning, latecomers: 'withheld' } as const;
    const load = day === 0 ? createAndLoadBillingExport : appendBillingExport;
    truth.addAll((await load(first)).truth);
    await copy.succeed();
    if (day === newerFrom) await addMissingColumns(morning);
    truth.addAll((await appendBillingExport(evening)).truth);
    await copy.succeed();
    // Rows of this morning become visible only now, when the watermark has passed them.
    truth.addAll((await appendBillingExport({ ...morning, latecomers: 'only' })).truth);
    await copy.succeed({ jobType: 'verify' });
    repairs += await runQueuedRepairs(runs, copy);
  }
  return { copy, truth, repairs };
}

const ORGANIZATIONS = [
  { name: 'acme', path: 'storage', change: {} },
  { name: 'globex', path: 'query', change: {} },
  // Beside the others only in the long run.
  ...(DAYS > 5
    ? [{ name: 'initech', path: 'storage', change: { verifyLevel: 'fingerprint' } } as const]
    : []),
] as const;

for (const { name, path, change } of ORGANIZATIONS)
  test(
    `${DAYS} days of ${name} on the ${path} path end with every day as it was generated, and no person was needed`,
    { timeout: PATIENCE_MS },
    async () => {
      const runs = path === 'storage' ? between() : within();
      const { copy, truth, repairs } = await lastDays(runs, name, change);
      assert.equal(repairs, DAYS);
      const wholeTime = { start: '2025-12-31T00:00:00Z', end: '2026-12-31T00:00:00Z' };
      await copy.succeed({ jobType: 'verify', window: wholeTime });
      assert.equal(await runQueuedRepairs(runs, copy), 0);
      assert.deepEqual(await ledgerOf(runs, copy), ledgerFrom(truth));
      assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
      const jobs = await runs.state.jobs.list({ organizationId: copy.organizationId });
      const copies = jobs.filter(({ jobType }) => jobType === 'incremental' || jobType === 'repair');
      for (const { plan } of copies) assert.equal(plan?.writePath, path);
      assert.equal(await copy.watermark(), truth.lastExportTime());
    },
  );
