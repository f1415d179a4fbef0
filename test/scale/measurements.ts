// What a load asks of the database server, of the workers and of the machine, read while it goes on.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { createConnection } from 'mysql2/promise';
import { cpuSecondsOf } from '../../bench/measured-process.ts';
import type { MariaDb } from '../../dev/emulators/mariadb/start.ts';
import type { LoadWatch } from './load.ts';

/** Over the time of one load. */
export type Measured = {
  statements: number;
  commits: number;
  /** The most that were open at one time. */
  connections: number;
  serverCpuSeconds: number;
  /** Of all workers, each with its warehouses. */
  workerCpuSeconds: number;
  /** The one-minute load average of the machine, at the end. */
  machineLoad: number;
  /** Parts of all its processors' time: not used, waiting for the disk meanwhile, and taken by the machine's host. */
  idle: number;
  diskWait: number;
  stolen: number;
};

type Reading = Pick<Measured, 'statements' | 'commits' | 'serverCpuSeconds' | 'workerCpuSeconds'> & {
  readonly machine: MachineTimes;
};

/** Reads over a connection of its own, which it does not count; nobody else may use the server meanwhile. */
export async function measure(server: MariaDb): Promise<LoadWatch & { readonly measured: Measured }> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password });
  const status = async (name: string): Promise<number> => {
    const [rows] = await connection.query(`SHOW GLOBAL STATUS LIKE '${name}'`);
    return Number((rows as { Value: string }[])[0]?.Value);
  };
  let looks = 0;
  let workers: readonly number[] = [];
  const read = async (): Promise<Reading> => ({
    statements: (await status('Questions')) - looks,
    commits: await status('Com_commit'),
    serverCpuSeconds: cpuSecondsOf(server.pid),
    workerCpuSeconds: workers.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    machine: machineTimes(),
  });
  const measured: Measured = {
    ...{ statements: 0, commits: 0, connections: 0, serverCpuSeconds: 0, workerCpuSeconds: 0 },
    ...{ machineLoad: 0, idle: 0, diskWait: 0, stolen: 0 },
  };
  let before: Reading | undefined;
  return {
    measured,
    async begin(workerProcesses) {
      workers = workerProcesses;
      before = await read();
    },
    async look() {
      looks += 1;
      measured.connections = Math.max(measured.connections, (await status('Threads_connected')) - 1);
    },
    async end() {
      const after = await read();
      if (!before) throw new Error('a measurement that never began cannot end');
      for (const name of ['statements', 'commits', 'serverCpuSeconds', 'workerCpuSeconds'] as const)
        measured[name] = after[name] - before[name];
      const total = after.machine.total - before.machine.total;
      for (const name of ['idle', 'diskWait', 'stolen'] as const)
        measured[name] = (after.machine[name] - before.machine[name]) / total;
      measured.machineLoad = loadavg()[0] ?? NaN;
      await connection.end();
    },
  };
}

type MachineTimes = {
  readonly total: number;
  readonly idle: number;
  readonly diskWait: number;
  readonly stolen: number;
};

/** Since the machine's start, in ticks of all its processors. Source: proc(5), /proc/stat. */
function machineTimes(): MachineTimes {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is counted in user as well.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [idle = 0, diskWait = 0, stolen = 0] = [ticks[3], ticks[4], ticks[7]];
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle, diskWait, stolen };
}
