// How long after its end an hour of usage is exported: each service its own way, all of them with a long tail.
import type { Random } from './random.ts';
import type { Service } from './world/catalog.ts';

const TAIL_SHARE = 0.03;
const LONGEST_DELAY_HOURS = 5 * 24;

/** Whole hours between the end of usage and its export; 0 is the same hour, so minutes. */
export function exportDelayHours({ delayHours: [least, greatest] }: Service, random: Random): number {
  const fraction = random.fraction();
  if (random.chance(TAIL_SHARE)) {
    // Half of the tail is within twice the usual time, a tenth beyond ten times of it: a Pareto distribution.
    return Math.min(LONGEST_DELAY_HOURS, Math.floor(greatest / (1 - fraction)));
  }
  return least + Math.floor((greatest - least) * fraction * fraction);
}
