/** SIGTERM and SIGINT: the first asks for a drain, the second ends the process at once, as does a drain that does not end. */
import { constants } from 'node:os';
import type { Logger } from '../observability/logger.ts';

export type StopSignal = {
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly requested: Promise<void>;
  /** Stops listening. */
  dispose(): void;
};

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** For what is closed after the drain: connections, the HTTP side. */
const CLOSING_MS = 10_000;

/** Listens from now on. Once a signal has come, the process ends within the drain timeout and ten seconds, whatever hangs. */
export function stopSignal(logger: Logger, drainTimeoutMs: number): StopSignal {
  const controller = new AbortController();
  const listen = (name: (typeof SIGNALS)[number]): void => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    logger.info(`${name} received, draining; a second signal ends the process at once`);
    const limitMs = drainTimeoutMs + CLOSING_MS;
    // Outlives dispose(): what hangs may be anything that is still to be closed.
    setTimeout(() => {
      logger.error(`the process has not ended ${limitMs / 1000} s after ${name}; it ends itself`);
      process.exit(1);
    }, limitMs).unref();
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, listen);
  return {
    signal: controller.signal,
    requested: new Promise((resolve) =>
      controller.signal.addEventListener('abort', () => resolve(), { once: true }),
    ),
    dispose: () => SIGNALS.forEach((name) => process.off(name, listen)),
  };
}
