/** `doctor`: looks at everything the program depends on, and says how to mend what is not well. */
import type { Command } from 'commander';
import { messageOf } from '../job/errors.ts';
import { escapeControls } from '../observability/log-line.ts';
import type { CliApp } from './app-port.ts';
import type { ExitCode } from './command-error.ts';
import type { CheckStatus, Finding, HealthCheck } from './health-check.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import type { Style } from './paint.ts';
import type { Session } from './session.ts';
import { wholeOption } from './whole-option.ts';

type DoctorOptions = JsonOption & { readonly timeout: number };
type Result = { readonly check: string } & Finding;

export function addDoctorCommand(program: Command, session: Session): void {
  const command = program
    .command('doctor')
    .description(
      'check database, migrations, Pub/Sub and each organization in BigQuery; changes nothing but for one empty write stream, which expires. Exit code 1 when something is broken',
    )
    .option('--timeout <seconds>', 'how long each check may take', wholeOption(1, 600), 30)
    .action((options: DoctorOptions) => session.run((app) => examine(app, session, options)));
  withJson(command, 'an array of {check, status, found, mend}');
  withExamples(command, [
    ['doctor', 'after setting up, and when something is wrong'],
    ['doctor --json', 'for a pipeline: exit code 1 when something is broken'],
  ]);
}

async function examine(
  app: CliApp,
  session: Session,
  { json = false, timeout }: DoctorOptions,
): Promise<ExitCode> {
  const results: Result[] = [];
  const run = async (check: HealthCheck): Promise<void> => {
    const result = { check: check.name, ...(await inTime(check, timeout)) };
    results.push(result);
    if (!json) session.print(resultText(result, session));
  };
  const general = await app.healthChecks();
  const ofOrganizations = app.organizationChecks().then(
    (checks) => checks,
    // What is wrong with the database is told by its own check.
    () => [] as readonly HealthCheck[],
  );
  await Promise.all([
    ...general.map(run),
    giveUp(ofOrganizations, timeout).then((checks) => Promise.all(checks.map(run))),
  ]);
  const order = results.toSorted((a, b) => a.check.localeCompare(b.check));
  if (json) session.printJson(order.map(resultJson));
  else session.print(summary(results));
  return results.some(({ status }) => status === 'broken') ? 1 : 0;
}

/** The finding, or that there was none: a check that hangs must not hold up the others. */
async function inTime({ look }: HealthCheck, timeoutSeconds: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const found = `no answer within ${timeoutSeconds} s`;
    const mend = 'check the network and the address it is configured with, or give it --timeout';
    timer = setTimeout(() => resolve({ status: 'broken', found, mend }), timeoutSeconds * 1_000);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    const found = messageOf(error);
    return { status: 'broken', found, mend: 'see the message; docs/runbook.md explains its reasons' };
  } finally {
    clearTimeout(timer);
  }
}

async function giveUp(
  checks: Promise<readonly HealthCheck[]>,
  timeoutSeconds: number,
): Promise<readonly HealthCheck[]> {
  let timer: NodeJS.Timeout | undefined;
  const none = new Promise<readonly HealthCheck[]>((resolve) => {
    timer = setTimeout(() => resolve([]), timeoutSeconds * 1_000);
  });
  return Promise.race([checks, none]).finally(() => clearTimeout(timer));
}

const STYLES: Readonly<Record<CheckStatus, Style>> = {
  ok: 'green',
  warning: 'yellow',
  broken: 'red',
  skipped: 'dim',
};

function resultText({ check, status, found, mend }: Result, { paint }: Session): string {
  const line = `${paint(STYLES[status], status.padEnd(7))}  ${escapeControls(check)}: ${escapeControls(found)}`;
  return mend === undefined ? line : `${line}\n         mend: ${escapeControls(mend)}`;
}

function resultJson({ check, status, found, mend }: Result) {
  return { check, status, found, mend: mend ?? null };
}

function summary(results: readonly Result[]): string {
  const count = (wanted: CheckStatus): number => results.filter(({ status }) => status === wanted).length;
  return `${results.length} checks: ${count('ok')} ok, ${count('warning')} to look at, ${count('broken')} broken, ${count('skipped')} skipped`;
}
