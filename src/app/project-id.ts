/** The project whose topics and subscriptions are used. */
import type { Config } from '../config/config.ts';
import { TerminalError } from '../job/errors.ts';

/** PROJECT_ID; throws a TerminalError that says so when it is not set. */
export function projectId(config: Config): string {
  if (config.projectId !== undefined) return config.projectId;
  throw new TerminalError(
    'invalid_configuration',
    'PROJECT_ID is not set: it names the project of the Pub/Sub topics and subscriptions',
  );
}
