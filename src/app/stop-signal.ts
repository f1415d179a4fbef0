/** SIGTERM and SIGINT: the first asks for a drain, the second ends the process at once. */
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

/** Listens from now on. */
export function stopSignal(logger: Logger): StopSignal {
  const controller = new AbortController();
  const listen = (name: (typeof SIGNALS)[number]): void => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    logger.info(`${name} received, draining; a second signal ends the process at once`);
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
