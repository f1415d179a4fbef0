/** `resolve`: settles a job of which nobody could prove whether its commit took effect. */
import type { Command } from 'commander';
import { count } from '../http/human-text.ts';
import { jobJson } from '../http/job-json.ts';
import { commitSetRows } from '../job/commit-set.ts';
import { jobName, type JobKey } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { RowCounts } from '../state/job-store.ts';
import type { CliApp } from './app-port.ts';
import { recordChange } from './audited.ts';
import { jobNotFound, refused, wrongUsage, type CommandError } from './command-error.ts';
import { withExamples, withJson } from './help.ts';
import { countQuery } from './next-commands.ts';
import { runAgain, type RunAgainOptions } from './run-again.ts';
import { migratedState, type Session } from './session.ts';

type ResolveOptions = RunAgainOptions & { readonly committed?: boolean; readonly notCommitted?: boolean };

export function addResolveCommand(program: Command, session: Session): void {
  const command = program
    .command('resolve')
    .argument('<org>', 'organization')
    .argument('<job>', 'job id')
    .description(
      'settle a job that needs an operator, by what you found in its destination; show has the query',
    )
    .option('--committed', 'its rows are there, all of them or as they shall be: the job ends as SUCCESS')
    .option('--not-committed', 'none of its rows is there: the job plans anew and copies them again')
    .option('--no-publish', 'after --not-committed: to go on with run ORG --job-id JOB without Pub/Sub')
    .action((organizationId: string, jobId: string, options: ResolveOptions) => {
      const key = { organizationId, jobId };
      if (Boolean(options.committed) === Boolean(options.notCommitted))
        throw wrongUsage(
          `say what you found of ${jobName(key)}: either --committed or --not-committed; pulse-billing-etl show ${organizationId} ${jobId} says how to find out`,
        );
      return session.run((app) => resolve(key, app, session, options));
    });
  withJson(command, 'the settled job');
  withExamples(command, [
    ['resolve acme 2026-01-31 --committed', 'the rows count as copied'],
    ['resolve acme 2026-01-31 --not-committed', 'they are copied again'],
  ]);
}

async function resolve(key: JobKey, app: CliApp, session: Session, options: ResolveOptions): Promise<void> {
  const state = await migratedState(app);
  const before = await state.jobs.find(key);
  if (!before) throw jobNotFound(key.organizationId, key.jobId);
  if (!before.needsOperator) throw needsNobody(before);
  const committed = options.committed === true;
  session.note(claimText(before, committed));
  const outcome = committed
    ? await state.jobs.resolveCommitted(key, await copiedRows(before, state))
    : await state.jobs.resolveNotCommitted(key);
  if (outcome.kind === 'not_found') throw jobNotFound(key.organizationId, key.jobId);
  const after = (await state.jobs.find(key)) ?? before;
  // Somebody else was faster.
  if (outcome.kind === 'refused') throw needsNobody(after);
  await recordChange(state, session, {
    action: 'resolve',
    subject: jobName(key),
    before: audited(before),
    after: audited(after),
  });
  if (outcome.kind === 'replanned')
    await runAgain(
      after,
      `${jobName(key)} is settled as not committed and plans anew`,
      app,
      session,
      options,
    );
  else if (options.json) session.printJson(jobJson(after));
  else session.print(`${jobName(key)} is settled as committed: ${after.status}`);
}

/** What the operator says is true, and how to see whether it is. */
function claimText(job: JobRecord, committed: boolean): string {
  const { plan, commitSet } = job;
  const rows = commitSet && count(commitSetRows(commitSet));
  const where = `${commitSet?.lineage ?? 'this job'} in ${plan ? tableName(plan.destination) : 'its destination'}`;
  return [
    committed
      ? `settling ${jobName(job)} as committed: the ${rows} rows of ${where} count as copied`
      : `settling ${jobName(job)} as not committed: none of the ${rows} rows of ${where} is there, and all are copied again`,
    `to check: ${countQuery(job)}`,
  ].join('\n');
}

/** What a finish by a worker would have recorded; undefined where the batches are no longer known. */
async function copiedRows(job: JobRecord, state: State): Promise<RowCounts | undefined> {
  const batches = await state.batches.list(job, job.planNumber);
  if (batches.length === 0 || !job.commitSet) return undefined;
  return {
    rowsRead: batches.reduce((rows, batch) => rows + batch.rowsRead, 0),
    rowsWritten: commitSetRows(job.commitSet),
    bytesWritten: batches.reduce((bytes, batch) => bytes + batch.bytes, 0),
  };
}

function needsNobody(job: JobRecord): CommandError {
  return refused(
    `${jobName(job)} is ${job.status} and needs no operator: only a job marked so by status and show can be resolved`,
  );
}

function audited(job: JobRecord) {
  return {
    status: job.status,
    needs_operator: job.needsOperator,
    plan_number: job.planNumber,
    commit_set: job.commitSet ?? null,
    error_message: job.errorMessage ?? null,
  };
}
