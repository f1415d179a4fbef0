/** Waits until the database answers and has exactly the tables this build works with. */
import type { Config } from '../config/config.ts';
import type { Logger } from '../observability/logger.ts';
import type { State } from '../state/open-state.ts';
import { processClock } from './process-clock.ts';

const CHECK_MS = 3_000;

/** True once it is ready; false when it never will be (a newer schema) or the signal aborts. Says what it waits for, once per reason. */
export async function databaseReady(
  state: State,
  config: Config,
  logger: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  let lastSaid = '';
  while (!signal.aborted) {
    const obstacle = await findObstacle(state);
    if (!obstacle) return true;
    if (obstacle.message !== lastSaid) logger.error(obstacle.message, { database: databaseName(config) });
    if (obstacle.isFinal) return false;
    lastSaid = obstacle.message;
    await processClock.sleep(CHECK_MS, signal);
  }
  return false;
}

type Obstacle = { readonly message: string; readonly isFinal: boolean };

async function findObstacle(state: State): Promise<Obstacle | undefined> {
  try {
    const schema = await state.schemaState();
    if (schema.kind === 'behind') {
      return {
        message: `waiting for migrations (${schema.pending.join(', ')}): run pulse-billing-etl migrate`,
        isFinal: false,
      };
    }
    if (schema.kind === 'ahead') {
      return {
        message: `the database was migrated by a newer version (${schema.unknown.join(', ')}): use that version`,
        isFinal: true,
      };
    }
    return undefined;
  } catch (error) {
    return {
      message: `waiting for the database: ${error instanceof Error ? error.message : String(error)}`,
      isFinal: false,
    };
  }
}

function databaseName({ database }: Config): string {
  return database.kind === 'sqlite'
    ? database.path
    : `${database.host}:${database.port}/${database.database}`;
}
