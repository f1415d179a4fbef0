/** Runs a piece of work as a named step: its start, end and detail are recorded and observed. */
import { messageOf } from '../job/errors.ts';
import type { Step } from '../job/job.ts';
import type { JsonObject } from '../state/json.ts';
import type { NumberedRun } from './run.ts';

/** Records the step around the work; a failure is recorded too, as far as the lease still allows, and thrown on. */
export async function step<T>(
  run: NumberedRun,
  name: Step,
  work: () => Promise<T>,
  detailOf?: (result: T) => JsonObject,
): Promise<T> {
  const { state, lease, planNumber, clock, observer } = run;
  const startedMs = clock.nowMs();
  observer.stepStarted(lease, name);
  await state.steps.start(lease, planNumber, name);
  try {
    const result = await work();
    await state.steps.finish(lease, planNumber, name, detailOf?.(result));
    observer.stepFinished(lease, name, (clock.nowMs() - startedMs) / 1000);
    return result;
  } catch (error) {
    // A stop is no failure: the step goes on in the next run.
    if (!run.signal.aborted) await recordFailure(run, name, error);
    throw error;
  }
}

async function recordFailure(
  { state, lease, planNumber }: NumberedRun,
  name: Step,
  error: unknown,
): Promise<void> {
  const message = messageOf(error);
  // The error itself is what the run must settle; a step that cannot be marked says nothing new.
  await state.steps.fail(lease, planNumber, name, message).catch(() => undefined);
}
