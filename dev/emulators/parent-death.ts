// Makes sure that nothing we start outlives us, even when we are killed with SIGKILL.
//
// How: a tiny shell in a session of its own reads from a pipe whose other end only this process holds. The kernel closes
// that end whenever and however this process ends; the shell then reads end-of-file and cleans up. No polling, no signal
// handlers, no process id of ours that could have been given to someone else.
import { spawn } from 'node:child_process';

/** Kills the process group `groupId` with SIGKILL as soon as this process has ended; the returned function calls it off. */
export function killGroupWhenWeDie(groupId: number): () => void {
  return afterOurDeath('kill -s KILL -- "-$1"', String(groupId));
}

/** Removes `directory` once this process and the servers it started have ended; the returned function calls it off. */
export function removeDirectoryWhenWeDie(directory: string): () => void {
  // The pause lets the servers that write there be killed first.
  return afterOurDeath('sleep 1; rm -rf -- "$1"', directory);
}

function afterOurDeath(cleanUp: string, subject: string): () => void {
  const watcher = spawn('/bin/sh', ['-c', `read -r _; ${cleanUp}`, 'parent-death', subject], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C in the terminal must not reach the watcher before we are gone.
    cwd: '/',
  });
  // A watcher must not keep us alive: it waits for us, not we for it.
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
  watcher.stdin.on('error', () => undefined);
  return () => watcher.kill('SIGKILL');
}
