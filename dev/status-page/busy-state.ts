// What a busy fortnight leaves behind, for screenshots and browser tests: no run is needed for it.
import type { Lease } from '../../src/job/job.ts';
import type { Plan } from '../../src/job/plan.ts';
import type { Reason } from '../../src/job/reason.ts';
import type { Totals } from '../../src/job/totals.ts';
import { Random } from '../billing-export/random.ts';
import { emptyState, type PastJob, type SampleState } from './empty-state.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const DAY = 1_440n * MINUTE;
const DAYS = 14;
const LEASE_MS = 600_000;
const REPLICAS = ['etl-worker-7c9d8-x2x8p', 'etl-worker-7c9d8-m4kq2'] as const;
const ORGANIZATIONS = [
  'acme-corp',
  'globex',
  'hooli-cloud',
  'initech',
  'stark-industries',
  'umbrella-research',
];
const FAILURES: readonly (readonly [Reason, string])[] = [
  [
    'schema_drift',
    '! usage.amount: FLOAT64 at the source, NUMERIC in the destination\n+ consumption_model: STRUCT<id STRING, description STRING>',
  ],
  [
    'access_denied',
    'reading billing-exports.gcp.export_3: Access Denied: User does not have bigquery.readsessions.create permission in project billing-exports',
  ],
  [
    'quota_exceeded',
    'appending to finance-warehouse.billing.globex: Quota exceeded: AppendRows throughput per project, per region',
  ],
];

/** Six organizations, two weeks of jobs, two that run, some that failed, and dead letters. */
export async function busyState(): Promise<SampleState> {
  const sample = await emptyState();
  const { state } = sample;
  const now = await state.now();
  for (const [index, organizationId] of ORGANIZATIONS.entries()) {
    await state.organizations.set({
      organizationId,
      source: { project: 'billing-exports', dataset: 'gcp', table: `export_${index + 1}` },
      destination: {
        project: 'finance-warehouse',
        dataset: 'billing',
        table: organizationId.replaceAll('-', '_'),
      },
      watermark: {
        kind: 'since',
        at: now - BigInt(index + 1) * 17n * MINUTE - (index === 5 ? 3n * DAY : 0n),
      },
    });
    await sample.insertDays(ledgerDays(organizationId, index, now));
  }
  await state.claimWorkerSlot(REPLICAS[0], LEASE_MS);
  await sample.insertJobs(pastJobs(now));
  await pauseOne(sample);
  await startJob(sample, { organizationId: 'acme-corp', jobId: 'hourly-now' }, 0.62, 1);
  await startJob(sample, { organizationId: 'globex', jobId: 'backfill-march' }, 0.18, 3);
  await state.jobs.admit(request('initech', 'hourly-next'), 'message-7');
  await sendDeadLetters(sample);
  return sample;
}

function pastJobs(now: bigint): PastJob[] {
  const random = new Random(7);
  const jobs: PastJob[] = [];
  for (let day = DAYS - 1; day >= 0; day -= 1)
    for (let hour = 0; hour < 24; hour += 4)
      for (const [index, organizationId] of ORGANIZATIONS.entries()) {
        const startedAt = now - BigInt(day) * DAY - BigInt(23 - hour) * 60n * MINUTE - BigInt(index) * MINUTE;
        const failure =
          random.fraction() < 0.03 ? FAILURES[Math.floor(random.fraction() * FAILURES.length)] : undefined;
        const rows = Math.floor((400 + 900 * random.fraction()) * (index + 2) * (day % 7 > 4 ? 60 : 100));
        jobs.push(
          pastJob(organizationId, startedAt, rows, 4 + random.fraction() * 40 * (index + 1), failure),
        );
      }
  return jobs;
}

function pastJob(
  organizationId: string,
  startedAt: bigint,
  rows: number,
  seconds: number,
  failure: readonly [Reason, string] | undefined,
): PastJob {
  const stamp = new Date(Number(startedAt / 1_000n)).toISOString().slice(0, 16).replace(/[:T]/g, '-');
  const finishedAt = startedAt + BigInt(Math.round(seconds * 1_000_000));
  return {
    organizationId,
    jobId: `hourly-${stamp}`,
    status: failure ? 'FAILED' : 'SUCCESS',
    attempts: failure ? 1 : 0,
    leaseOwner: REPLICAS[rows % 2] ?? null,
    leaseEpoch: 1,
    rowsRead: failure ? null : rows,
    rowsWritten: failure ? null : rows,
    bytesWritten: failure ? null : rows * 412,
    errorReason: failure?.[0] ?? null,
    errorMessage: failure?.[1] ?? null,
    requestedBy: 'cron',
    messageId: `${rows}${organizationId.length}`,
    createdAt: startedAt - 2n * SECOND,
    startedAt,
    finishedAt,
    updatedAt: finishedAt,
  };
}

/** A job in the middle of its load step. */
async function startJob(
  sample: SampleState,
  key: { organizationId: string; jobId: string },
  done: number,
  minutes: number,
): Promise<void> {
  const { state } = sample;
  await state.jobs.admit(request(key.organizationId, key.jobId), 'message-1');
  const outcome = await state.jobs.claim(key, REPLICAS[0], LEASE_MS);
  if (outcome.kind !== 'claimed') throw new Error(`${key.jobId} cannot be claimed: ${outcome.kind}`);
  const { lease } = outcome;
  const plan = planOf(await state.now(), key.organizationId);
  await state.jobs.storePlan(lease, plan);
  for (const step of ['plan', 'ensure_destination'] as const) {
    await state.steps.start(lease, 1, step);
    await state.steps.finish(lease, 1, step);
  }
  await state.steps.start(lease, 1, 'load', { streams: 2 });
  await writeBatches({ state }, lease, Math.floor(plan.estimatedRows * done));
  const earlier = BigInt(minutes) * MINUTE;
  const { organizationId, jobId } = key;
  await sample.execute(
    'UPDATE etl_jobs SET started_at = started_at - ?, created_at = created_at - ? WHERE organization_id = ? AND job_id = ?',
    [earlier, earlier, organizationId, jobId],
  );
  for (const [step, start, took] of [
    ['plan', 0n, 9n],
    ['ensure_destination', 9n, 4n],
    ['load', 13n, 0n],
  ] as const)
    await sample.execute(
      'UPDATE etl_steps SET started_at = started_at - ? + ?, finished_at = finished_at - ? + ? WHERE organization_id = ? AND job_id = ? AND step = ?',
      [earlier, start * SECOND, earlier, (start + took) * SECOND, organizationId, jobId, step],
    );
}

async function writeBatches(
  { state }: Pick<SampleState, 'state'>,
  lease: Lease,
  rows: number,
): Promise<void> {
  const perBatch = 20_000;
  const batches = Array.from({ length: Math.ceil(rows / perBatch) }, (_, index) => ({
    stream: index % 2,
    batch: Math.floor(index / 2),
    readOffset: Math.floor(index / 2) * perBatch,
    writeOffset: Math.floor(index / 2) * perBatch,
    rowsRead: perBatch,
    rowsWritten: perBatch,
    rowsDropped: 0,
    rowsQuarantined: 0,
    bytes: perBatch * 412,
    totals: [],
    state: 'planned' as const,
  }));
  await state.batches.record(lease, 1, batches, batches);
}

async function pauseOne({ state }: SampleState): Promise<void> {
  await state.organizations.pause('umbrella-research');
  await state.audit.record({
    actor: 'Maria (status page)',
    action: 'org pause',
    subject: 'umbrella-research',
    before: { paused: false },
    after: { paused: true },
  });
}

async function sendDeadLetters({ state }: SampleState): Promise<void> {
  const messages = [
    [
      'not_json',
      '{"organization_id": "acme-corp", "job_id": ',
      'the text ends at character 43, where a value was expected',
    ],
    [
      'invalid_message',
      '{"organization_id":"globex","job_id":"b1","job_type":"backfill"}',
      'window: required for a backfill',
    ],
    [
      'unknown_organization',
      '{"organization_id":"wayne-enterprises","job_id":"hourly-1"}',
      'there is no organization "wayne-enterprises"',
    ],
  ] as const;
  for (const [reason, message, violation] of messages)
    await state.deadLetters.record({
      message,
      attributes: {},
      reason,
      violations: [violation],
      messageId: reason,
    });
}

function ledgerDays(organizationId: string, index: number, now: bigint) {
  const random = new Random(index + 3);
  return Array.from({ length: DAYS - 1 }, (_, day) => {
    const rows = Math.floor(200_000 * (1 + random.fraction()));
    const none = { nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
    const totals: Totals = [
      { currency: 'EUR', rows, columns: { cost: { sum: (rows * 0.0317).toFixed(6), ...none } } },
    ];
    const sourceDay = new Date(Number((now - BigInt(day + 1) * DAY) / 1_000n)).toISOString().slice(0, 10);
    return { organizationId, sourceDay, rows, totals };
  });
}

function request(organizationId: string, jobId: string) {
  return { organizationId, jobId, jobType: 'incremental' as const, window: undefined, requestedBy: 'cron' };
}

function planOf(now: bigint, organizationId: string): Plan {
  return {
    window: { lo: now - DAY, hi: now - 15n * MINUTE },
    snapshot: now - MINUTE,
    writePath: 'storage',
    writePathReason: 'source and destination are in different locations',
    source: { project: 'billing-exports', dataset: 'gcp', table: 'export_1' },
    sourceLocation: 'EU',
    destination: {
      project: 'finance-warehouse',
      dataset: 'billing',
      table: organizationId.replaceAll('-', '_'),
    },
    destinationLocation: 'US',
    transform: 'none',
    cursorField: 'export_time',
    verifyLevel: 'totals',
    verifyColumns: ['cost', 'credits.amount'],
    currencyColumn: 'currency',
    sourceSchema: [{ name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' }],
    batchRows: 20_000,
    writerFingerprint: 'sample',
    stagingDataset: 'etl_staging',
    estimatedRows: 1_240_000,
    estimatedBytes: 511_000_000,
  };
}
