/** The three meanings an error can have for a job; adapters classify into them, everything else only reads them. */
import type { Outcome, Reason, REASONS } from './reason.ts';

/** The reasons whose outcome is O. */
export type ReasonOf<O extends Outcome> = {
  [R in Reason]: (typeof REASONS)[R] extends O ? R : never;
}[Reason];

/** An error whose consequence for the job is known. */
export abstract class JobError extends Error {
  abstract readonly outcome: Outcome;
  readonly reason: Reason;

  constructor(reason: Reason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** Trying again cannot help: the job fails now. */
export class TerminalError extends JobError {
  readonly outcome = 'terminal';
  declare readonly reason: ReasonOf<'terminal'>;

  // eslint-disable-next-line @typescript-eslint/no-useless-constructor -- narrows the reasons a caller may give
  constructor(reason: ReasonOf<'terminal'>, message: string, options?: { cause?: unknown }) {
    super(reason, message, options);
  }
}

/** Trying again may help, after retryAfterMs at the earliest when it is given. */
export class TransientError extends JobError {
  readonly outcome = 'transient';
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: ReasonOf<'transient'>,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number },
  ) {
    super(reason, message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The job belongs to somebody else by now: stop without a trace, neither ack nor nack. */
export class LeaseLostError extends JobError {
  readonly outcome = 'lease_lost';

  constructor(message: string) {
    super('lease_lost', message);
  }
}

/** Makes anything thrown a JobError; what no adapter classified is transient with reason `unknown`. */
export function asJobError(thrown: unknown): JobError {
  if (thrown instanceof JobError) return thrown;
  return new TransientError('unknown', messageOf(thrown), { cause: thrown });
}

/** What whatever was thrown says of itself. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
