// What a world is asked to do: which organizations export what and when, which jobs are asked for, and by how many replicas.
import type { SeededRandom } from '../support/seeded-random.ts';
import { ORGANIZATIONS, UNKNOWN_ORGANIZATION } from './organizations.ts';

/** Rows an organization's source holds from then on. */
export type Export = {
  readonly atMs: number;
  readonly organizationId: string;
  readonly number: number;
  readonly rows: number;
};

/** A message that is published then; `job` as spec.md §3 has it. */
export type Request = {
  readonly atMs: number;
  readonly body: string;
  readonly job: readonly [organizationId: string, jobId: string] | undefined;
};

export type Scenario = {
  readonly replicas: number;
  readonly organizations: readonly string[];
  readonly exports: readonly Export[];
  readonly requests: readonly Request[];
  /** Whether each organization is asked for one more job after the faults, which has to bring over all that is left. */
  readonly lastJobs: boolean;
  readonly batchRows: number;
  readonly readStreams: number;
  readonly rowsPerMessage: number;
  readonly maxRetries: number;
};

/** One organization and one job of two streams with two batches each, for two replicas. */
export const MINIMAL: Scenario = {
  replicas: 2,
  organizations: ['o1'],
  exports: [{ atMs: 0, organizationId: 'o1', number: 0, rows: 8 }],
  requests: [requestOf(1, 'o1', 'job')],
  lastJobs: false,
  batchRows: 2,
  readStreams: 2,
  rowsPerMessage: 2,
  maxRetries: 3,
};

/** How much a random world holds: most are small, because a small one shows as much of what can go wrong in less time. */
type Size = {
  readonly replicas: readonly number[];
  readonly organizations: readonly number[];
  readonly windows: readonly number[];
  readonly rows: readonly number[];
  readonly jobs: readonly number[];
};

const SMALL: Size = {
  replicas: [2, 2, 3],
  organizations: [1],
  windows: [1, 2],
  rows: [2, 4],
  jobs: [1, 1, 2],
};
const LARGE: Size = {
  replicas: [2, 3, 4],
  organizations: [1, 2, 3],
  windows: [1, 2, 3],
  rows: [4, 7, 12],
  jobs: [1, 2, 4],
};

/** 2–4 replicas, 1–3 organizations, 1–4 jobs each over a few windows; six of seven are small. */
export function randomScenario(random: SeededRandom): Scenario {
  const size = random.pick([SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, LARGE]);
  const organizations = ORGANIZATIONS.slice(0, random.pick(size.organizations));
  const exports: Export[] = [];
  const requests: Request[] = [];
  const spanMs = random.pick([1_000, 1_000, 10_000]);
  for (const organizationId of organizations) {
    const windows = random.pick(size.windows);
    let atMs = 0;
    for (let number = 0; number < windows; number += 1) {
      exports.push({
        atMs,
        organizationId,
        number,
        rows: random.chance(0.1) ? 0 : 1 + random.below(random.pick(size.rows)),
      });
      atMs += random.below(spanMs / 2);
    }
    const jobs = random.pick(size.jobs);
    for (let job = 1; job <= jobs; job += 1)
      requests.push(requestOf(random.below(spanMs), organizationId, `j${job}`));
  }
  if (random.chance(0.05))
    requests.push({ atMs: random.below(spanMs), body: '{"organization_id":"o1"}', job: undefined });
  if (random.chance(0.05)) requests.push(requestOf(random.below(spanMs), UNKNOWN_ORGANIZATION, 'j1'));
  return {
    replicas: random.pick(size.replicas),
    organizations,
    exports,
    requests,
    lastJobs: random.chance(0.4),
    batchRows: random.pick([1, 2, 3, 5]),
    readStreams: random.pick([1, 2, 2]),
    rowsPerMessage: random.pick([1, 2, 4]),
    maxRetries: random.pick([1, 3, 8]),
  };
}

/** A message that asks for an incremental job. */
export function requestOf(atMs: number, organizationId: string, jobId: string): Request {
  return {
    atMs,
    body: JSON.stringify({ organization_id: organizationId, job_id: jobId }),
    job: [organizationId, jobId],
  };
}
