// Every call of a run fails once, lost on its way or on its way back: the job ends all the same, and every row arrives once.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { onCalls, type Operation } from '../support/strict-warehouse/faults.ts';
import { etlRig, type EtlRig } from './etl-rig.ts';

const ROWS = 14;
const trouble = new TransientError('warehouse_unavailable', 'scripted trouble');

type Side = 'source' | 'destination';

/** How often each operation of each side is called in a run without faults. */
async function callsOf(
  rig: EtlRig,
  sides: readonly Side[],
): Promise<{ side: Side; operation: Operation; calls: number }[]> {
  const counts = new Map<string, number>();
  for (const side of sides)
    rig[side].faults = ({ operation, count }) => void counts.set(`${side} ${operation}`, count);
  await rig.runToEnd();
  return [...counts].map(([name, calls]) => {
    const [side, operation] = name.split(' ') as [Side, Operation];
    return { side, operation, calls };
  });
}

for (const { path, oneWarehouse, sides, operations } of [
  { path: 'storage', oneWarehouse: false, sides: ['source', 'destination'], operations: 15 },
  { path: 'query', oneWarehouse: true, sides: ['destination'], operations: 14 },
] as const) {
  const rigOf = (context: TestContext) => etlRig(context, ROWS, { oneWarehouse });

  test(`a job on the ${path} path survives the loss of any one call or reply`, async (context) => {
    const every = await callsOf(await rigOf(context), sides);
    assert.ok(every.length >= operations, 'most of both ports is used');
    for (const { side, operation, calls } of every)
      for (let count = 1; count <= calls; count += 1)
        for (const kind of ['request_lost', 'reply_lost'] as const)
          await context.test(`${kind}: ${side} ${operation} ${count} of ${calls}`, async (inner) => {
            const rig = await rigOf(inner);
            rig[side].faults = onCalls(operation, [count], { kind, error: trouble });

            const { outcome, job } = await rig.runToEnd();

            assert.equal(outcome.kind, 'success');
            assert.deepEqual([job.planNumber, job.rowsRead, job.rowsWritten], [1, ROWS, ROWS]);
            assert.equal(job.plan?.writePath, path);
            await rig.assertCopied();
          });
  });
}
