/** Publishes jobs anew so that whichever replica has room goes on with them; what fails of it, a later round makes up for. */
import { messageOf } from '../job/errors.ts';
import type { JobKey, JobRequest } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { WorkerContext } from './worker-context.ts';

/** For jobs whose message nobody holds any more; rejects with the first that cannot be published. */
export async function republish(
  { publisher, observer }: WorkerContext,
  jobs: readonly JobRecord[],
): Promise<void> {
  for (const job of jobs) {
    await publisher.publishJob(job);
    observer.republished(job);
  }
}

/** For a job that a replica which drains gives back: what is nacked comes back after the subscription's backoff only. Never rejects. */
export function publishHandedOver(context: WorkerContext, request: JobRequest): Promise<void> {
  return orTell(context, 'a job was handed over without a new message', async () => {
    await context.publisher.publishJob(request);
  });
}

/** For the job whose turn it is, when its message is not held here: whoever holds it looks only now and then. Never rejects. */
export async function publishNext(context: WorkerContext, next: JobKey): Promise<void> {
  // It works for its own job only, and without Pub/Sub.
  if (context.settings.kind === 'foreground') return;
  await orTell(context, 'the next job of an organization was not told that its turn has come', async () => {
    const job = await context.services.state.jobs.find(next);
    if (job?.status === 'QUEUED') await context.publisher.publishJob(job);
  });
}

/** The message that there is comes again or is looked at again, and the reaper stands behind it. */
async function orTell(
  { observer }: WorkerContext,
  trouble: string,
  publish: () => Promise<void>,
): Promise<void> {
  await publish().catch((error: unknown) => observer.trouble(`${trouble}: ${messageOf(error)}`));
}
