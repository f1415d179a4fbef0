/** Bounds how long the database is waited for: a server that hangs, or a pool without a free connection. */

/** The error of an answer that did not come; whether the server did what it was asked is unknown. */
export class NoAnswerError extends Error {
  readonly code = 'NO_ANSWER';

  constructor(waitedMs = 0) {
    super(`no answer within ${waitedMs / 1000} s`);
    this.name = 'NoAnswerError';
  }
}

/** The result of work, or NoAnswerError once timeoutMs have passed; work itself cannot be stopped. */
export async function answerInTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
