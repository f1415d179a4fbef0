// What an operator does besides, drawn by seed: retries of jobs, replays of dead letters and changes of the configuration.
import type { SeededRandom } from '../support/seeded-random.ts';
import { isPushedDown } from './organizations.ts';
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

/** In some worlds somebody changes how an organization is copied, or has what waits planned anew, at any time. */
export function withConfiguring(scenario: Scenario, random: SeededRandom): Scenario {
  const acts: Act[] = [];
  for (const organizationId of scenario.organizations) {
    if (isPushedDown(organizationId) && random.chance(0.3)) {
      const atMs = random.below(4_000);
      acts.push({ kind: 'reroute', atMs, organizationId, writePath: 'storage' });
      if (random.chance(0.5))
        acts.push({ kind: 'reroute', atMs: atMs + random.below(4_000), organizationId, writePath: 'auto' });
    }
    if (random.chance(0.15)) acts.push({ kind: 'replan', atMs: random.below(6_000), organizationId });
  }
  return { ...scenario, acts: [...scenario.acts, ...acts] };
}
