// Looks at what the kernel says of a process.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';

const PATIENCE_MS = 60_000;

/** Resolves once a SIGSTOP has taken effect, or the process is gone. */
export async function untilStopped(daemon: Daemon): Promise<void> {
  let gone = false;
  void daemon.ended.then(() => (gone = true));
  await eventually(() => gone || stateOf(daemon.pid).startsWith('T'), {
    describe: `process ${daemon.pid} to stop`,
    timeoutMs: PATIENCE_MS,
  });
}

/** The letter for its state: T is stopped; empty when there is no such process. */
function stateOf(pid: number): string {
  try {
    if (!existsSync('/proc/self/stat'))
      return execFileSync('ps', ['-o', 'state=', '-p', `${pid}`]).toString();
    // The name of the program, in parentheses, may hold anything. Source: proc(5).
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
  } catch {
    return '';
  }
}
