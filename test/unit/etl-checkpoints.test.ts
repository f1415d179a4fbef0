// Where a resumed stream goes on: after the last acknowledged batch of an unbroken row, with the cuts of what came behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionOf } from '../../src/etl/write-checkpoints.ts';
import type { Batch, BatchState } from '../../src/job/batch.ts';

/** Batches of ten rows, by state. */
function batches(stream: number, ...states: readonly BatchState[]): Batch[] {
  return states.map((state, batch) => ({
    stream,
    batch,
    readOffset: 10 * batch,
    writeOffset: 10 * batch,
    rowsRead: 10,
    rowsWritten: 10,
    rowsDropped: 0,
    rowsQuarantined: 0,
    bytes: 100,
    totals: [],
    state,
  }));
}

test('without batches a stream begins at its beginning', () => {
  const start = { nextBatch: 0, readOffset: 0, writeOffset: 0, quarantineOffset: 0, cuts: [] };
  assert.deepEqual(positionOf([], 0), start);
  assert.deepEqual(positionOf(batches(1, 'acknowledged'), 0), start);
});

test('it goes on after the last acknowledged batch, in whatever order they are listed', () => {
  const listed = [
    ...batches(1, 'acknowledged'),
    ...batches(0, 'acknowledged', 'acknowledged', 'planned').reverse(),
  ];
  assert.deepEqual(positionOf(listed, 0), {
    nextBatch: 2,
    readOffset: 20,
    writeOffset: 20,
    quarantineOffset: 0,
    cuts: [30],
  });
});

test('a batch that was acknowledged behind one that was not is sent again', () => {
  const listed = batches(0, 'acknowledged', 'planned', 'acknowledged');
  assert.deepEqual(positionOf(listed, 0), {
    nextBatch: 1,
    readOffset: 10,
    writeOffset: 10,
    quarantineOffset: 0,
    cuts: [20, 30],
  });
});

test('rows that were dropped count where they were read and not where they were written', () => {
  const [first] = batches(0, 'acknowledged') as [Batch];
  const position = positionOf([{ ...first, rowsWritten: 7, rowsDropped: 3 }], 0);
  assert.deepEqual([position.readOffset, position.writeOffset], [10, 7]);
});
