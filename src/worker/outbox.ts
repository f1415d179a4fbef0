/** Sends what transactions have left to be sent: alerts to whoever is to know, and dead letters of jobs to their topic. */
import { answeredWithin, jittered } from '../job/clock.ts';
import { messageOf } from '../job/errors.ts';
import { formatInstant } from '../job/instant.ts';
import type { AlertRecord } from '../state/alert-store.ts';
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import type { AlertSender } from './alert-sender.ts';
import { failedJobAttributes } from './dead-letter.ts';
import { whileElected } from './elected-task.ts';
import type { WorkerContext } from './worker-context.ts';
import type { BackgroundTask } from './worker.ts';

const ROUND = { everyMs: 10_000, share: 0.3, doing: 'sending the outbox' };
const AT_ONCE = 20;
/** For as long nobody else sends what one replica has taken on; a replica that died leaves it to the next. */
const HOLD_MS = 300_000;
const PATIENCE_MS = 60_000;
const NO_ANSWER = `no answer within ${PATIENCE_MS / 1000} s`;
/** Alerts of one kind about one job or organization: one in this time, however many there are. */
const FOLD_MS = 60 * 60_000;
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 60 * 60_000;

/** The elected replica looks every few seconds until the signal aborts; each thing is sent by one replica at a time and at least once. */
export function sendOutbox(sendAlert: AlertSender): BackgroundTask {
  return (context, signal) =>
    whileElected(context, signal, ROUND, async () => {
      await reporting(context, 'sending alerts', () => sendAlerts(context, sendAlert, signal));
      await reporting(context, 'publishing dead letters', () => publishLetters(context, signal));
    });
}

async function sendAlerts(
  { services, observer }: WorkerContext,
  send: AlertSender,
  signal: AbortSignal,
): Promise<void> {
  const { alerts } = services.state;
  for (const alert of await alerts.claimUnsent(AT_ONCE, HOLD_MS, FOLD_MS)) {
    // What is not sent now is handed out again when it is no longer held.
    if (signal.aborted) return;
    try {
      // A receiver that never answers must not keep everybody's alerts from being sent.
      await answeredWithin(services.clock, PATIENCE_MS, NO_ANSWER, (over) =>
        send(outgoing(alert), AbortSignal.any([signal, over])),
      );
    } catch (error) {
      const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (alert.attempts - 1));
      await alerts.retryLater(alert, jittered(delayMs, 0.3, services.random));
      observer.trouble(`an alert (${alert.kind}) was not sent and is tried again: ${messageOf(error)}`);
      continue;
    }
    await alerts.markSent(alert);
  }
}

async function publishLetters({ services, publisher }: WorkerContext, signal: AbortSignal): Promise<void> {
  const { deadLetters } = services.state;
  for (const letter of await deadLetters.claimUnpublished(AT_ONCE, HOLD_MS)) {
    if (signal.aborted) return;
    await publisher.publishDeadLetter(bytesOf(letter), failedJobAttributes(letter));
    await deadLetters.markPublished(letter.id);
  }
}

/** An alert and a letter are one thing only on the way out: neither may hold up the other, nor a job. */
async function reporting(
  { observer }: WorkerContext,
  doing: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    observer.trouble(`${doing} failed and is tried again: ${messageOf(error)}`);
  }
}

function outgoing({ ids, attempts: _attempts, createdAt, ...alert }: AlertRecord) {
  return { ...alert, times: ids.length, at: formatInstant(createdAt) };
}

function bytesOf({ message, messageEncoding }: DeadLetterRecord): Uint8Array {
  return Buffer.from(message, messageEncoding);
}
