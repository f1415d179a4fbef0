// Verify jobs: what each day's figures on both sides mean, and what is done about it.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { verifiedDays, windowOfDay } from '../../src/etl/verified-days.ts';
import { formatInstant, parseInstant } from '../../src/job/instant.ts';
import { TransientError } from '../../src/job/errors.ts';
import { onCalls } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 6;
const DAY = 86_400_000_000n;
const verify = { jobId: 'verify', request: { jobType: 'verify', window: undefined } } as const;

/** A rig with rows of two days, all copied. */
async function aCopy(context: TestContext): Promise<{ rig: EtlRig; yesterday: bigint; today: string }> {
  const rig = await etlRig(context, ROWS);
  const yesterday = rig.clock.nowMicros() - DAY - 7_200_000_000n;
  rig.source.addRows(rig.from, [{ id: 50n, cost: 0.5, currency: 'EUR', export_time: yesterday }]);
  await rig.run({ jobId: 'first' });
  const watermark = (await rig.state.organizations.find('acme'))?.watermark;
  return { rig, yesterday, today: formatInstant(watermark!).slice(0, 10) };
}

const dayOf = (instant: bigint): string => formatInstant(instant).slice(0, 10);

test('days that are equal to the last decimal are recorded in the ledger, and nothing is done', async (context) => {
  const { rig, yesterday, today } = await aCopy(context);
  const before = (await rig.state.organizations.find('acme'))?.watermark;
  const { outcome, job } = await rig.run(verify);
  assert.deepEqual(outcome, { kind: 'success' });
  assert.deepEqual([job.rowsRead, job.rowsWritten, job.commitSet], [ROWS + 1, 0, undefined]);
  const ledger = await rig.state.ledger.list('acme', '2020-01-01', '2030-01-01');
  assert.deepEqual(
    ledger.map(({ sourceDay, rows }) => [sourceDay, rows]),
    [
      [dayOf(yesterday), 1],
      [today, ROWS],
    ],
  );
  assert.equal(ledger[0]?.totals[0]?.columns['cost']?.sum, '0.5');
  assert.equal((await rig.state.organizations.find('acme'))?.watermark, before);
  assert.equal((await rig.state.jobs.list()).length, 2);
});

test('a late row grows its day and is repaired once, by a job queued for that day alone', async (context) => {
  const { rig, yesterday } = await aCopy(context);
  rig.source.addRows(rig.from, [{ id: 51n, cost: 0.1, currency: 'EUR', export_time: yesterday }]);

  assert.deepEqual((await rig.run(verify)).outcome, { kind: 'success' });

  const queued = await rig.state.jobs.list({ jobType: 'repair' });
  assert.equal(queued.length, 1);
  const [repair] = queued;
  assert.deepEqual([repair?.status, repair?.requestedBy], ['QUEUED', 'verify verify']);
  const midnight = parseInstant(`${dayOf(yesterday)}T00:00:00Z`)!;
  assert.deepEqual(repair?.window, { start: midnight - 1n, end: midnight + DAY - 1n });

  const request = { jobType: 'repair', window: repair.window } as const;
  assert.deepEqual((await rig.run({ jobId: repair.jobId, request })).outcome, { kind: 'success' });
  assert.equal(rig.destination.rows(rig.to).length, ROWS + 2);
  assert.deepEqual((await rig.run({ ...verify, jobId: 'afterwards' })).outcome, { kind: 'success' });
  assert.equal((await rig.state.jobs.list({ jobType: 'repair' })).length, 1);
});

for (const { what, change } of [
  { what: 'fewer rows than were copied', change: (rows: { id: bigint }[]) => rows.slice(1) },
  {
    what: 'as many rows with another sum',
    change: (rows: { id: bigint }[]) => rows.map((row, i) => (i === 0 ? { ...row, cost: 1e-10 } : row)),
  },
])
  test(`a source that holds ${what} fails the job with both figures, and an alert`, async (context) => {
    const { rig, today } = await aCopy(context);
    const rows = change(rig.source.rows(rig.from) as unknown as { id: bigint }[]);
    const { schema } = rig.source.table(rig.from)!;
    rig.source.addTable(rig.from, schema);
    rig.source.addRows(rig.from, rows);

    const { outcome, job } = await rig.run(verify);

    assert.deepEqual([outcome.kind, job.errorReason], ['failed', 'verification_mismatch']);
    assert.match(
      job.errorMessage ?? '',
      new RegExp(`${today}: USD: .* at the source, .* at the destination`),
    );
    const alerts = await rig.state.alerts.claimUnsent(10, 1000);
    assert.ok(alerts.some(({ kind, jobId }) => kind === 'ledger_mismatch' && jobId === 'verify'));
    assert.deepEqual(await rig.state.jobs.list({ jobType: 'repair' }), []);
  });

test('an organization that was never copied has nothing to verify', async (context) => {
  const rig = await etlRig(context, ROWS);
  const { outcome, notes } = await rig.run(verify);
  assert.deepEqual(outcome, { kind: 'success' });
  assert.match(notes.join(), /nothing has been copied yet/);
});

test('an organization that is told where to begin but had no rows to copy has nothing to verify either', async (context) => {
  const rig = await etlRig(context, 0);
  const at = rig.clock.nowMicros() - 30n * DAY;
  await rig.state.organizations.set({ organizationId: 'acme', watermark: { kind: 'since', at } });
  assert.deepEqual((await rig.run({ jobId: 'first' })).outcome, { kind: 'success' });
  const { outcome, notes } = await rig.run(verify);
  assert.deepEqual(outcome, { kind: 'success' });
  assert.match(notes.join(), /nothing has been copied yet/);
});

test('a copy that goes to another table from now on has nothing to verify before its first rows', async (context) => {
  const { rig } = await aCopy(context);
  const destination = { ...rig.to, table: 'another' };
  await rig.state.organizations.set({ organizationId: 'acme', destination, watermark: { kind: 'keep' } });
  const { outcome, notes } = await rig.run(verify);
  assert.deepEqual(outcome, { kind: 'success' });
  assert.match(notes.join(), /nothing has been copied yet/);
});

test('a verify job whose call is lost is tried again and queues no repair twice', async (context) => {
  const { rig, yesterday } = await aCopy(context);
  rig.source.addRows(rig.from, [{ id: 51n, cost: 0.1, currency: 'EUR', export_time: yesterday }]);
  const error = new TransientError('warehouse_unavailable', 'lost');
  rig.destination.faults = onCalls('dailyTotals', [1], { kind: 'reply_lost', error });
  const { job } = await rig.runToEnd(verify);
  assert.deepEqual([job.status, job.attempts], ['SUCCESS', 1]);
  assert.equal((await rig.state.jobs.list({ jobType: 'repair' })).length, 1);
});

test('days are whole, end at the watermark, and reach back further around a month close', () => {
  const at = (text: string): bigint => parseInstant(text)!;
  const days = (window: { lo: bigint | undefined; hi: bigint } | undefined): unknown =>
    window && [formatInstant(window.lo! + 1n), formatInstant(window.hi)];
  const noon = '2026-03-20T12:00:00Z';
  assert.deepEqual(days(verifiedDays(undefined, at(noon))), [
    '2026-03-18T00:00:00.000000Z',
    '2026-03-20T12:00:00.000000Z',
  ]);
  assert.deepEqual(days(verifiedDays(undefined, at('2026-03-05T12:00:00Z'))), [
    '2026-01-30T00:00:00.000000Z',
    '2026-03-05T12:00:00.000000Z',
  ]);
  const requested = { start: at('2026-03-01T06:00:00Z'), end: at('2026-03-02T06:00:00Z') };
  assert.deepEqual(days(verifiedDays(requested, at(noon))), [
    '2026-03-01T00:00:00.000000Z',
    '2026-03-02T23:59:59.999999Z',
  ]);
  assert.equal(verifiedDays({ start: at(noon) + DAY, end: at(noon) + 2n * DAY }, at(noon)), undefined);
  assert.equal(verifiedDays(undefined, undefined), undefined);
  assert.deepEqual(windowOfDay('2026-03-20', at(noon)), {
    start: at('2026-03-20T00:00:00Z') - 1n,
    end: at(noon),
  });
});
