// Many seeds over worker processes, with a line of progress now and then and a summary that says exactly what ran.
import { execFileSync, fork } from 'node:child_process';
import { openSharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';
import { Tally } from './tally.ts';

const SEEDS_A_REPORT = 100;
const PROGRESS_MS = 60_000;

/** What a worker process has done since it reported last. */
type Report = {
  readonly seeds: number;
  readonly events: number;
  readonly tally: ReturnType<Tally['toJSON']>;
  readonly failures: readonly { readonly seed: number; readonly violations: readonly string[] }[];
};

/** Runs the seeds, each worker process every nth; prints progress and a JSON summary; the exit code is 1 when a seed failed. */
export async function runManySeeds(run: { seeds: number; first: number; workers: number }): Promise<number> {
  const startedMs = performance.now();
  const tally = new Tally();
  const failures: Report['failures'][number][] = [];
  let [seeds, events] = [0, 0];
  const summary = () => ({
    commit: commit(),
    firstSeed: run.first,
    seeds,
    failedSeeds: failures.length,
    failures: failures.slice(0, 20),
    faults: tally.total,
    events,
    seconds: Math.round((performance.now() - startedMs) / 1000),
    ...tally.toJSON(),
  });
  const progress = setInterval(() => {
    const { seconds, faults, failedSeeds } = summary();
    console.log(
      `${seeds} of ${run.seeds} seeds in ${seconds} s, ${faults} faults, ${failedSeeds} seeds failed`,
    );
  }, PROGRESS_MS);
  const take = (report: Report): void => {
    seeds += report.seeds;
    events += report.events;
    tally.add(report.tally);
    for (const failure of report.failures) {
      failures.push(failure);
      console.log(
        `SEED ${failure.seed} fails: ${failure.violations[0]}; replay: npm run simulate -- --seed ${failure.seed}`,
      );
    }
  };
  await Promise.all(Array.from({ length: run.workers }, (_, part) => workerProcess({ ...run, part }, take)));
  clearInterval(progress);
  console.log(JSON.stringify(summary(), null, 2));
  return failures.length > 0 || seeds < run.seeds ? 1 : 0;
}

type Part = { seeds: number; first: number; workers: number; part: number };

function workerProcess(part: Part, onReport: (report: Report) => void): Promise<void> {
  return new Promise((resolve) => {
    const child = fork(new URL(import.meta.url), [JSON.stringify(part)], { execArgv: ['--import', 'tsx'] });
    child.on('message', (report) => onReport(report as Report));
    child.once('exit', () => resolve());
  });
}

async function work({ seeds, first, workers, part }: Part): Promise<void> {
  const database = await openSharedDatabase();
  let tally = new Tally();
  let failures: Report['failures'][number][] = [];
  let [done, events] = [0, 0];
  const report = (): void => {
    process.send?.({ seeds: done, events, tally: tally.toJSON(), failures } satisfies Report);
    [tally, failures, done, events] = [new Tally(), [], 0, 0];
  };
  for (let seed = first + part; seed < first + seeds; seed += workers) {
    const result = await simulateSeed(database, seed, { onFault: tally.onFault });
    done += 1;
    events += result.events;
    if (result.violations.length > 0) failures.push({ seed, violations: result.violations });
    if (done >= SEEDS_A_REPORT || failures.length > 0) {
      report();
      // Lets the message out: a world never waits for the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  report();
  await database.close();
  process.disconnect();
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

if (process.send && process.argv[1]?.endsWith('campaign-seeds.ts'))
  await work(JSON.parse(process.argv[2]!) as Part);
