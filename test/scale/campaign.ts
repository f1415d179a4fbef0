// npm run scale: many organizations on a few workers, with the database on this machine and warehouses in memory.
//
//   npm run scale                                     1,000 organizations with one job each, on 1, 2, 4 and 8 workers
//   npm run scale -- --organizations 200 --big 50     one more organization, with 50 jobs, published before all others
//   npm run scale -- --processes --workers 2,4        each worker in a process of its own, instead of all in one
//   npm run scale -- --over-seconds 60                messages published evenly over a minute, instead of all at the beginning
//   npm run scale -- --call-ms 20 --slots 16 --pool 5 each call of BigQuery takes 20 ms; other slots and connections of a worker
import { parseArgs } from 'node:util';
import { startMariaDb, type MariaDb } from '../../dev/emulators/mariadb/start.ts';
import type { JobKey } from '../../src/job/job.ts';
import { carryLoad, type JobTimes, type LoadResult } from './load.ts';
import { measure, type Measured } from './measurements.ts';

/** The program's defaults: MAX_CONCURRENT_JOBS, DB_POOL_SIZE, PARKED_LIMIT, LEASE_SECONDS. */
const [SLOTS, POOL_SIZE, PARKED_LIMIT, LEASE_MS] = [4, 10, 100, 60_000];
const BIG = 'big';

const { values } = parseArgs({
  options: {
    organizations: { type: 'string', default: '1000' },
    big: { type: 'string', default: '0' },
    'call-ms': { type: 'string', default: '0' },
    workers: { type: 'string', default: '1,2,4,8' },
    processes: { type: 'boolean', default: false },
    'over-seconds': { type: 'string', default: '0' },
    pool: { type: 'string', default: String(POOL_SIZE) },
    slots: { type: 'string', default: String(SLOTS) },
  },
});

if (values.processes && Number(values.big) > 0)
  throw new Error('--big needs all workers in one process: processes have warehouses of their own');

const jobs: readonly JobKey[] = [
  ...Array.from({ length: Number(values.big) }, (_, at) => ({ organizationId: BIG, jobId: `hourly-${at}` })),
  ...Array.from({ length: Number(values.organizations) }, (_, at) => ({
    organizationId: `org-${at}`,
    jobId: 'hourly',
  })),
];
const server = await startMariaDb({ durable: true });
try {
  for (const workers of values.workers.split(',').map(Number)) await carryAndReport(server, workers);
} finally {
  await server.stop();
}

async function carryAndReport(mariaDb: MariaDb, workers: number): Promise<void> {
  const { host, port, user, password } = mariaDb;
  const database = `load_${workers}`;
  await mariaDb.createDatabase(database);
  const watch = await measure(mariaDb);
  const result = await carryLoad(
    {
      database: { kind: 'mysql', host, port, user, password, database, poolSize: Number(values.pool) },
      workers,
      processes: values.processes,
      overMs: 1_000 * Number(values['over-seconds']),
      maxConcurrentJobs: Number(values.slots),
      parkedLimit: PARKED_LIMIT,
      leaseMs: LEASE_MS,
      jobs,
      callMs: Number(values['call-ms']),
    },
    watch,
  );
  console.log([`${workers} workers: ${throughput(result)}`, ...report(result, watch.measured)].join('\n  '));
}

function throughput({ seconds }: LoadResult): string {
  return `${jobs.length} jobs on ${values.slots} slots each in ${seconds.toFixed(1)} s = ${(jobs.length / seconds).toFixed(1)} jobs/s`;
}

function report({ times, seconds, calls }: LoadResult, measured: Measured): string[] {
  const aJob = (count: number, digits = 1): string => (count / jobs.length).toFixed(digits);
  const ofACore = (cpuSeconds: number): string => `${((100 * cpuSeconds) / seconds).toFixed(0)} %`;
  const of = (big: boolean): JobTimes[] => times.filter(({ key }) => (key.organizationId === BIG) === big);
  return [
    `database: ${aJob(measured.statements)} statements a job in ${aJob(measured.commits)} commits, ` +
      `${(measured.statements / seconds).toFixed(0)} statements/s, ${(measured.commits / seconds).toFixed(0)} commits/s, ` +
      `at most ${measured.connections} connections`,
    `CPU a job: workers and warehouses ${aJob(1_000 * measured.workerCpuSeconds)} ms (${ofACore(measured.workerCpuSeconds)} of a core), ` +
      `database ${aJob(1_000 * measured.serverCpuSeconds)} ms (${ofACore(measured.serverCpuSeconds)})`,
    `machine: ${percent(measured.idle)} idle, ${percent(measured.diskWait)} waiting for the disk, ${percent(measured.stolen)} stolen, ` +
      `load average ${measured.machineLoad.toFixed(1)}`,
    `organizations with one job: ${waits(of(false))}`,
    ...(of(true).length > 0 ? [`the organization with ${of(true).length} jobs: ${waits(of(true))}`] : []),
    `calls of the warehouses a job: ${[...calls].map(([operation, count]) => `${operation} ${aJob(count, 2)}`).join(', ')}`,
  ];
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}

function waits(times: readonly JobTimes[]): string {
  const quantiles = (values: readonly number[]): string => {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (part: number): string =>
      ((sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN) / 1_000).toFixed(1);
    return `${at(0.5)} s median, ${at(0.99)} s of 99 %, ${at(1)} s the slowest`;
  };
  return `started after ${quantiles(times.map(({ startedMs }) => startedMs))}; done after ${quantiles(times.map(({ endedMs }) => endedMs))}`;
}
