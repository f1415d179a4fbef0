// npm run simulate: one seed to look at, or many seeds over worker processes, or every plan of at most two faults.
//
//   npm run simulate -- --seed 4711                                 one seed, event by event
//   npm run simulate -- --seeds 1000000 --first 1 --workers 2       many seeds; a summary in JSON at the end
//   npm run simulate -- --plan 12:kill_after,31:reply_lost          one plan for the minimal job, event by event
//   npm run simulate -- --plans --share 0.01                        plans of at most two faults, all or a share of them
//   npm run simulate -- --plans --jobs staged,module --share 0.01   the same with pairs of other jobs than that of streams
//   npm run simulate -- --plans --from 300 --to 400 --workers 2     all single faults, and the pairs that begin with these of them
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { minimalJob, parsePlan } from './fault-plans.ts';
import { playInProcesses, type Played, type PlayOptions } from './play-in-processes.ts';
import { playPlans } from './play-plans.ts';
import { openSharedDatabase } from './shared-database.ts';
import { simulatePlan, simulateSeed } from './simulate.ts';

const PROGRESS_MS = 60_000;
const SHOWN_FAILURES = 20;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    plan: { type: 'string' },
    seeds: { type: 'string' },
    plans: { type: 'boolean' },
    jobs: { type: 'string', default: 'streams' },
    share: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    to: { type: 'string' },
    first: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
  },
});

async function main(): Promise<number> {
  const { seed, plan, seeds, plans, jobs, share, from, to, first, workers } = values;
  const processes = Number(workers);
  if (seeds !== undefined) {
    const task = { kind: 'seeds', first: Number(first), seeds: Number(seeds) } as const;
    return playAll(task, (onReport) => playInProcesses(task, { processes, onReport }));
  }
  if (plans) {
    const chosen = {
      jobs: jobs.split(',').map(minimalJob),
      share: Number(share),
      from: Number(from),
      to: to === undefined ? undefined : Number(to),
    };
    return playAll({ kind: 'plans', ...chosen }, (onReport) => playPlans(chosen, { processes, onReport }));
  }
  if (seed !== undefined) return show({ seed: Number(seed) });
  if (plan !== undefined) return show({ plan });
  console.error('say --seed N, --seeds N, --plan 12:kill_after or --plans');
  return 2;
}

/** Prints every event of one world. */
async function show(which: { readonly seed: number } | { readonly plan: string }): Promise<number> {
  const database = await openSharedDatabase();
  const onEvent = (line: string): void => console.log(line);
  const { violations, hash } =
    'seed' in which
      ? await simulateSeed(database, which.seed, { onEvent })
      : await simulatePlan(database, parsePlan(which.plan), { onEvent });
  await database.close();
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(`${violations.length} violations, trace hash ${hash}`);
  return violations.length > 0 ? 1 : 0;
}

type OnReport = NonNullable<PlayOptions['onReport']>;

/** Plays over worker processes; a line a minute, and a summary that says exactly what ran. */
async function playAll(what: object, play: (onReport: OnReport) => Promise<Played>): Promise<number> {
  const startedMs = performance.now();
  let printedMs = startedMs;
  const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
  const played = await play(({ failures }, soFar) => {
    for (const { what: world, violations, replay } of failures)
      console.log(`${world} fails: ${violations[0]}; replay: ${replay}`);
    if (performance.now() < printedMs + PROGRESS_MS) return;
    printedMs = performance.now();
    console.log(`${seconds()} s: ${progressOf(soFar)}`);
  });
  const { failures, tally } = played;
  const summary = { commit: commit(), ...what, ...played.counts, seconds: seconds(), faults: tally.total };
  const shown = { failed: failures.length, failures: failures.slice(0, SHOWN_FAILURES) };
  console.log(JSON.stringify({ ...summary, ...shown, ...tally.toJSON() }, null, 2));
  return failures.length > 0 ? 1 : 0;
}

function progressOf({ counts, tally, failures }: Played): string {
  const played = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${played.join(', ')}, ${tally.total} faults, ${failures.length} failed`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

process.exitCode = await main();
