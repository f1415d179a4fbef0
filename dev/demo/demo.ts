// `npm run demo`: the main job from end to end on real parts, with every figure checked at the end.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { compare, type Comparison } from './compare.ts';
import { startEnvironments, type DemoEnvironments } from './environments.ts';
import { publishText } from './messages.ts';
import { exportMoreRows, loadOrganizations, type DemoOrganization } from './organizations.ts';
import { program, type Program } from './program.ts';

const DIRECTORY = join('.local', 'demo');
const LOG_FILE = join(DIRECTORY, 'worker.log');
const STATUS_FILE = join(DIRECTORY, 'status.json');
const LOOK_AGAIN_MS = 500;
const BAD_MESSAGE = '{"organization_id": "acme", "job_id": "bad-1", "table": "somebody_else.secret.table"}';

async function demo(keep: boolean): Promise<boolean> {
  heading('Two BigQuery environments (source in EU, destination in US) and Pub/Sub');
  const environments = await timed('started', () => startEnvironments(DIRECTORY));
  try {
    return await tour(environments, keep);
  } finally {
    await environments.stop();
  }
}

async function tour(environments: DemoEnvironments, keep: boolean): Promise<boolean> {
  const cli = program(environments.variables);
  heading('A billing export for three organizations');
  const organizations = await timed('generated and loaded', () => loadOrganizations(environments));

  heading('Set up the worker');
  await cli.run('migrate');
  await cli.run('provision');
  for (const { id, source, destination } of organizations) {
    const location = ['--destination-location', environments.destination.location];
    await cli.run('org', 'set', id, '--source', source, '--destination', destination, ...location);
  }

  heading('Publish jobs and start the worker');
  await Promise.all(organizations.map(({ id }) => cli.run('enqueue', id, '--job-id', 'first')));
  const startedMs = performance.now();
  const worker = await cli.startWorker(LOG_FILE);
  await Promise.all(organizations.map(({ id }) => follow(cli, id, 'first')));
  const seconds = (performance.now() - startedMs) / 1000;

  heading('A message that can never run');
  await showDeadLetter(environments, cli);

  heading('One organization again, with new rows in between');
  await runAgain(environments, cli, organizations);

  heading('Source and destination, to the last decimal');
  const comparisons = await compareAll(environments, organizations);
  await report(cli, comparisons, organizations, seconds);
  if (keep) await keepRunning(environments);
  await worker.stop();
  return comparisons.every((comparison) => comparison.isEqual);
}

async function follow(cli: Program, organization: string, job: string): Promise<void> {
  await cli.json('enqueue', organization, '--job-id', job, '--wait');
}

async function showDeadLetter({ pubsubHost }: DemoEnvironments, cli: Program): Promise<void> {
  console.log(`published: ${BAD_MESSAGE}`);
  await publishText(pubsubHost, BAD_MESSAGE);
  let letters: { readonly id: number }[] = [];
  while (letters.length === 0) {
    letters = (await cli.json('dlq', 'list')) as typeof letters;
    if (letters.length === 0) await setTimeout(LOOK_AGAIN_MS);
  }
  process.stdout.write(await cli.run('dlq', 'show', `${letters[0]?.id}`));
}

async function runAgain(
  environments: DemoEnvironments,
  cli: Program,
  organizations: readonly DemoOrganization[],
): Promise<void> {
  const [first] = organizations;
  if (!first) return;
  const { rows } = await exportMoreRows(environments, first);
  console.log(`${first.id}: ${rows.toLocaleString('en')} rows exported later`);
  process.stdout.write(await cli.run('enqueue', first.id, '--job-id', 'second', '--wait'));
}

async function compareAll(
  environments: DemoEnvironments,
  organizations: readonly DemoOrganization[],
): Promise<Comparison[]> {
  const comparisons = [];
  for (const organization of organizations) {
    const comparison = await compare(environments, organization);
    console.log(`${comparison.organization}: ${comparison.isEqual ? 'EQUAL' : 'DIFFERENT'}`);
    for (const line of comparison.lines) console.log(line);
    comparisons.push(comparison);
  }
  return comparisons;
}

async function report(
  cli: Program,
  comparisons: readonly Comparison[],
  organizations: readonly DemoOrganization[],
  seconds: number,
): Promise<void> {
  const jobs = await cli.json('status');
  await writeFile(STATUS_FILE, `${JSON.stringify(jobs, undefined, 2)}\n`);
  const firstRows = organizations.length * 100_000;
  heading('In short');
  for (const { organization, isEqual, rows } of comparisons) {
    console.log(`${isEqual ? 'EQUAL    ' : 'DIFFERENT'}  ${organization}: ${rows.toLocaleString('en')} rows`);
  }
  console.log(
    `The first ${firstRows.toLocaleString('en')} rows took ${seconds.toFixed(1)} s from the worker's start to the last SUCCESS: ` +
      `${Math.round(firstRows / seconds).toLocaleString('en')} rows/s, with emulators and worker on one machine.`,
  );
  console.log(`Jobs as JSON: ${STATUS_FILE}`);
  console.log(`Worker's log: ${LOG_FILE}`);
}

async function keepRunning({ httpPort }: DemoEnvironments): Promise<void> {
  console.log(
    `\nStatus page: http://127.0.0.1:${httpPort}/   (status JSON: http://127.0.0.1:${httpPort}/api/status)`,
  );
  console.log('Everything keeps running until Ctrl-C.');
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${what} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

try {
  process.exitCode = (await demo(process.argv.includes('--keep'))) ? 0 : 1;
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
