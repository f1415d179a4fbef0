// Every single fault, and then pairs: those whose first faults were found to lead to one run are played once.
import { playInProcesses, type Played, type PlayOptions } from './play-in-processes.ts';
import type { MinimalJob } from './scenario.ts';
import type { SingleRun } from './tasks.ts';

/** Of the first faults of these jobs that begin pairs those from one position up to another, or all that follow, and this share of their pairs. */
export type ChosenPairs = {
  readonly jobs: readonly MinimalJob[];
  readonly from?: number;
  readonly to?: number | undefined;
  readonly share: number;
};

/** Plays all single faults and the chosen pairs. */
export async function playPlans(
  { jobs, from = 0, to, share }: ChosenPairs,
  options: PlayOptions,
): Promise<Played> {
  const singles = await playInProcesses({ kind: 'singles' }, options);
  const firsts = firstOfEachRun(singles.runs.filter(({ job }) => jobs.includes(job))).slice(from, to);
  return playInProcesses({ kind: 'pairs', firsts, share }, options, singles);
}

/** The earliest fault of each class of faults that lead to one run: what can follow the others can follow it as well. */
export function firstOfEachRun(runs: readonly Pick<SingleRun, 'first' | 'key'>[]): readonly number[] {
  const earliest = new Map<string, number>();
  for (const { first, key } of runs) earliest.set(key, Math.min(first, earliest.get(key) ?? Infinity));
  return [...earliest.values()].sort((a, b) => a - b);
}
