/** `cancel`: stops a job before it has decided to commit. */
import type { Command } from 'commander';
import { jobJson } from '../http/job-json.ts';
import { jobName, type JobKey } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { recordChange } from './audited.ts';
import { jobNotFound, refused } from './command-error.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { migratedState, type Session } from './session.ts';

export function addCancelCommand(program: Command, session: Session): void {
  const command = program
    .command('cancel')
    .argument('<org>', 'organization')
    .argument('<job>', 'job id')
    .description(
      'cancel a job; a running one stops within one heartbeat, one that commits already is refused',
    )
    .action((organizationId: string, jobId: string, options: JsonOption) =>
      session.run((app) => cancel({ organizationId, jobId }, app, session, options)),
    );
  withJson(command, 'the job');
  withExamples(command, [['cancel acme 2026-01-31', 'nothing of it becomes visible']]);
}

async function cancel(key: JobKey, app: CliApp, session: Session, { json }: JsonOption): Promise<void> {
  const state = await migratedState(app);
  const before = await state.jobs.find(key);
  if (!before) throw jobNotFound(key.organizationId, key.jobId);
  const outcome = await state.jobs.requestCancel(key);
  if (outcome.kind === 'not_found') throw jobNotFound(key.organizationId, key.jobId);
  if (outcome.kind === 'refused')
    throw refused(
      `${jobName(key)} is ${outcome.status}: only a job that is queued or in progress can be cancelled`,
    );
  const after = (await state.jobs.find(key)) ?? before;
  await recordChange(state, session, {
    action: 'cancel',
    subject: jobName(key),
    before: { status: before.status, cancel_requested: before.cancelRequested },
    after: { status: after.status, cancel_requested: after.cancelRequested },
  });
  if (json) session.printJson(jobJson(after));
  else session.print(outcomeText(key, outcome.kind));
}

function outcomeText(key: JobKey, kind: 'cancelled' | 'requested'): string {
  if (kind === 'cancelled') return `${jobName(key)} is cancelled`;
  return `${jobName(key)} is asked to stop and will at its next checkpoint: pulse-billing-etl show ${key.organizationId} ${key.jobId}`;
}
