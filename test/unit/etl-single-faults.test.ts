// Every call of a run fails once, lost on its way or on its way back: the job ends all the same, and every row arrives once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import type { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';
import { onCalls, type Operation } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 14;
const trouble = new TransientError('warehouse_unavailable', 'scripted trouble');

/** How often each operation of each side is called in a run without faults. */
async function callsOf(
  rig: EtlRig,
): Promise<{ side: 'source' | 'destination'; operation: Operation; calls: number }[]> {
  const counts = new Map<string, number>();
  for (const side of ['source', 'destination'] as const)
    rig[side].faults = ({ operation, count }) => void counts.set(`${side} ${operation}`, count);
  await rig.runToEnd();
  return [...counts].map(([name, calls]) => {
    const [side, operation] = name.split(' ') as ['source' | 'destination', Operation];
    return { side, operation, calls };
  });
}

test('a job survives the loss of any one call or reply', async (context) => {
  const every = await callsOf(await etlRig(context, ROWS));
  assert.ok(every.length >= 15, 'most of both ports is used');
  for (const { side, operation, calls } of every)
    for (let count = 1; count <= calls; count += 1)
      for (const kind of ['request_lost', 'reply_lost'] as const)
        await context.test(`${kind}: ${side} ${operation} ${count} of ${calls}`, async (inner) => {
          const rig = await etlRig(inner, ROWS);
          const warehouse: StrictWarehouse = rig[side];
          warehouse.faults = onCalls(operation, [count], { kind, error: trouble });

          const { outcome, job } = await rig.runToEnd();

          assert.equal(outcome.kind, 'success');
          assert.deepEqual([job.planNumber, job.rowsRead, job.rowsWritten], [1, ROWS, ROWS]);
          await rig.assertCopied();
        });
});
