/** Tells a run's observer how far it is, at each checkpoint. */
import type { Batch } from '../job/batch.ts';
import type { PlannedRun } from './run.ts';

/** A callback for newly acknowledged batches; counts on from what an earlier run had acknowledged. */
export function progressReporter(
  run: PlannedRun,
  recorded: readonly Batch[],
): (acknowledged: readonly Batch[]) => void {
  const before = recorded.filter((batch) => batch.state === 'acknowledged');
  let rowsDone = before.reduce((rows, batch) => rows + batch.rowsWritten, 0);
  let bytesDone = before.reduce((bytes, batch) => bytes + batch.bytes, 0);
  return (acknowledged) => {
    for (const batch of acknowledged) {
      rowsDone += batch.rowsWritten;
      bytesDone += batch.bytes;
      const progress = { rowsDone, bytesDone, rowsEstimated: run.plan.estimatedRows };
      run.observer.checkpoint(run.lease, progress, { rows: batch.rowsWritten, bytes: batch.bytes });
    }
  };
}
