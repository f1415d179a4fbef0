// What a module made is compared by day with the ledger: what was read against the source, what was written against the destination.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { formatInstant } from '../../src/job/instant.ts';
import type { JobRequest } from '../../src/job/job.ts';
import type { VerifyLevel } from '../../src/job/plan.ts';
import { moduleFolder } from '../support/module-folder.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { etlRig, type EtlRan, type EtlRig, type EtlRunOptions } from './etl-rig.ts';

const DAY = 86_400_000_000n;
const HOUR = DAY / 24n;
/** 2025-12-30T12:00:00Z, and a day later. */
const FIRST = 1_767_225_600_000_000n - 2n * DAY + 12n * HOUR;
const SECOND = FIRST + DAY;
const ALL = { jobType: 'verify', window: { start: FIRST - 9n * DAY, end: SECOND + 9n * DAY } } as const;

/** Every fifth row is rejected, every seventh is left out, and all cost twice as much, in EUR. */
const MODULE = `
  export const columns = [
    { name: 'id', type: 'INT64' }, { name: 'cost', type: 'FLOAT64' }, { name: 'currency', type: 'STRING' },
    { name: 'at', type: 'TIMESTAMP' },
  ];
  export const cursor = 'at';
  export function transformRows(rows, context) {
    return rows.map(({ id, cost, export_time: at }) => {
      if (id % 5n === 0n) return context.reject('fifth');
      return id % 7n === 0n ? [] : { id, cost: cost * 2, currency: 'EUR', at };
    });
  }`;

type ModuleRig = EtlRig & {
  /** Adds rows with these numbers at a time; each costs a quarter of its number, in USD. */
  add(at: bigint, ...ids: number[]): void;
  /** Runs a job to SUCCESS. */
  succeed(jobId: string, request?: Pick<JobRequest, 'jobType' | 'window'>): Promise<EtlRan>;
  fail(jobId: string, options?: EtlRunOptions): Promise<string>;
  /** The window of each repair that waits, by day. */
  repairs(): Promise<readonly { jobId: string; window: JobRequest['window'] }[]>;
  /** Day, then rows and costs read and written, as the ledger has them. */
  ledger(): Promise<readonly string[]>;
};

async function moduleRig(context: TestContext, verifyLevel: VerifyLevel = 'totals'): Promise<ModuleRig> {
  const rig = await etlRig(context, 0);
  const modules = await moduleFolder(context, { 'mine.mjs': MODULE });
  const watermark = { kind: 'keep' } as const;
  const change = { transform: 'module:mine', maxRejectedPercent: 50, verifyLevel, watermark };
  const outcome = await rig.state.organizations.set({ organizationId: 'acme', ...change });
  assert.notEqual(outcome.kind, 'refused');
  const run = (options: EtlRunOptions): Promise<EtlRan> => rig.run({ ...options, settings: { modules } });
  return {
    ...rig,
    run: (options = {}) => run(options),
    add: (at, ...ids) =>
      rig.source.addRows(
        rig.from,
        ids.map((id) => ({ id: BigInt(id), cost: id / 4, currency: 'USD', export_time: at })),
      ),
    async succeed(jobId, request) {
      const ran = await run({ jobId, ...(request && { request }) });
      assert.deepEqual(ran.outcome, { kind: 'success' });
      return ran;
    },
    async fail(jobId, options = {}) {
      const { outcome, job } = await run({ jobId, ...options });
      assert.deepEqual([outcome.kind, job.errorReason], ['failed', 'verification_mismatch']);
      return job.errorMessage ?? '';
    },
    async repairs() {
      const queued = await rig.state.jobs.list({ jobType: 'repair', status: ['QUEUED'] });
      return queued.map(({ jobId, window }) => ({ jobId, window }));
    },
    async ledger() {
      const entries = await rig.state.ledger.list('acme', '2020-01-01', '2030-01-01');
      return entries.map(({ sourceDay, rows, totals, parts = [] }) => {
        const read = parts.flatMap((part) => part.read);
        const sum = (of: typeof totals): number =>
          of.reduce((cost, { columns }) => cost + Number(columns['cost']?.sum), 0);
        const rowsRead = read.reduce((all, entry) => all + entry.rows, 0);
        return `${sourceDay} ${rowsRead} ${sum(read)} ${rows} ${sum(totals)}`;
      });
    },
  };
}

function replaceRows(rig: EtlRig, change: (rows: readonly Row[]) => readonly Row[]): void {
  const table = rig.destination.table(rig.to)!;
  const rows = change(table.rows);
  table.remove(() => true, rig.clock.nowMicros());
  table.add(rows, rig.clock.nowMicros());
}

test('what was read and what was written is kept by day, and equal days are proven again', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1, 2, 5);
  rig.add(SECOND, 3, 4, 7);
  await rig.succeed('copy');
  const expected = ['2025-12-30 3 2 2 1.5', '2025-12-31 3 3.5 2 3.5'];
  assert.deepEqual(await rig.ledger(), expected);
  const before = await rig.state.ledger.list('acme', '2025-12-30', '2025-12-30');
  await rig.clock.advance(1000);
  await rig.succeed('verify', ALL);
  assert.deepEqual([await rig.ledger(), await rig.repairs()], [expected, []]);
  const [after] = await rig.state.ledger.list('acme', '2025-12-30', '2025-12-30');
  assert.ok(after!.verifiedAt > before[0]!.verifiedAt);
});

test('a day that several jobs copied in parts adds up, through jobs that found nothing in between', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1);
  await rig.succeed('one');
  rig.add(FIRST + HOUR, 2);
  await rig.succeed('two');
  await rig.succeed('nothing');
  rig.add(FIRST + 2n * HOUR, 3, 4);
  rig.add(SECOND, 6);
  await rig.succeed('three');
  await rig.succeed('verify', ALL);
  assert.deepEqual(await rig.ledger(), ['2025-12-30 4 2.5 4 5', '2025-12-31 1 1.5 1 3']);
  assert.deepEqual(await rig.repairs(), []);
});

test('a day that grew is repaired through the module, and the ledger has its new figures', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1, 2);
  rig.add(SECOND, 3);
  await rig.succeed('copy');
  rig.add(FIRST, 4, 10);
  await rig.succeed('verify', ALL);
  const [repair, ...others] = await rig.repairs();
  assert.deepEqual(
    [formatInstant(repair!.window!.start), formatInstant(repair!.window!.end), others],
    ['2025-12-29T23:59:59.999999Z', '2025-12-30T23:59:59.999999Z', []],
  );
  await rig.succeed(repair!.jobId, { jobType: 'repair', window: repair!.window });
  assert.deepEqual(await rig.ledger(), ['2025-12-30 4 4.25 3 3.5', '2025-12-31 1 0.75 1 1.5']);
  await rig.succeed('again', ALL);
  assert.deepEqual(await rig.repairs(), []);
});

test('a late row that the module leaves out or rejects grows its day as well', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1, 2);
  rig.add(SECOND, 3);
  await rig.succeed('copy');
  rig.add(FIRST, 7);
  await rig.succeed('verify', ALL);
  const [repair] = await rig.repairs();
  await rig.succeed(repair!.jobId, { jobType: 'repair', window: repair!.window });
  await rig.succeed('again', ALL);
  assert.deepEqual(await rig.ledger(), ['2025-12-30 3 2.5 2 1.5', '2025-12-31 1 0.75 1 1.5']);
  assert.deepEqual(await rig.repairs(), []);
});

test('a day of which a part was replaced that no job had copied as one is made whole by the next verify job', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1);
  rig.add(FIRST + HOUR, 2);
  rig.add(SECOND, 3);
  await rig.succeed('copy');
  const window = { start: FIRST - 1n, end: FIRST };
  await rig.succeed('backfill', { jobType: 'backfill', window });
  await rig.succeed('verify', ALL);
  const [repair, ...others] = await rig.repairs();
  assert.equal(others.length, 0);
  const verified = await rig.state.steps.get({ organizationId: 'acme', jobId: 'verify' }, 1, 'verify');
  assert.deepEqual(verified?.detail, { days: 2, grown: [], unrecorded: ['2025-12-30'] });
  await rig.succeed(repair!.jobId, { jobType: 'repair', window: repair!.window });
  await rig.succeed('again', ALL);
  assert.deepEqual(await rig.ledger(), ['2025-12-30 2 0.75 2 1.5', '2025-12-31 1 0.75 1 1.5']);
  assert.deepEqual(await rig.repairs(), []);
});

test('a repair of what one job had copied leaves the rest of its day on record', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1);
  await rig.succeed('one');
  rig.add(FIRST + HOUR, 2);
  await rig.succeed('two');
  const dayBefore = formatInstant(FIRST).slice(0, 10);
  const midnight = FIRST - 12n * HOUR;
  await rig.succeed('repair', { jobType: 'repair', window: { start: midnight - 1n, end: FIRST } });
  await rig.succeed('verify', ALL);
  assert.deepEqual(await rig.ledger(), [`${dayBefore} 2 0.75 2 1.5`]);
  assert.deepEqual(await rig.repairs(), []);
});

for (const [what, change, lines] of [
  [
    'a row is gone from the destination',
    (rows: readonly Row[]) => rows.slice(1),
    /2025-12-30: EUR: 2 rows when it was written, 1 at the destination; EUR: Σ cost 1\.5 when it was written, 1 at the destination$/,
  ],
  [
    'a cost at the destination is another one',
    (rows: readonly Row[]) => rows.map((row) => (row['id'] === 1n ? { ...row, cost: 0.75 } : row)),
    /2025-12-30: EUR: Σ cost 1\.5 when it was written, 1\.75 at the destination$/,
  ],
] as const)
  test(`when ${what}, the day is named with both figures, and nothing is repaired unasked`, async (context) => {
    const rig = await moduleRig(context);
    rig.add(FIRST, 1, 2);
    rig.add(SECOND, 3);
    await rig.succeed('copy');
    replaceRows(rig, change);
    assert.match(await rig.fail('verify', { request: ALL }), lines);
    assert.deepEqual(await rig.repairs(), []);
    const window = { start: FIRST - 12n * HOUR - 1n, end: FIRST + 12n * HOUR - 1n };
    await rig.succeed('repair', { jobType: 'repair', window });
    await rig.succeed('again', ALL);
  });

test('at level fingerprint a value without a sum counts too, before rows are visible and by day', async (context) => {
  const rig = await moduleRig(context, 'fingerprint');
  rig.add(FIRST, 1, 2);
  rig.add(SECOND, 3);
  const altering: EtlRunOptions = {
    destination: (real) => ({
      ...real,
      commitWriteStreams: async (table, streams) => {
        const outcome = await real.commitWriteStreams(table, streams);
        (rig.destination.rows(table)[0] as { id: bigint } & Row).id = 1000n;
        return outcome;
      },
    }),
  };
  const { outcome } = await rig.run({ jobId: 'altered', ...altering });
  assert.deepEqual([outcome.kind, rig.destination.rows(rig.to)], ['waiting', []]);
  await rig.clock.advance(600_000);
  await rig.succeed('altered');
  await rig.succeed('verify', ALL);
  const entries = await rig.state.ledger.list('acme', '2025-12-30', '2025-12-31');
  for (const { fingerprint } of entries) assert.match(fingerprint ?? '', /^[1-9]\d+$/);

  (rig.destination.rows(rig.to).find(({ id }) => id === 2n) as { id: bigint } & Row).id = 4n;
  assert.match(
    await rig.fail('look', { request: ALL }),
    /2025-12-30: EUR: fingerprint \d+ when it was written, \d+ at the destination$/,
  );
});

test('a module that was not given what the source holds makes nothing visible, and both sums are told', async (context) => {
  const rig = await moduleRig(context);
  rig.add(FIRST, 1, 2);
  const message = await rig.fail('copy', {
    source: (real) => ({
      ...real,
      totals: async (slice, columns) => {
        const [total] = await real.totals(slice, columns);
        return [{ ...total!, columns: { cost: { ...total!.columns['cost']!, sum: '0.5' } } }];
      },
    }),
  });
  assert.match(
    message,
    /USD: Σ cost 0\.5 at the source, 0\.75 given to the module; nothing was made visible$/,
  );
  assert.deepEqual(rig.destination.rows(rig.to), []);
});
