/** The ways a command can end other than well, each with its exit code. */

/** 0 ok, 1 failed, 2 usage, 3 not found, 4 refused. Source: spec.md §7. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** Ends the command: the message goes to stderr and names the thing, the value and the mend. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** It was tried and did not work. */
export function failed(message: string): CommandError {
  return new CommandError(1, message);
}

/** The command line or the environment is wrong. */
export function wrongUsage(message: string): CommandError {
  return new CommandError(2, message);
}

/** What the command is about does not exist. */
export function notFound(message: string): CommandError {
  return new CommandError(3, message);
}

/** It could be done but must not be, for the reason given. */
export function refused(message: string): CommandError {
  return new CommandError(4, message);
}

export function organizationNotFound(organizationId: string): CommandError {
  return notFound(
    `organization "${organizationId}" is not configured: see pulse-billing-etl org list, or add it with pulse-billing-etl org set`,
  );
}

export function deadLetterNotFound(id: number): CommandError {
  return notFound(`there is no dead letter ${id}: see pulse-billing-etl dlq list --all`);
}

export function jobNotFound(organizationId: string, jobId: string): CommandError {
  return notFound(
    `there is no job "${jobId}" of organization "${organizationId}": see pulse-billing-etl status --org ${organizationId}`,
  );
}
