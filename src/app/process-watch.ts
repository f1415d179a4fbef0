/** Ends the process when it is stuck, so that another one goes on: it would keep messages and leases of nobody's use. */
import { Worker } from 'node:worker_threads';
import type { Logger } from '../observability/logger.ts';
import {
  lookEveryMs,
  LOOKS_OF_STANDSTILL,
  Standstill,
  type Signs,
  type Verdict,
} from '../worker/standstill.ts';

export type ProcessWatch = {
  /** As of the last look. */
  verdict(): Verdict;
  stop(): void;
};

/**
 * A blocked event loop can do nothing for itself, so a thread counts its turns. Plain JavaScript, as a thread is not
 * compiled with the rest; SIGKILL is all it has, since process.exit() in a thread ends the thread.
 */
const LOOP_WATCH = `
const { workerData: { signs, lookMs, looks, text } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
let seen = -1;
let unmoved = 0;
for (;;) {
  Atomics.wait(signs, 1, 0, lookMs);
  if (Atomics.load(signs, 1) === 1) break;
  const turns = Atomics.load(signs, 0);
  unmoved = turns === seen ? unmoved + 1 : 0;
  seen = turns;
  if (unmoved < looks) continue;
  try {
    writeSync(2, text);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}
`;

/** Looks every half lease until it is stopped, and ends the process with a reason after five leases without a movement. */
export function watchProcess(leaseMs: number, signsNow: () => Signs, logger: Logger): ProcessWatch {
  const lookMs = lookEveryMs(leaseMs);
  const standstill = new Standstill();
  let verdict: Verdict = 'fine';
  const loop = watchEventLoop(lookMs, () => {
    // Said once is enough: a drain is under way.
    if (verdict !== 'fine') return;
    verdict = standstill.look(signsNow());
    if (verdict === 'fine') return;
    logger.error(`${verdict.end}; this process ends itself`);
    if (verdict.how === 'drain') process.kill(process.pid, 'SIGTERM');
    else process.exit(1);
  });
  return { verdict: () => verdict, stop: loop.stop };
}

/** Calls onTurn every lookMs; a thread kills the process, with a word on stderr, once that has failed to happen ten times in a row. */
export function watchEventLoop(lookMs: number, onTurn: () => void): { readonly stop: () => void } {
  const signs = new Int32Array(new SharedArrayBuffer(8));
  const seconds = (lookMs * LOOKS_OF_STANDSTILL) / 1000;
  const thread = new Worker(LOOP_WATCH, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: {
      signs,
      lookMs,
      looks: LOOKS_OF_STANDSTILL,
      text: `error: the event loop has been blocked for ${seconds} s; this process ends itself\n`,
    },
  });
  thread.unref();
  const timer = setInterval(() => {
    Atomics.add(signs, 0, 1);
    onTurn();
  }, lookMs).unref();
  return {
    stop() {
      clearInterval(timer);
      Atomics.store(signs, 1, 1);
      Atomics.notify(signs, 1);
    },
  };
}
