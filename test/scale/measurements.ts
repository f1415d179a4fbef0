// What a load asks of the database server and of this process, read while it goes on.
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
  ownCpuSeconds: number;
  /** The one-minute load average of the machine, at the end. */
  machineLoad: number;
};

type Reading = Pick<Measured, 'statements' | 'commits' | 'serverCpuSeconds' | 'ownCpuSeconds'>;

/** Reads over a connection of its own, which it does not count; nobody else may use the server meanwhile. */
export async function measure(server: MariaDb): Promise<LoadWatch & { readonly measured: Measured }> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password });
  const status = async (name: string): Promise<number> => {
    const [rows] = await connection.query(`SHOW GLOBAL STATUS LIKE '${name}'`);
    return Number((rows as { Value: string }[])[0]?.Value);
  };
  let looks = 0;
  const read = async (): Promise<Reading> => {
    const { user: userCpu, system } = process.cpuUsage();
    return {
      statements: (await status('Questions')) - looks,
      commits: await status('Com_commit'),
      serverCpuSeconds: cpuSecondsOf(server.pid),
      ownCpuSeconds: (userCpu + system) / 1e6,
    };
  };
  const measured = {
    statements: 0,
    commits: 0,
    connections: 0,
    serverCpuSeconds: 0,
    ownCpuSeconds: 0,
    machineLoad: 0,
  };
  let before: Reading = measured;
  return {
    measured,
    async begin() {
      before = await read();
    },
    async look() {
      looks += 1;
      measured.connections = Math.max(measured.connections, (await status('Threads_connected')) - 1);
    },
    async end() {
      const after = await read();
      for (const name of ['statements', 'commits', 'serverCpuSeconds', 'ownCpuSeconds'] as const)
        measured[name] = after[name] - before[name];
      measured.machineLoad = loadavg()[0] ?? NaN;
      await connection.end();
    },
  };
}
