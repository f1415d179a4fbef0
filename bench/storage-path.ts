// The storage path side by side with a bare relay of the same Arrow bytes: rows per second, client CPU, peak memory, ratios.
//
//   npm run bench -- storage-path [rows] [rounds]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  SOURCE_DATASET,
  SOURCE_TABLE,
  startBenchEnvironments,
  type BenchEnvironments,
} from './environments.ts';
import { measured } from './measured-process.ts';

/** One transfer of the whole table, timed by itself: process start and planning are left out on both sides. */
interface Transfer {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const RELAY = fileURLToPath(new URL('relay.ts', import.meta.url));
const STREAMS = 2;

const rows = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 3);
const directory = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-bench-'));
const environments = await startBenchEnvironments(rows);
try {
  const pairs = [];
  for (let round = 1; round <= rounds; round++) {
    const relay = await relayed(environments, round);
    const product = await copied(environments, round);
    show(`round ${round}`, relay, product);
    pairs.push({ relay, product });
  }
  const ratios = pairs.map(({ relay, product }) => relay.seconds / product.seconds).sort((a, b) => a - b);
  console.log(
    `median ratio of rows/s, storage path to relay: ${(ratios[ratios.length >> 1] ?? 0).toFixed(2)}`,
  );
} finally {
  await environments.stop();
  await rm(directory, { recursive: true, force: true });
}

/** Read session, two streams of append, finalize and commit, and nothing decoded on the way. */
async function relayed({ source, destination }: BenchEnvironments, round: number): Promise<Transfer> {
  const options = {
    source: { restHost: source.restHost, storageHost: source.grpcHost, project: source.project },
    destination: {
      restHost: destination.restHost,
      storageHost: destination.grpcHost,
      project: destination.project,
    },
    table: { project: source.project, dataset: SOURCE_DATASET, table: SOURCE_TABLE },
    destinationTable: { project: destination.project, dataset: 'relayed', table: `round_${round}` },
    streams: STREAMS,
  };
  const { stdout, peakRssMb } = await measured(['--import', 'tsx', RELAY, JSON.stringify(options)], {});
  const result = JSON.parse(stdout) as { rows: number; seconds: number; clientCpuSeconds: number };
  return { rows: result.rows, seconds: result.seconds, cpuSeconds: result.clientCpuSeconds, peakRssMb };
}

/** A whole job; its time is that of the steps extract to commit, less the verification's query at the source. */
async function copied(environments: BenchEnvironments, round: number): Promise<Transfer> {
  const organization = `round-${round}`;
  const variables = {
    ...environments.variables,
    SQLITE_PATH: join(directory, 'state.sqlite'),
    PROJECT_ID: 'bench',
    READ_STREAMS: String(STREAMS),
  };
  const call = (...args: string[]) => measured(['--max-semi-space-size=4', PROGRAM, ...args], variables);
  await call('migrate');
  await call(
    ...['org', 'set', organization, '--source', `source-env.${SOURCE_DATASET}.${SOURCE_TABLE}`],
    ...['--destination', `destination-env.copied.round_${round}`],
  );
  const { cpuSeconds, peakRssMb } = await call('run', organization, '--job-id', 'bench', '--json');
  const job = JSON.parse((await call('show', organization, 'bench', '--json')).stdout) as ShownJob;
  const secondsOf = (step: string): number => {
    const shown = job.steps.find((candidate) => candidate.step === step);
    return shown ? (Date.parse(shown.finished_at) - Date.parse(shown.started_at)) / 1000 : 0;
  };
  const seconds = secondsOf('extract') + secondsOf('commit');
  return { rows: job.rows_written, seconds, cpuSeconds, peakRssMb };
}

interface ShownJob {
  readonly rows_written: number;
  readonly steps: readonly {
    readonly step: string;
    readonly started_at: string;
    readonly finished_at: string;
  }[];
}

function show(title: string, relay: Transfer, product: Transfer): void {
  console.log(title);
  for (const [name, transfer] of Object.entries({ relay, 'storage path': product })) {
    const { rows: moved, seconds, cpuSeconds, peakRssMb } = transfer;
    console.log(
      `  ${name.padEnd(13)} ${Math.round(moved / seconds)
        .toLocaleString('en')
        .padStart(8)} rows/s  ` +
        `${seconds.toFixed(2).padStart(6)} s  client CPU ${cpuSeconds.toFixed(2).padStart(6)} s  peak RSS ${peakRssMb.toFixed(0).padStart(4)} MB`,
    );
  }
  console.log(
    `  ratio         rows/s ${(relay.seconds / product.seconds).toFixed(2)}, client CPU ${(product.cpuSeconds / relay.cpuSeconds).toFixed(2)}, ` +
      `peak RSS ${(product.peakRssMb / relay.peakRssMb).toFixed(2)}`,
  );
}
