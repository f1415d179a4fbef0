// Runs at verify level fingerprint on the strict warehouse: every column of what was written is proven before anybody sees it.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { onCalls } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig, type EtlRunOptions } from './etl-rig.ts';

const ROWS = 8;

async function rigAt(
  context: TestContext,
  level: 'totals' | 'fingerprint',
  oneWarehouse = false,
): Promise<EtlRig> {
  const rig = await etlRig(context, ROWS, { oneWarehouse });
  await rig.state.organizations.set({ organizationId: rig.organizationId, verifyLevel: level });
  return rig;
}

/** Once rows wait in a table, another id stands in one of them: what no sum shows. */
function alteringStaging({ destination }: EtlRig): EtlRunOptions {
  return {
    destination: (real) => ({
      ...real,
      commitWriteStreams: async (table, streams) => {
        const outcome = await real.commitWriteStreams(table, streams);
        const [row] = destination.rows(table);
        (row as { id: bigint } & Row).id = 1000n;
        return outcome;
      },
    }),
  };
}

test('rows wait in a table where every column is compared, and become visible by one job', async (context) => {
  const rig = await rigAt(context, 'fingerprint');
  const { job } = await rig.run();
  assert.deepEqual([job.status, job.plan?.writePath, job.commitSet?.kind], ['SUCCESS', 'storage', 'job']);
  await rig.assertCopied();
  await rig.clock.advance(1000);
  rig.addRows(3);
  await rig.run({ jobId: 'next' });
  await rig.assertCopied();
});

test('a column that no sum is taken of differs: both fingerprints are told, and nothing becomes visible', async (context) => {
  const rig = await rigAt(context, 'fingerprint');
  const { outcome, job } = await rig.run(alteringStaging(rig));
  assert.deepEqual([outcome.kind, job.errorReason], ['failed', 'verification_mismatch']);
  assert.match(
    job.errorMessage ?? '',
    /fingerprint -?\d+ at the source, -?\d+ in the staging table; nothing/,
  );
  assert.deepEqual(rig.destination.rows(rig.to), []);
});

test('a repair at level totals is not held to fingerprints, one at level fingerprint is', async (context) => {
  for (const level of ['totals', 'fingerprint'] as const) {
    const rig = await rigAt(context, level);
    await rig.run();
    const { watermark } = (await rig.state.organizations.find(rig.organizationId))!;
    const request = { jobType: 'repair', window: { start: 0n, end: watermark! } } as const;
    const { job } = await rig.run({ jobId: 'repair', request, ...alteringStaging(rig) });
    assert.equal(job.status, level === 'totals' ? 'SUCCESS' : 'FAILED');
  }
});

test('what one query stages is compared by fingerprint too', async (context) => {
  const rig = await rigAt(context, 'fingerprint', true);
  const { job } = await rig.run();
  assert.deepEqual([job.status, job.plan?.writePath], ['SUCCESS', 'query']);
  await rig.assertCopied();
  await rig.clock.advance(1000);
  rig.addRows(2);
  const { job: altered } = await rig.run({
    jobId: 'altered',
    destination: (real) => ({
      ...real,
      stageSlice: async (staging, ...rest) => {
        const size = await real.stageSlice(staging, ...rest);
        (rig.destination.rows(staging)[0] as { id: bigint } & Row).id = 1000n;
        return size;
      },
    }),
  });
  assert.equal(altered.errorReason, 'verification_mismatch');
  assert.match(altered.errorMessage ?? '', /fingerprint -?\d+ at the source, -?\d+ copied/);
});

test('a run whose commit into the staging table is lost goes on where it was, and no row is doubled', async (context) => {
  const rig = await rigAt(context, 'fingerprint');
  const error = new TransientError('warehouse_unavailable', 'lost');
  rig.destination.faults = onCalls('commitWriteStreams', [1], { kind: 'reply_lost', error });
  const { job } = await rig.runToEnd();
  assert.equal(job.status, 'SUCCESS');
  await rig.assertCopied();
});

test('a verify job keeps the fingerprint of each day, and names a day whose rows differ in any column', async (context) => {
  const rig = await rigAt(context, 'fingerprint');
  await rig.run();
  const verify = { jobId: 'verify', request: { jobType: 'verify', window: undefined } } as const;
  assert.deepEqual((await rig.run(verify)).outcome, { kind: 'success' });
  const [entry] = await rig.state.ledger.list(rig.organizationId, '2020-01-01', '2030-01-01');
  assert.match(entry?.fingerprint ?? '', /^-?\d+$/);
  (rig.destination.rows(rig.to)[0] as { id: bigint } & Row).id = 1000n;
  const { job } = await rig.run({ ...verify, jobId: 'afterwards' });
  assert.equal(job.errorReason, 'verification_mismatch');
  assert.match(job.errorMessage ?? '', /fingerprint -?\d+ at the source, -?\d+ at the destination/);
});

test('a source outside of BigQuery cannot be hashed, and the level is refused by name', async (context) => {
  const rig = await rigAt(context, 'fingerprint');
  await rig.state.organizations.set({
    organizationId: rig.organizationId,
    sourceKind: 'files',
    watermark: { kind: 'keep' },
  });
  const { job } = await rig.run();
  assert.equal(job.errorReason, 'unsupported');
  assert.match(job.errorMessage ?? '', /verify_level fingerprint of a source of kind files/);
});
