// npm run simulate: one seed to look at, or many seeds over worker processes, or every plan of at most two faults.
//
//   npm run simulate -- --seed 4711                                 one seed, event by event
//   npm run simulate -- --seeds 1000000 --first 1 --workers 2       many seeds; a summary in JSON at the end
//   npm run simulate -- --plan 12:kill_after,31:reply_lost          one plan for the minimal job, event by event
//   npm run simulate -- --plans --share 0.01                        plans of at most two faults, all or a share of them
import { parseArgs } from 'node:util';
import { runManySeeds } from './campaign-seeds.ts';
import { runPlans } from './campaign-plans.ts';
import { parsePlan } from './fault-plans.ts';
import { openSharedDatabase } from './shared-database.ts';
import { simulatePlan, simulateSeed } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    plan: { type: 'string' },
    seeds: { type: 'string' },
    plans: { type: 'boolean' },
    share: { type: 'string', default: '1' },
    first: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
  },
});

async function main(): Promise<number> {
  const { seed, plan, seeds, plans, share, first, workers } = values;
  if (seeds !== undefined)
    return runManySeeds({ seeds: Number(seeds), first: Number(first), workers: Number(workers) });
  if (plans) return runPlans(Number(share));
  if (seed === undefined && plan === undefined) {
    console.error('say --seed N, --seeds N, --plan 12:kill_after or --plans');
    return 2;
  }
  const database = await openSharedDatabase();
  const onEvent = (line: string): void => console.log(line);
  const { violations, hash } =
    plan === undefined
      ? await simulateSeed(database, Number(seed), { onEvent })
      : await simulatePlan(database, parsePlan(plan), { onEvent });
  await database.close();
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(`${violations.length} violations, trace hash ${hash}`);
  return violations.length > 0 ? 1 : 0;
}

process.exitCode = await main();
