/** `enqueue --all`: publishes one job for every organization that is not paused, spread over a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { messageOf } from '../job/errors.ts';
import { jobName, type JobRequest } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { failed, type ExitCode } from './command-error.ts';
import type { JsonOption } from './help.ts';
import { jobRequest, newJobId, type JobOptions } from './job-request.ts';
import { migratedState, type Session } from './session.ts';

/** Calls on their way at a time: without jitter, thousands of organizations are a matter of seconds. */
const CONCURRENT_PUBLISHES = 20;

type Published = { readonly request: JobRequest; readonly messageId: string };

/**
 * Every organization gets the same job id, so that a repetition with that id runs no job twice. One message that cannot
 * be published does not keep the others back; the command fails in the end.
 */
export async function enqueueAll(
  app: CliApp,
  session: Session,
  options: JobOptions & JsonOption & { readonly jitterSeconds: number },
): Promise<ExitCode> {
  const { io } = session;
  const jobId = options.jobId ?? newJobId(io);
  const organizations = await (await migratedState(app)).organizations.list();
  const due = organizations.filter(({ paused }) => !paused);
  const interruption = new AbortController();
  const stopListening = io.onInterrupt(() => interruption.abort());
  const problems: string[] = [];
  const limit = pLimit(CONCURRENT_PUBLISHES);
  const publish = async (organizationId: string): Promise<Published | undefined> => {
    await sleep(io.random() * options.jitterSeconds * 1000, undefined, { signal: interruption.signal }).catch(
      () => undefined,
    );
    return limit(async () => {
      if (interruption.signal.aborted) return undefined;
      const request = jobRequest(organizationId, { ...options, jobId }, io);
      try {
        return { request, messageId: await app.publish(request) };
      } catch (error) {
        problems.push(`${organizationId}: ${messageOf(error)}`);
        return undefined;
      }
    });
  };
  try {
    const answers = await Promise.all(due.map(({ organizationId }) => publish(organizationId)));
    const published = answers.filter((answer) => answer !== undefined);
    report(published, organizations.length - due.length, session, options);
    if (published.length === due.length) return 0;
    throw failed(unfinished(published.length, due.length, jobId, problems));
  } finally {
    stopListening();
  }
}

function report(
  published: readonly Published[],
  paused: number,
  session: Session,
  { json }: JsonOption,
): void {
  if (json) {
    session.printJson(
      published.map(({ request, messageId }) => ({
        organization_id: request.organizationId,
        job_id: request.jobId,
        job_type: request.jobType,
        message_id: messageId,
      })),
    );
    return;
  }
  for (const { request, messageId } of published)
    session.print(`${jobName(request)} is message ${messageId}`);
  session.print(
    `published ${published.length} jobs${paused === 0 ? '' : `; ${paused} paused organizations left out`}`,
  );
}

function unfinished(published: number, due: number, jobId: string, problems: readonly string[]): string {
  const first = problems[0] === undefined ? '' : `; the first of ${problems.length} problems: ${problems[0]}`;
  return (
    `published ${published} of ${due} jobs${first}\n` +
    `the rest: pulse-billing-etl enqueue --all --job-id ${jobId}, which runs nothing twice`
  );
}
