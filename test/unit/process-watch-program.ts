// A program under watch: it says "turn" at each look, and SIGUSR2 blocks its event loop for ever. With "stop" its watch is stopped at once.
import { watchEventLoop } from '../../src/app/process-watch.ts';

const [, , lookMs, how] = process.argv;
const watch = watchEventLoop(Number(lookMs), () => process.stdout.write('turn\n'));
if (how === 'stop') watch.stop();
else {
  // Keeps the process alive, as a worker's connections do.
  setInterval(() => undefined, 1_000_000);
  process.on('SIGUSR2', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
}
