// A program under watch: it says "turn" at each look, and SIGUSR2 blocks its event loop for ever. With "stop" its watch is stopped at
// once; with "stuck" a run of its worker is, and it says "drain" at each SIGTERM.
import { watchEventLoop, watchProcess } from '../../src/app/process-watch.ts';
import type { Logger } from '../../src/observability/logger.ts';

const [, , lookMs, how] = process.argv;
const says = (what: string) => () => void process.stdout.write(`${what}\n`);
if (how === 'stop') watchEventLoop(Number(lookMs), says('turn')).stop();
else if (how === 'stuck') {
  process.on('SIGTERM', says('drain'));
  const logger = { error: (text: string) => says(text)() } as unknown as Logger;
  let beats = 0;
  watchProcess(
    2 * Number(lookMs),
    () => ({ phase: 'running', beats: ++beats, stuckJob: 'acme/job' }),
    logger,
  );
  // Long enough for many more looks.
  setTimeout(() => process.exit(0), 8 * Number(lookMs));
} else {
  watchEventLoop(Number(lookMs), says('turn'));
  // Keeps the process alive, as a worker's connections do.
  setInterval(() => undefined, 1_000_000);
  process.on('SIGUSR2', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
}
