// Rejected rows that are lost after the copy is visible: made again from the snapshot, or said to be gone; never doubled.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { parseInstant } from '../../src/job/instant.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { moduleFolder, sameColumns } from '../support/module-folder.ts';
import { anyOf, onCalls, type FaultScript } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 10;
/** Longer than a decided job waits for its next attempt. */
const HOUR_MS = 3_600_000;
const QUARANTINE = { project: 'destination-env', dataset: 'quarantine', table: 'rejected' };
const REJECTS_SEVEN = sameColumns(
  `return rows.map((row) => (row.id === 7n ? context.reject('seven') : row));`,
);

/** A rig whose module rejects one row of ten, and the folder the module lies in. */
async function rejectingRig(context: TestContext) {
  const rig = await etlRig(context, ROWS);
  const modules = await moduleFolder(context, { 'mine.mjs': REJECTS_SEVEN });
  const outcome = await rig.state.organizations.set({
    organizationId: rig.organizationId,
    transform: 'module:mine',
    quarantineTable: QUARANTINE,
    maxRejectedPercent: 100,
    watermark: { kind: 'keep' },
  });
  assert.notEqual(outcome.kind, 'refused');
  return { rig, modules };
}

/** Everything that is not committed is lost just before the nth commit, and once only. */
function lostBeforeCommit(rig: EtlRig, nth: number): FaultScript {
  return ({ operation, count }) => {
    if (operation === 'commitWriteStreams' && count === nth) rig.destination.loseWriteStreams();
    return undefined;
  };
}

function assertWhole(rig: EtlRig, job: JobRecord): void {
  assert.deepEqual([job.status, job.needsOperator, job.rowsWritten], ['SUCCESS', false, ROWS - 1]);
  assert.equal(rig.destination.rows(rig.to).length, ROWS - 1);
  const [kept, ...others] = rig.destination.rows(QUARANTINE);
  assert.deepEqual(others, []);
  assert.equal((JSON.parse(String(kept?.['source_row'])) as { id: number }).id, 7);
  assert.equal(kept?.['_etl_job_id'], `acme/${job.jobId}/1`);
  assert.deepEqual(rig.log.violations, []);
}

test('they are made again from the snapshot, whatever has come to the source since', async (context) => {
  const { rig, modules } = await rejectingRig(context);
  const lost = lostBeforeCommit(rig, 2);
  rig.destination.faults = (call) => {
    if (call.operation === 'commitWriteStreams' && call.count === 2) rig.addRows(3);
    return lost(call);
  };

  const { job, notes } = await rig.run({ settings: { modules } });

  assertWhole(rig, job);
  assert.equal(notes.length, 1);
  assert.match(String(notes[0]), /^rejected rows were lost before they were visible, making them again/);
});

test('so are those of a job that replaces a window', async (context) => {
  const { rig, modules } = await rejectingRig(context);
  await rig.run({ jobId: 'first', settings: { modules } });
  const { watermark } = (await rig.state.organizations.find(rig.organizationId))!;
  const request = {
    jobType: 'backfill',
    window: { start: parseInstant('2020-01-01T00:00:00Z')!, end: watermark! },
  } as const;
  // The first two commits were those of the job before, the third one fills the staging table.
  rig.destination.faults = lostBeforeCommit(rig, 4);

  const { job } = await rig.run({ jobId: 'second', request, settings: { modules } });

  assert.deepEqual([job.status, job.rowsWritten], ['SUCCESS', ROWS - 1]);
  assert.deepEqual(
    rig.destination.rows(QUARANTINE).map((row) => row['_etl_job_id']),
    ['acme/first/1', 'acme/second/1'],
  );
  assert.deepEqual(rig.log.violations, []);
});

test('a second loss is mended as the first', async (context) => {
  const { rig, modules } = await rejectingRig(context);
  rig.destination.faults = anyOf(lostBeforeCommit(rig, 2), lostBeforeCommit(rig, 3));
  const { job } = await rig.run({ settings: { modules } });
  assertWhole(rig, job);
});

test('while their streams are there a commit may still land, and they are waited for', async (context) => {
  const { rig, modules } = await rejectingRig(context);
  rig.destination.faults = onCalls('commitWriteStreams', [2], {
    kind: 'answered',
    answer: { kind: 'ambiguous', message: 'nobody knows' },
  });
  const first = await rig.run({ settings: { modules } });
  assert.deepEqual([first.outcome.kind, first.job.errorReason], ['waiting', 'commit_ambiguous']);
  const { job } = await rig.runToEnd({ settings: { modules } });
  assertWhole(rig, job);
});

/** Runs the job until its copy is visible, and loses its rejected rows. */
async function loseRejections({ rig, modules }: Awaited<ReturnType<typeof rejectingRig>>): Promise<void> {
  rig.destination.faults = onCalls('commitWriteStreams', [2], {
    kind: 'request_lost',
    error: new TransientError('warehouse_unavailable', 'the request was lost'),
  });
  const { job } = await rig.run({ settings: { modules } });
  assert.equal(job.status, 'COMMITTING');
  rig.destination.loseWriteStreams();
}

test('a module that was changed since cannot make them again: if it is not put back, an operator is told', async (context) => {
  const setup = await rejectingRig(context);
  const { rig, modules } = setup;
  await loseRejections(setup);
  await modules.put('mine.mjs', `${REJECTS_SEVEN}// changed`);

  await rig.clock.advance(HOUR_MS);
  const first = await rig.run({ settings: { modules } });
  assert.deepEqual([first.outcome.kind, first.job.errorReason], ['waiting', 'transform_changed']);
  await rig.clock.advance(HOUR_MS);

  const { outcome, job } = await rig.runToEnd({ settings: { modules } });

  assert.deepEqual([outcome.kind, job.needsOperator], ['needs_operator', true]);
  assert.match(
    String(job.errorMessage),
    /only 0 of its 1 rejected rows are in destination-env\.quarantine\.rejected, and they cannot be made again: .*mine\.mjs has changed since .* resolve acme job --committed$/,
  );
  assert.deepEqual([rig.destination.rows(rig.to).length, rig.destination.rows(QUARANTINE)], [ROWS - 1, []]);
});

test('nor one that rejects other rows than it did', async (context) => {
  const setup = await rejectingRig(context);
  const { rig, modules } = setup;
  const which = join(modules.folder, 'which');
  await modules.put('which', '7');
  const read = `Number(readFileSync(${JSON.stringify(which)}, 'utf8'))`;
  await modules.put(
    'mine.mjs',
    sameColumns(
      `return rows.map((row) => (Number(row.id) === ${read} ? context.reject('that one') : row));`,
      `import { readFileSync } from 'node:fs';`,
    ),
  );
  await loseRejections(setup);
  await modules.put('which', '11');

  const { outcome, job } = await rig.runToEnd({ settings: { modules } });

  assert.equal(outcome.kind, 'needs_operator');
  assert.match(String(job.errorMessage), /cannot be made again: its module rejects 0 rows now;/);
});
