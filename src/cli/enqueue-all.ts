/** `enqueue --all`: publishes one job for every organization that is not paused, spread over a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { messageOf } from '../job/errors.ts';
import { jobName, type JobRequest } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { failed, type ExitCode } from './command-error.ts';
import { startCountBar } from './count-bar.ts';
import type { JsonOption } from './help.ts';
import { jobRequest, newJobId, type JobOptions } from './job-request.ts';
import { migratedState, type Session } from './session.ts';

/** Calls on their way at a time: without jitter, thousands of organizations are a matter of seconds. */
const CONCURRENT_PUBLISHES = 20;

type Options = JobOptions & JsonOption & { readonly jitterSeconds: number };
type Published = { readonly request: JobRequest; readonly messageId: string };

/**
 * Every organization gets the same job id, so that a repetition with that id runs no job twice. One message that cannot
 * be published does not keep the others back; the command fails in the end.
 */
export async function enqueueAll(app: CliApp, session: Session, options: Options): Promise<ExitCode> {
  const jobId = options.jobId ?? newJobId(session.io);
  const organizations = await (await migratedState(app)).organizations.list();
  const due = organizations.filter(({ paused }) => !paused);
  const requests = due.map(({ organizationId }) =>
    jobRequest(organizationId, { ...options, jobId }, session.io),
  );
  const { published, problems } = await publishEach(requests, app, session, options);
  report(published, organizations.length - due.length, session, options);
  if (published.length === due.length) return 0;
  throw failed(unfinished(published.length, due.length, jobId, problems));
}

/** Each at a moment of its own; those whose moment had not come at Ctrl-C are left out. */
async function publishEach(
  requests: readonly JobRequest[],
  app: CliApp,
  session: Session,
  { jitterSeconds, json = false }: Options,
): Promise<{ readonly published: readonly Published[]; readonly problems: readonly string[] }> {
  const { io } = session;
  const interruption = new AbortController();
  const { signal } = interruption;
  const stopListening = io.onInterrupt(() => interruption.abort());
  const published: Published[] = [];
  const problems: string[] = [];
  const counted = { total: requests.length, done: () => published.length + problems.length };
  const bar = startCountBar('publishing jobs', counted, session, !json);
  const limit = pLimit(CONCURRENT_PUBLISHES);
  const publish = async (request: JobRequest): Promise<void> => {
    await sleep(io.random() * jitterSeconds * 1000, undefined, { signal }).catch(() => undefined);
    await limit(async () => {
      if (signal.aborted) return;
      try {
        published.push({ request, messageId: await app.publish(request) });
      } catch (error) {
        problems.push(`${request.organizationId}: ${messageOf(error)}`);
      }
    });
  };
  try {
    await Promise.all(requests.map(publish));
    return { published, problems };
  } finally {
    bar.stop();
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
