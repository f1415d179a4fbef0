// A scenario drawn by seed.
import { formatInstant } from '../../src/job/instant.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { cursorAt, exportedRows, lateRows, UNKNOWN_ORGANIZATION } from './organizations.ts';
import { requestOf, type Act, type Export, type Request, type Scenario } from './scenario.ts';

/** How much a world holds: most are small, because a small one shows as much of what can go wrong in less time. */
type Size = {
  readonly replicas: readonly number[];
  readonly organizations: readonly (readonly string[])[];
  readonly windows: readonly number[];
  readonly rows: readonly number[];
  readonly jobs: readonly number[];
};

const SMALL: Size = {
  replicas: [2, 2, 3],
  organizations: [['o1'], ['o1'], ['q1'], ['m1'], ['f1']],
  windows: [1, 2],
  rows: [2, 4],
  jobs: [1, 1, 2],
};
const LARGE: Size = {
  replicas: [2, 3, 4],
  organizations: [
    ['o1'],
    ['o1', 'o2'],
    ['o1', 'o2', 'o3'],
    ['o1', 'q1'],
    ['m1', 'q1'],
    ['o1', 'm1'],
    ['o1', 'f1'],
    ['o1', 'o2', 'q1'],
  ],
  windows: [1, 2, 3],
  rows: [4, 7, 12],
  jobs: [1, 2, 4],
};

/** What one organization is asked for, and what happens to it. */
type Part = Pick<Scenario, 'exports' | 'requests' | 'acts'>;

/** 2–4 replicas, 1–3 organizations, 1–4 jobs each over a few windows; six of seven are small. */
export function randomScenario(random: SeededRandom): Scenario {
  const size = random.pick([SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, LARGE]);
  const organizations = random.pick(size.organizations);
  const spanMs = random.pick([1_000, 1_000, 10_000]);
  const parts = organizations.map((organizationId) => partOf(random, size, organizationId, spanMs));
  const requests = parts.flatMap((part) => part.requests);
  const filing = random.chance(0.25);
  if (random.chance(filing ? 0.3 : 0.03))
    requests.push({ atMs: random.below(spanMs), body: '{"organization_id":"o1"}', job: undefined });
  if (random.chance(0.05)) requests.push(requestOf(random.below(spanMs), UNKNOWN_ORGANIZATION, 'j1'));
  return {
    filing,
    // Five is the least that Pub/Sub takes.
    deliveryAttempts: filing && random.chance(0.5) ? 5 : 100,
    replicas: random.pick(size.replicas),
    organizations,
    exports: parts.flatMap((part) => part.exports),
    requests,
    acts: parts.flatMap((part) => part.acts),
    lastJobs: random.chance(0.4),
    outbox: random.chance(0.2),
    batchRows: random.pick([1, 2, 3, 5]),
    readStreams: random.pick([1, 2, 2]),
    rowsPerMessage: random.pick([1, 2, 4]),
    maxRetries: random.pick([1, 3, 8]),
  };
}

function partOf(random: SeededRandom, size: Size, organizationId: string, spanMs: number): Part {
  const exports: Export[] = [];
  const windows = random.pick(size.windows);
  let atMs = 0;
  for (let number = 0; number < windows; number += 1) {
    const rows = random.chance(0.1) ? 0 : 1 + random.below(random.pick(size.rows));
    exports.push({ atMs, organizationId, rows: exportedRows(number, rows) });
    atMs += random.below(spanMs / 2);
  }
  const jobs = random.pick(size.jobs);
  const requests = Array.from({ length: jobs }, (_, job) =>
    requestOf(random.below(spanMs), organizationId, `j${job + 1}`),
  );
  const part = { exports, requests, acts: [] };
  return withActs(random, withReplacement(random, part, organizationId, spanMs), organizationId, spanMs);
}

/** Rows that come late, and jobs that put a window's rows in the place of those that were copied. */
function withReplacement(random: SeededRandom, part: Part, organizationId: string, spanMs: number): Part {
  if (random.chance(0.65)) return part;
  const afterMs = spanMs + random.below(3_000);
  const late = { atMs: random.below(afterMs), organizationId, rows: lateRows(1 + random.below(3)) };
  const exports = random.chance(0.7) ? [...part.exports, late] : part.exports;
  if (random.chance(0.2))
    return { ...part, exports, requests: [...part.requests, verifyOf(afterMs, organizationId, 'v1')] };
  const from = random.below(3) - 1;
  const window = {
    start: formatInstant(cursorAt(from)),
    end: formatInstant(cursorAt(from + 1 + random.below(4))),
  };
  const asked = { job_type: random.pick(['backfill', 'repair']), window };
  return { ...part, exports, requests: [...part.requests, requestOf(afterMs, organizationId, 'b1', asked)] };
}

/** Somebody stops a job, or pauses the organization for a while. */
function withActs(random: SeededRandom, part: Part, organizationId: string, spanMs: number): Part {
  const acts: Act[] = [];
  if (random.chance(0.15)) {
    const { atMs, job } = random.pick(part.requests);
    if (job) acts.push({ kind: 'cancel', atMs: atMs + random.below(1_500), organizationId, jobId: job[1] });
  }
  if (random.chance(0.1)) {
    const atMs = random.below(spanMs + 1_000);
    acts.push({ kind: 'pause', atMs, organizationId });
    acts.push({ kind: 'resume', atMs: atMs + 500 + random.below(12_000), organizationId });
  }
  return { ...part, acts };
}

/** A message that asks for a comparison of both sides, which has grown days repaired. */
export function verifyOf(atMs: number, organizationId: string, jobId: string): Request {
  return requestOf(atMs, organizationId, jobId, { job_type: 'verify' });
}
