/** What doctor looks at in the database: whether it answers, its clock, its tables and who works on it. */
import { broken, ok, skipped, warning, type HealthCheck } from '../../cli/health-check.ts';
import type { Config } from '../../config/config.ts';
import { MICROS_PER_MS, type Micros } from '../../job/instant.ts';
import type { State } from '../../state/open-state.ts';

/** Leases go by the database's clock, so ours matters to people only: a minute apart confuses who reads logs. */
const SKEW_MS = 60_000;

/** Each opens the database by itself, through what remembers it. */
export function databaseChecks(
  config: Config,
  openState: () => Promise<State>,
  nowMs: () => number,
): HealthCheck[] {
  const onState = (name: string, look: (state: State) => ReturnType<HealthCheck['look']>): HealthCheck => ({
    name: `database ${name}`,
    look: async () => look(await openState()),
  });
  return [
    onState('answers', async (state) => {
      await state.ping();
      return ok(config.database.kind === 'sqlite' ? `SQLite file ${config.database.path}` : serverOf(config));
    }),
    onState('clock', async (state) => clockFinding(await state.now(), nowMs(), 'the database')),
    onState('migrations', async (state) => {
      const schema = await state.schemaState();
      if (schema.kind === 'current') return ok('all applied');
      if (schema.kind === 'behind')
        return broken(`lacks ${schema.pending.join(', ')}`, 'run pulse-billing-etl migrate');
      return broken(`was migrated by a newer version (${schema.unknown.join(', ')})`, 'use that version');
    }),
    onState('workers', async (state) => {
      if ((await state.schemaState()).kind !== 'current') return skipped('the tables are not up to date');
      const alive = (await state.listWorkers()).filter(({ alive, kind }) => alive && kind === 'worker');
      const names = alive.map(({ owner }) => owner).join(', ');
      if (alive.length === 0) return warning('no worker runs on it', 'start one: pulse-billing-etl worker');
      if (config.database.kind === 'sqlite' && alive.length > 1)
        return broken(
          `${alive.length} workers on one SQLite file: ${names}`,
          'stop all but one, or set DB_HOST',
        );
      return ok(`${alive.length} alive: ${names}`);
    }),
    {
      name: 'database fits the deployment',
      look: async () => {
        if (config.database.kind === 'mysql') return ok('a server that many workers can share');
        if (config.push)
          return warning(
            'push with SQLite serves one instance only',
            'set DB_HOST, or allow one instance at most',
          );
        return ok('SQLite: for one worker on one machine');
      },
    },
  ];
}

/** Whether a clock agrees with that of this process. */
export function clockFinding(theirs: Micros, oursMs: number, whose: string) {
  const skewMs = Number(theirs / MICROS_PER_MS) - oursMs;
  const text = `${whose} is ${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} this process`;
  return Math.abs(skewMs) < SKEW_MS
    ? ok(text)
    : warning(text, 'synchronise both with NTP; leases and windows do not depend on it');
}

function serverOf({ database }: Config): string {
  return database.kind === 'mysql' ? `${database.host}:${database.port}/${database.database}` : '';
}
