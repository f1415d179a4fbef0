/** Files what arrives in the dead-letter subscription in the database; each message is acked once its row is committed. */
import { messageOf } from '../job/errors.ts';
import { jittered } from '../job/clock.ts';
import { failedJobOf, filedLetter } from './dead-letter-filing.ts';
import type { Delivery, DeliverySource } from './delivery.ts';
import type { WorkerContext } from './worker-context.ts';
import type { BackgroundTask } from './worker.ts';

const RETRY_MS = 15_000;

/** Files from this source, which is started and closed here, until the signal aborts; then gives back what is not filed. */
export function fileDeadLetters(source: DeliverySource): BackgroundTask {
  return async (context, signal) => {
    const held = new Set<Delivery>();
    const filings = new Set<Promise<void>>();
    source.start((delivery) => {
      held.add(delivery);
      const filing = file(delivery, context, signal)
        .then((filed) => (filed ? delivery.ack() : delivery.nack()))
        .finally(() => {
          held.delete(delivery);
          filings.delete(filing);
        });
      filings.add(filing);
    });
    await holdOn(source, held, context, signal);
    source.stopReceiving();
    await Promise.all(filings);
    await source.close();
  };
}

/** Keeps the messages ours while the database is out of reach. */
async function holdOn(
  source: DeliverySource,
  held: ReadonlySet<Delivery>,
  { services: { clock, random } }: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(jittered(source.ackDeadlineMs / 3, 0.1, random), signal);
    if (signal.aborted) return;
    await source.extend([...held]);
  }
}

/** Whether it is on record; tries again until it is or the signal aborts. */
async function file(
  delivery: Delivery,
  { services, observer }: WorkerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { state, clock, random } = services;
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      const job = failedJobOf(delivery);
      // The transaction that failed the job has filed its letter: this one tells other readers of the topic.
      if (!job || !(await state.jobs.find(job))) await state.deadLetters.record(filedLetter(delivery));
      return true;
    } catch (error) {
      const why = messageOf(error);
      if (tries === 1) observer.trouble(`filing a dead letter failed and is tried again: ${why}`);
      await clock.sleep(jittered(RETRY_MS, 0.3, random), signal);
    }
  }
  return false;
}
