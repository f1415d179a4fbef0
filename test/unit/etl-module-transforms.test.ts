// Whole runs through a module transform on the strict warehouse: what arrives, what is kept apart, and what fails before anything is visible.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrganizationChange } from '../../src/state/organization-store.ts';
import { moduleFolder, sameColumns } from '../support/module-folder.ts';
import { onCalls } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const QUARANTINE = { project: 'destination-env', dataset: 'quarantine', table: 'rejected' };

async function use(rig: EtlRig, change: Partial<OrganizationChange> = {}): Promise<void> {
  const watermark = { kind: 'keep' } as const;
  const outcome = await rig.state.organizations.set({
    organizationId: 'acme',
    transform: 'module:mine',
    watermark,
    ...change,
  });
  assert.notEqual(outcome.kind, 'refused');
}

const idsAt = (rig: EtlRig) =>
  rig.destination
    .rows(rig.to)
    .map(({ id }) => Number(id))
    .sort((a, b) => a - b);

test('each row becomes what the module makes of it: one, several or none', async (context) => {
  const rig = await etlRig(context, 40);
  const modules = await moduleFolder(context, {
    'mine.mjs': `
      export const columns = [
        { name: 'tenfold', type: 'INT64' },
        { name: 'at', type: 'TIMESTAMP', mode: 'REQUIRED' },
        { name: 'who', type: 'STRING' },
      ];
      export const cursor = 'at';
      export function transformRows(rows, { organizationId }) {
        return rows.map(({ id, export_time: at }) => {
          if (id % 4n === 0n) return [];
          const row = { tenfold: id * 10n, at, who: organizationId };
          return id % 4n === 1n ? [row, { ...row, tenfold: id * 10n + 1n }] : row;
        });
      }`,
  });
  await use(rig);

  const { outcome, job, notes } = await rig.run({ settings: { modules } });

  assert.deepEqual([outcome, notes], [{ kind: 'success' }, []]);
  const expected = Array.from({ length: 40 }, (_, i) => i + 1).flatMap((id) =>
    id % 4 === 0 ? [] : id % 4 === 1 ? [id * 10, id * 10 + 1] : [id * 10],
  );
  const rows = rig.destination.rows(rig.to);
  assert.deepEqual(
    rows.map(({ tenfold }) => Number(tenfold)).sort((a, b) => a - b),
    expected,
  );
  assert.ok(rows.every((row) => row['who'] === 'acme' && row['at'] === row['_etl_cursor']));
  assert.deepEqual([job.rowsRead, job.rowsWritten], [40, 40]);
  const steps = await rig.state.steps.list(job);
  assert.deepEqual(steps.find(({ step }) => step === 'transform')?.detail, {
    rows_read: 40,
    rows_dropped: 10,
    rows_rejected: 0,
  });
  assert.deepEqual(rig.log.violations, []);
});

test('rejected rows are kept in the quarantine with their reason and place, and the job counts them', async (context) => {
  const rig = await etlRig(context, 20);
  const modules = await moduleFolder(context, {
    'mine.mjs': sameColumns(
      `return rows.map((row) => { const bad = row.id % 5n === 0n; delete row.cost; return bad ? context.reject('fifth') : row; });`,
    ),
  });
  await use(rig, { quarantineTable: QUARANTINE, maxRejectedPercent: 20 });

  const { outcome, job } = await rig.run({ settings: { modules } });

  assert.deepEqual(outcome, { kind: 'success' });
  assert.deepEqual([job.rowsRead, job.rowsWritten], [20, 16]);
  const rejected = rig.destination.rows(QUARANTINE);
  assert.deepEqual(
    rejected
      .map((row) => JSON.parse(String(row['source_row'])) as { id: number })
      .map(({ id }) => id)
      .sort((a, b) => a - b),
    [5, 10, 15, 20],
  );
  for (const row of rejected) {
    const kept = JSON.parse(String(row['source_row'])) as { id: number; cost: number };
    assert.equal(kept.cost, kept.id / 10, 'the row is kept as it was read');
    assert.deepEqual(
      [row['reason'], row['transform'], row['_etl_job_id']],
      ['fifth', 'module:mine', 'acme/job/1'],
    );
    assert.equal(row['source_cursor'], row['_etl_cursor']);
  }
  const places = rejected.map((row) => `${String(row['read_stream'])} ${String(row['read_offset'])}`);
  assert.equal(new Set(places).size, 4);
  const batches = await rig.state.batches.list(job, 1);
  assert.equal(
    batches.reduce((sum, batch) => sum + batch.rowsQuarantined, 0),
    4,
  );
  assert.deepEqual(rig.log.violations, []);
});

test('a job of whose rows too many are rejected fails before anything is visible, in the quarantine neither', async (context) => {
  const rig = await etlRig(context, 20);
  const modules = await moduleFolder(context, {
    'mine.mjs': sameColumns(`return rows.map((row) => (row.id === 7n ? context.reject('seven') : row));`),
  });
  await use(rig, { quarantineTable: QUARANTINE, maxRejectedPercent: 4 });

  const { outcome } = await rig.run({ settings: { modules } });

  assert.ok(outcome.kind === 'failed' && outcome.reason === 'too_many_rejected', JSON.stringify(outcome));
  assert.match(outcome.message, /module:mine rejected 1 of 20 rows, of which at most 4 % may be/);
  assert.deepEqual([rig.destination.rows(rig.to), rig.destination.rows(QUARANTINE)], [[], []]);
});

test('when every row is rejected, the quarantine is all there is to commit', async (context) => {
  const rig = await etlRig(context, 10);
  const modules = await moduleFolder(context, {
    'mine.mjs': sameColumns(`return rows.map(() => context.reject('none of them'));`),
  });
  await use(rig, { quarantineTable: QUARANTINE, maxRejectedPercent: 100 });

  const { outcome, job } = await rig.run({ settings: { modules } });

  assert.deepEqual([outcome, job.rowsWritten], [{ kind: 'success' }, 0]);
  assert.equal(rig.destination.rows(QUARANTINE).length, 10);
  assert.equal(
    (await rig.state.organizations.find('acme'))?.watermark,
    rig.source.rows(rig.from).at(-1)?.['export_time'],
  );
  assert.deepEqual(rig.log.violations, []);
});

for (const calls of [
  [1, 6],
  [2, 9],
  [3, 4, 11],
])
  test(`an append that is out of range (${calls.join(', ')}) costs no row and doubles none, on either table`, async (context) => {
    const rig = await etlRig(context, 30);
    const modules = await moduleFolder(context, {
      'mine.mjs': sameColumns(
        `return rows.map((row) => (row.id % 3n === 0n ? context.reject('third') : row.id % 3n === 1n ? [row, row] : row));`,
      ),
    });
    await use(rig, { quarantineTable: QUARANTINE, maxRejectedPercent: 50 });
    rig.destination.faults = onCalls('append', calls, {
      kind: 'answered',
      answer: { kind: 'out_of_range', message: 'rows are missing' },
    });

    const { outcome } = await rig.runToEnd({ settings: { modules } });

    assert.deepEqual(outcome, { kind: 'success' });
    const ids = Array.from({ length: 30 }, (_, i) => i + 1);
    assert.deepEqual(
      idsAt(rig),
      ids.flatMap((id) => (id % 3 === 0 ? [] : id % 3 === 1 ? [id, id] : [id])),
    );
    assert.equal(rig.destination.rows(QUARANTINE).length, 10);
    assert.deepEqual(rig.log.violations, []);
  });
