/** The progress of one job on a terminal: what it is doing, and while rows are copied a bar with rows, speed and time left. */
import { count, duration } from '../http/human-text.ts';
import type { Step } from '../job/job.ts';
import type { JobProgress } from './app-port.ts';
import { barText, named } from './bar-text.ts';
import type { Session } from './session.ts';

export type JobBar = {
  /** Says which step the job is in. */
  enter(step: Step): void;
  /** Says why the job is in no step yet. */
  wait(why: string): void;
  /** Draws how far the copy is. */
  update(progress: JobProgress): void;
  /** Takes the bar away; safe to repeat. */
  stop(): void;
};

const COPYING = 'copying';
const ACTIVITIES: Readonly<Record<Step, string>> = {
  plan: 'planning',
  ensure_destination: 'preparing the destination',
  extract: COPYING,
  transform: COPYING,
  load: COPYING,
  verify: 'comparing both sides',
  commit: 'committing',
  finish: 'finishing',
};

/** A bar on a terminal; elsewhere, or where it is not wanted, nothing. */
export function startJobBar(name: string, session: Session, wanted: boolean): JobBar {
  const nowMs = (): number => session.io.now().getTime();
  const startMs = nowMs();
  let activity = 'starting';
  let progress: JobProgress | undefined;
  // Speed counts from the first checkpoint seen: a resumed job begins with rows that took no time today.
  let first: { readonly progress: JobProgress; readonly atMs: number } | undefined;
  const line = session.startLine(wanted, (columns) => {
    if (first && progress && progress.rowsDone > 0 && activity === COPYING) {
      const share = progress.rowsDone / Math.max(progress.rowsEstimated, progress.rowsDone);
      const rate = speed(first.progress, progress, nowMs() - first.atMs);
      return barText(name, share, figures(progress, share, rate), columns);
    }
    const rows = progress?.rowsDone ? ` (${count(progress.rowsDone)} rows)` : '';
    return named(name, `${activity}${rows}, ${duration(nowMs() - startMs)}`, columns);
  });
  return {
    enter: (step) => {
      activity = ACTIVITIES[step];
    },
    wait: (why) => {
      activity = why;
    },
    update: (now) => {
      if (activity === 'starting') activity = COPYING;
      first ??= { progress: now, atMs: nowMs() };
      progress = now;
    },
    stop: () => line.stop(),
  };
}

type Speed = { readonly rowsPerMs: number; readonly bytesPerMs: number };

function speed(first: JobProgress, now: JobProgress, elapsedMs: number): Speed {
  if (elapsedMs <= 0) return { rowsPerMs: 0, bytesPerMs: 0 };
  return {
    rowsPerMs: (now.rowsDone - first.rowsDone) / elapsedMs,
    bytesPerMs: (now.bytesDone - first.bytesDone) / elapsedMs,
  };
}

function figures(
  { rowsDone, rowsEstimated }: JobProgress,
  share: number,
  { rowsPerMs, bytesPerMs }: Speed,
): string {
  const left = rowsPerMs > 0 ? duration(Math.max(0, rowsEstimated - rowsDone) / rowsPerMs) : '…';
  const rows = `${count(rowsDone)}/${count(rowsEstimated)} rows`;
  return `${Math.floor(share * 100)}%  ${rows}  ${(bytesPerMs / 1_000).toFixed(1)} MB/s  ETA ${left}`;
}
