/** Waits until the database answers and has exactly the tables this build works with. */
import { messageOf } from '../job/errors.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../observability/logger.ts';
import type { State } from '../state/open-state.ts';
import { processClock } from './process-clock.ts';

const CHECK_MS = 3_000;

export type DatabaseWait = {
  /** Rejects while the database cannot be reached. */
  readonly openState: () => Promise<State>;
  readonly config: Config;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told what is waited for, once per reason, as the log is. */
  readonly onWaiting: (why: string) => void;
};

/** The state once it is ready; undefined when it never will be (a newer schema) or the signal aborts. */
export async function readyDatabase({
  openState,
  config,
  logger,
  signal,
  onWaiting,
}: DatabaseWait): Promise<State | undefined> {
  let lastSaid = '';
  while (!signal.aborted) {
    const found = await stateOrObstacle(openState);
    if ('state' in found) return found.state;
    if (found.message !== lastSaid) {
      logger.error(found.message, { database: databaseName(config) });
      onWaiting(found.message);
    }
    if (found.isFinal) return undefined;
    lastSaid = found.message;
    await processClock.sleep(CHECK_MS, signal);
  }
  return undefined;
}

type Obstacle = { readonly message: string; readonly isFinal: boolean };

async function stateOrObstacle(
  openState: () => Promise<State>,
): Promise<{ readonly state: State } | Obstacle> {
  try {
    const state = await openState();
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
    return { state };
  } catch (error) {
    return {
      message: `waiting for the database: ${messageOf(error)}`,
      isFinal: false,
    };
  }
}

function databaseName({ database }: Config): string {
  return database.kind === 'sqlite'
    ? database.path
    : `${database.host}:${database.port}/${database.database}`;
}
