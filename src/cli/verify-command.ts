/** `verify`: publishes a job that compares both sides of a copy by day, or checks FOCUS rows at once. */
import { Option, type Command } from 'commander';
import { MICROS_PER_DAY, type Micros } from '../job/instant.ts';
import type { JobRequest } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { organizationNotFound, refused, wrongUsage } from './command-error.ts';
import { withExamples, withJson } from './help.ts';
import { jobRequest } from './job-request.ts';
import { publishJob, type PublishOptions } from './publish-job.ts';
import { migratedState, type Session } from './session.ts';
import { verifyFocus } from './verify-focus.ts';

type VerifyOptions = PublishOptions & {
  readonly days?: string;
  readonly jobId?: string;
  readonly focus?: boolean;
};

export function addVerifyCommand(program: Command, session: Session): void {
  const command = program
    .command('verify')
    .argument('<org>', 'organization')
    .description('compare both sides by day up to the watermark; days that grew at the source are repaired')
    .option('--days <n>', 'how many days back from the watermark; default: 3, or 35 around a month close')
    .option('--job-id <id>', 'idempotency key; default: a new one that sorts by time')
    .addOption(
      new Option(
        '--focus',
        'instead: check the columns and rows of the copy against the FOCUS version of its transform, here and now; exit code 1 when one breaks a rule',
      ).conflicts(['days', 'jobId', 'wait']),
    )
    .option('--wait', 'follow the job to its end: exit code 0 only for SUCCESS; Ctrl-C stops following')
    .action((organizationId: string, options: VerifyOptions) => {
      if (options.focus) return session.run((app) => verifyFocus(organizationId, app, session, options));
      const days = daysOf(options);
      const request = jobRequest(organizationId, { ...options, type: 'verify' }, session.io);
      return session.run(async (app) =>
        publishJob(
          days === undefined ? request : { ...request, window: await lastDays(organizationId, days, app) },
          app,
          session,
          options,
        ),
      );
    });
  withJson(command, 'the published job, with --wait the finished one, or with --focus the problems found,');
  withExamples(command, [
    ['verify acme', 'compare the last days'],
    ['verify acme --days 90 --wait', 'compare a quarter, and wait for the answer'],
    ['verify acme --focus', 'does the copy keep the rules of FOCUS?'],
  ]);
}

function daysOf({ days }: VerifyOptions): bigint | undefined {
  if (days === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/.test(days)) return BigInt(days);
  throw wrongUsage(`--days is "${days}": use a whole number from 1 to 9999`);
}

/** Counted from the watermark, which only the database knows. */
async function lastDays(
  organizationId: string,
  days: bigint,
  app: CliApp,
): Promise<NonNullable<JobRequest['window']>> {
  const state = await migratedState(app);
  const organization = await state.organizations.find(organizationId);
  if (!organization) throw organizationNotFound(organizationId);
  const end: Micros | undefined = organization.watermark;
  if (end === undefined)
    throw refused(
      `${organizationId} has not been copied yet, so that there is nothing to verify: run pulse-billing-etl enqueue ${organizationId} first`,
    );
  return { start: end - (days - 1n) * MICROS_PER_DAY - 1n, end };
}
