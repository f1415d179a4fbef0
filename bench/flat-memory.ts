// One run of many rows by the command line: how fast, and the memory it held from its beginning to its end.
//
//   npm run bench -- flat-memory [rows]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOURCE_DATASET, SOURCE_TABLE, startBenchEnvironments } from './environments.ts';
import { measured } from './measured-process.ts';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PARTS = 10;

const rows = Number(process.argv[2] ?? 1_000_000);
const directory = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-bench-'));
const environments = await startBenchEnvironments(rows);
try {
  const variables = { ...environments.variables, SQLITE_PATH: join(directory, 'state.sqlite') };
  const call = (...args: string[]) => measured(['--max-semi-space-size=4', PROGRAM, ...args], variables);
  await call('migrate');
  await call(
    ...['org', 'set', 'acme', '--source', `source-env.${SOURCE_DATASET}.${SOURCE_TABLE}`],
    ...['--destination', 'destination-env.copied.acme'],
  );
  const { stdout, seconds, cpuSeconds, peakRssMb, rssMb } = await call('run', 'acme');
  process.stdout.write(stdout);
  console.log(
    `whole command ${seconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, peak RSS ${peakRssMb.toFixed(0)} MB`,
  );
  console.log(`RSS over its life, highest of each tenth (MB): ${highestOfEach(rssMb, PARTS).join(' ')}`);
} finally {
  await environments.stop();
  await rm(directory, { recursive: true, force: true });
}

function highestOfEach(samples: readonly number[], parts: number): string[] {
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * samples.length) / parts);
    const to = Math.floor(((part + 1) * samples.length) / parts);
    return Math.max(0, ...samples.slice(from, to)).toFixed(0);
  });
}
