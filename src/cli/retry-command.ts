/** `retry`: queues a job again that failed or was cancelled. */
import type { Command } from 'commander';
import { jobName, type JobKey } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { CliApp } from './app-port.ts';
import { recordChange } from './audited.ts';
import { jobNotFound, refused } from './command-error.ts';
import { withExamples, withJson } from './help.ts';
import { runAgain, type RunAgainOptions } from './run-again.ts';
import { migratedState, type Session } from './session.ts';

export function addRetryCommand(program: Command, session: Session): void {
  const command = program
    .command('retry')
    .argument('<org>', 'organization')
    .argument('<job>', 'job id')
    .description(
      'queue a job again that is FAILED or CANCELLED; it plans anew, and a worker takes it at once',
    )
    .option('--no-publish', 'queue it only: to go on with run ORG --job-id JOB where there is no Pub/Sub')
    .action((organizationId: string, jobId: string, options: RunAgainOptions) =>
      session.run((app) => retry({ organizationId, jobId }, app, session, options)),
    );
  withJson(command, 'the queued job');
  withExamples(command, [
    ['retry acme 2026-01-31', 'once its cause is removed'],
    ['retry acme 2026-01-31 --no-publish', 'then: pulse-billing-etl run acme --job-id 2026-01-31'],
  ]);
}

async function retry(key: JobKey, app: CliApp, session: Session, options: RunAgainOptions): Promise<void> {
  const state = await migratedState(app);
  const before = await state.jobs.find(key);
  if (!before) throw jobNotFound(key.organizationId, key.jobId);
  const outcome = await state.jobs.retry(key);
  if (outcome.kind === 'not_found') throw jobNotFound(key.organizationId, key.jobId);
  if (outcome.kind === 'refused')
    throw refused(
      `${jobName(key)} is ${outcome.status}: only a job that failed or was cancelled can be retried`,
    );
  const after = (await state.jobs.find(key)) ?? before;
  await recordChange(state, session, {
    action: 'retry',
    subject: jobName(key),
    before: audited(before),
    after: audited(after),
  });
  await runAgain(after, `${jobName(key)} is queued again with a new plan`, app, session, options);
}

function audited(job: JobRecord) {
  return {
    status: job.status,
    plan_number: job.planNumber,
    attempts: job.attempts,
    error_reason: job.errorReason ?? null,
    error_message: job.errorMessage ?? null,
  };
}
