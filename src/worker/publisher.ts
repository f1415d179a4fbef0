/** The port through which the worker publishes: jobs that lost their message, and messages that can never run. */
import type { JobRequest } from '../job/job.ts';

/** Publishing rejects when the broker did not take the message. */
export type Publisher = {
  /** Publishes a job; resolves with the message id. */
  publishJob(request: JobRequest): Promise<string>;
  /** Publishes a message that can never run to the dead-letter topic, with why; of one too large for that, the beginning. */
  publishDeadLetter(data: Uint8Array, attributes: Readonly<Record<string, string>>): Promise<string>;
};
