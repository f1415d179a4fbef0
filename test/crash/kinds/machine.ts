// The machine under the workers: a clock that is wrong and jumps, a disk that is full, an output nobody reads.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { playEpisode } from '../episode.ts';
import { crashGround } from '../ground.ts';
import { StrikePlan } from '../strike-plan.ts';
import type { Kind } from './kind.ts';

const PATIENCE_MS = 120_000;
/** SQLite's log of changes grows to 4 MiB before it is folded into the file: a full disk must be the filler's doing. */
const DISK_BYTES = 16 * 1024 * 1024;

/** Ten minutes fast, then ten minutes slow, then right, while processes are killed as well: only the database's clock counts. */
export const CLOCK_JUMPS: Kind = {
  name: 'clock ±10 min and jumping',
  missing: () =>
    faketimeLibrary() ? undefined : 'libfaketime is missing (Debian: apt-get install faketime)',
  async play({ endings, program, seed, hits }) {
    const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-clock-'));
    endings.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'offset');
    const offsets = ['+10m', '-10m', '+0', '-10m', '+10m'];
    let jumps = 0;
    const jump = (): Promise<void> => writeFile(file, `${offsets[jumps++ % offsets.length]}\n`);
    await jump();
    const variables = {
      LD_PRELOAD: faketimeLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // A wrong clock on the wall leaves monotonic time alone.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const ground = await crashGround(endings, program, { variables });
    const plan = new StrikePlan(seed);
    return playEpisode(ground, {
      replicas: 2,
      customers: 6,
      rowsPerJob: 40,
      hitsWanted: hits,
      nextStrikes: () => [plan.next('SIGSTOP'), plan.next('SIGKILL')],
      whileStopped: jump,
    });
  },
};

/** The file system under the SQLite file is filled to the last byte, and emptied once the worker has met it. */
export const DISK_FULL: Kind = {
  name: 'disk full under SQLite',
  missing: () => (process.getuid?.() === 0 ? undefined : 'mounting a small file system takes root'),
  async play({ endings, program, seed, hits }) {
    const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-disk-'));
    endings.after(() => rm(folder, { recursive: true }));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]);
    endings.after(() => void execFileSync('umount', ['--lazy', folder]));
    const filler = join(folder, 'filler');
    const database = { kind: 'sqlite', path: join(folder, 'state.sqlite') } as const;
    const ground = await crashGround(endings, program, { database });
    const plan = new StrikePlan(seed, /storePlan|append|record|decide/);
    return playEpisode(ground, {
      replicas: 1,
      customers: 2,
      rowsPerJob: 40,
      hitsWanted: hits,
      nextStrikes: () => Array.from({ length: hits }, () => plan.next('SIGSTOP')),
      async whileStopped(_fleet, worker) {
        const met = (): number => worker.logged(/disk is full|SQLITE_FULL/).length;
        const before = met();
        // Fails when nothing is left, which is the aim.
        await writeFile(filler, Buffer.alloc(DISK_BYTES)).catch(() => undefined);
        worker.signal('SIGCONT');
        const said = { describe: 'the worker to meet the full disk', timeoutMs: PATIENCE_MS };
        await eventually(() => met() > before, said).finally(() => rm(filler));
      },
    });
  },
};

/** Nobody reads standard output any more. */
export const OUTPUT_CLOSED: Kind = {
  name: 'standard output closed (EPIPE)',
  async play({ endings, program, seed, hits }) {
    const ground = await crashGround(endings, program);
    const plan = new StrikePlan(seed, /claim|append|decide/);
    return playEpisode(ground, {
      replicas: 2,
      customers: 4,
      rowsPerJob: 40,
      rounds: 2,
      hitsWanted: hits,
      nextStrikes: () => [plan.next('SIGSTOP'), plan.next('SIGTERM')],
      whileStopped: async (_fleet, worker) => worker.deafen(),
    });
  },
};

function faketimeLibrary(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketime.so.1').find((path) => existsSync(path));
}
