// A commit that takes effect late, while others are finding out what became of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Destination } from '../../src/etl/destination.ts';
import { etlRig } from './etl-rig.ts';

test('a commit that lands while its streams are being asked for is found by its rows, not planned anew', async (context) => {
  const rig = await etlRig(context, 7);
  const lateCommit = (real: Destination): Destination => {
    let land = (): Promise<unknown> => Promise.resolve();
    return {
      ...real,
      commitWriteStreams(table, streams) {
        land = () => real.commitWriteStreams(table, streams);
        return Promise.resolve({ kind: 'ambiguous', message: 'the reply never came' });
      },
      // What is committed late is forgotten at once: the streams can no longer tell.
      async writeStreamState() {
        await land();
        return { kind: 'missing' };
      },
    };
  };
  const { job } = await rig.runToEnd({ destination: lateCommit });
  assert.equal(job.planNumber, 1);
  await rig.assertCopied();
});
