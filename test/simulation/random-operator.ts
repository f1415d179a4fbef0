// What an operator does to mend what went wrong, drawn by seed: retries of jobs and replays of dead letters.
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Act, Scenario } from './scenario.ts';

/** In some worlds somebody retries what was cancelled or what may have failed, or replays all dead letters. */
export function withMending(scenario: Scenario, random: SeededRandom): Scenario {
  const acts: Act[] = [];
  for (const act of scenario.acts)
    if (act.kind === 'cancel' && random.chance(0.5))
      acts.push({ ...act, kind: 'retry', atMs: act.atMs + random.below(4_000) });
  if (random.chance(0.1)) {
    const { job, atMs } = random.pick(scenario.requests);
    const soon = atMs + random.below(4_000);
    if (job) acts.push({ kind: 'retry', atMs: soon, organizationId: job[0], jobId: job[1] });
  }
  if (random.chance(scenario.filing ? 0.3 : 0.1)) acts.push({ kind: 'replay', atMs: random.below(6_000) });
  return { ...scenario, acts: [...scenario.acts, ...acts] };
}
