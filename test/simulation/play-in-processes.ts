// Plays a task in several processes: outside the test runner, whose hooks make every promise slower, and on every core.
import { fork } from 'node:child_process';
import { Tally } from './tally.ts';
import type { Failure, Report, SingleRun, Task } from './tasks.ts';

/** What all processes together have played. */
export type Played = {
  readonly counts: Record<string, number>;
  readonly tally: Tally;
  readonly failures: Failure[];
  readonly notes: string[];
  readonly runs: SingleRun[];
};

export type PlayOptions = {
  readonly processes: number;
  /** Ends the processes. */
  readonly signal?: AbortSignal;
  readonly onReport?: (report: Report, soFar: Played) => void;
};

/** Plays the whole task; rejects when a process ends before it has played its part. What was played before is added to. */
export async function playInProcesses(
  task: Task,
  { processes, signal, onReport = () => undefined }: PlayOptions,
  played: Played = { counts: {}, tally: new Tally(), failures: [], notes: [], runs: [] },
): Promise<Played> {
  const take = (report: Report): void => {
    for (const [name, count] of Object.entries(report.counts))
      played.counts[name] = (played.counts[name] ?? 0) + count;
    played.tally.add(report.tally);
    played.failures.push(...report.failures);
    played.notes.push(...report.notes);
    played.runs.push(...(report.runs ?? []));
    onReport(report, played);
  };
  const parts = Array.from({ length: processes }, (_, part) =>
    playPart(JSON.stringify({ task, part: { part, of: processes } }), take, signal),
  );
  await Promise.all(parts);
  return played;
}

function playPart(given: string, onReport: (report: Report) => void, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('player-process.ts', import.meta.url), [given], {
      execArgv: ['--import', 'tsx'],
      ...(signal && { signal, killSignal: 'SIGKILL' }),
    });
    child.on('message', (report) => onReport(report as Report));
    child.once('error', reject);
    child.once('exit', (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new Error(`the process playing ${given} ended with ${killedBy ?? code} before its end`));
    });
  });
}
